"""Frames larger than memory: tiles, active regions, and the plan of what fits."""
