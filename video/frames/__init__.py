"""Numbered frames and their passes: sequences, masks, Cryptomatte, what is framed."""
