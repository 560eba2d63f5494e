"""Where a layer's cells lie in the image: strides, sizes, and how far a pixel reaches."""

from __future__ import annotations

from collections.abc import Iterable


def layer_stride(layer: str) -> int:
    """Distance, in px of the picture, between neighbors of a layer named as `relu4_2` or `pool4`."""
    return 2 ** (int(layer.lstrip("abcdefghijklmnopqrstuvwxyz")[0]) - (0 if layer.startswith("pool") else 1))


def layer_size(height: int, width: int, stride: int) -> tuple[int, int]:
    """(height, width) of a layer's maps for a picture of this size; poolings keep a last odd row."""
    return -(-height // stride), -(-width // stride)


def reach(convolutions: Iterable[str], deepest: Iterable[str]) -> int:
    """Pixels that a feature looks beyond the cell that it stands for, at the deepest of some layers.

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
