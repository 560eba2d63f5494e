"""The engine in the preferences: its state, its installation and its buttons."""
