"""Convolutions in PyTorch's operations: Winograd, padding, pooling, and how layers map to pixels."""
