"""Checks before a render or a batch: what keeps it from being stylized, and what it would put aside."""
