"""What is built for release: the extension's zip, the engine's wheel, the settings schema."""
