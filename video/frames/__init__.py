"""Numbered frames and their passes: sequences, movies, masks, Cryptomatte, writing."""
