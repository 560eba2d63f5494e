"""Geometry of layers: stride, size of the maps, and reach of the receptive field."""

from __future__ import annotations

from collections.abc import Iterable


def layer_stride(layer: str) -> int:
    """Stride of a layer (`relu4_2`, `pool4`), in px of the image."""
    return 2 ** (int(layer.lstrip("abcdefghijklmnopqrstuvwxyz")[0]) - (0 if layer.startswith("pool") else 1))


def layer_size(height: int, width: int, stride: int) -> tuple[int, int]:
    """(height, width) of a layer's maps for an image of this size; poolings round up."""
    return -(-height // stride), -(-width // stride)


def reach(convolutions: Iterable[str], deepest: Iterable[str]) -> int:
    """Reach of the receptive field: pixels beyond a feature's own cell, at the deepest of some layers.

    Args:
        convolutions: the network's, by name and in order.
        deepest: names of layers.
    """
    last = max((_depth(name) for name in deepest), default=(0, 0))
    field = 1
    for name in convolutions:
        block, number = _depth(name)
        if (block, number) > last:
            break
        if number == 1 and block > 1:
            field += 2 ** (block - 2)
        field += 2 * 2 ** (block - 1)
    return -(-(field - 2 ** max(0, last[0] - 1)) // 2)


def _depth(layer: str) -> tuple[int, int]:
    """(block, number in it); a pooling comes after the last convolution of its block."""
    digits = layer.lstrip("abcdefghijklmnopqrstuvwxyz")
    block, _, number = digits.partition("_")
    return int(block), int(number) if number else 99
