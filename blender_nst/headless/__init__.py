"""Renders and stylizes inside Blender for the command line."""
