"""Whole files, locks, leftovers, limits of decoders, and their output silenced."""
