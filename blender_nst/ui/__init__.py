"""What the artist sees: panels, operators, preferences, presets."""
