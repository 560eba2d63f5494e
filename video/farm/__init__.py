"""Farm: one sequence in chunks on many machines, each an ordinary run over its frames and a lead-in."""
