"""Composites a painting's style onto one frame (not Blender's compositor: the neural style engine)."""
