"""The Blender that the command line uses: found, or installed privately."""
