"""Color spaces: ICC profiles, names, Blender's view transform, YCbCr."""
