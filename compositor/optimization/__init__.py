"""Optimization: Adam, L-BFGS, the loop over steps, CUDA graphs."""
