"""Temporal coherence: frame history, warm start, disocclusion filling, style gain."""
