"""Tiling: tiles and active regions of frames, and the memory plan."""
