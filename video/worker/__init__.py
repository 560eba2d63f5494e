"""The engine process: reads commands, runs jobs, writes events."""
