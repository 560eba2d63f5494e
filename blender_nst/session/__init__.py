"""One render through the engine: its plan, commands, state and forecast."""
