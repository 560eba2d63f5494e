"""How pixels move between two frames, and how reliable that is."""
