"""The engine's process: starting, supervising, checking and installing it."""
