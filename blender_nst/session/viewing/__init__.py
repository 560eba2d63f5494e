"""What the window shows of the engine's work: the preview, a quick look, and how far either is."""
