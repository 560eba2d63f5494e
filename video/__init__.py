"""Drives the style engine over many frames: sequences, motion, warm starts, the worker process."""
