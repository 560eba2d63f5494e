"""What the artist looks at while the engine works: the quick look, progress and Escape, the divider."""
