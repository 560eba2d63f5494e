"""The published method to compare with, and the time that a step takes."""
