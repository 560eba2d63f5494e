"""Headers of picture files: what OpenImageIO does not tell of them."""
