"""How the objective is minimized: Adam, L-BFGS, the loop over steps, CUDA graphs."""
