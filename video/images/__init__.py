"""One picture to or from a file: PNG, JPEG, TIFF, OpenEXR, and what stands beside the pixels."""
