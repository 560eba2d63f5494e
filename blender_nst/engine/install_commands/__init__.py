"""The installation's commands: their processes, how far their downloads are, and why one failed."""
