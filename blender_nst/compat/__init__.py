"""What differs between Blender's versions and threads."""
