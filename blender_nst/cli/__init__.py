"""The command line: runs outside Blender, and is no part of the extension."""
