"""One picture to or from a file: the registry of formats, OpenEXR, PNG, and what stands beside the pixels."""
