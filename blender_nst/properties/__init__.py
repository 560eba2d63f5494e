"""The settings as Blender's properties: scene, styles, regions, and older files."""
