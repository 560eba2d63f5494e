"""Convolution by PyTorch's operations: Winograd, padding, pooling, and the geometry of layers."""
