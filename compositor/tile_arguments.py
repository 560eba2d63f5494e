"""What the functions of `tile_code` are told, in the order in which they read it.

Addresses are in bytes; strides (`line` from row to row, `place` from place to place of a tile) in values,
which are float32. Pictures are (H, W, C) with the channels next to each other, places are ((m + 2)², tiles,
C). `first` is the number of a band's first row of tiles within the picture.
"""

from __future__ import annotations

from typing import NamedTuple

GROUP = 64
"""Channels that one piece of work has; their number must be a multiple."""


def pieces(rows: int, channels: int) -> int:
    """Pieces of work in rows of tiles, which the threads take one after the other."""
    return rows * (channels // GROUP)


class Spread(NamedTuple):
    """Bᵀ d B of a picture's tiles with a border of one pixel: its copy where `replicate` is 1, else zeros."""

    picture: int
    height: int
    width: int
    line: int
    replicate: int
    first: int
    columns: int
    channels: int
    places: int
    place: int


class Gather(NamedTuple):
    """max(0, Aᵀ M A + bias) of products M, written to a picture as far as it reaches."""

    places: int
    place: int
    first: int
    columns: int
    channels: int
    bias: int
    picture: int
    height: int
    width: int
    line: int


class Lift(NamedTuple):
    """A g Aᵀ of a gradient's tiles; it is zero beyond the picture, and where `positive` is not above zero."""

    picture: int
    line: int
    positive: int
    positive_line: int
    height: int
    width: int
    first: int
    columns: int
    channels: int
    places: int
    place: int


class Settle(NamedTuple):
    """B v Bᵀ of products v, added up in a picture of m · rows + 2 by m · columns + 2 pixels.

    Rows of tiles overlap: those with an even number, counted from `first`, are settled by a first call
    (`odd` 0), the others by a second one. `last` is the number of the band's last row less `first`.
    """

    places: int
    place: int
    odd: int
    last: int
    first: int
    columns: int
    channels: int
    picture: int
    line: int
