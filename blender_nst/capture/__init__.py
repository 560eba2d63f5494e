"""A rendered frame and its passes, saved as files for the engine."""
