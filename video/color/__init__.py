"""Color spaces, ICC profiles, Blender's view transform, YCbCr."""
