"""Styled frames in Blender's compositor: node group and second pass."""
