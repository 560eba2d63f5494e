"""What the functions of machine code are told, in the order in which they read it.

Addresses are in bytes; strides (`line` from row to row, `place` from place to place of a tile) in values,
which are float32. Pictures are (H, W, C) with the channels next to each other, places are ((m + 2)², tiles,
C). `first` is the number of a band's first row of tiles within the picture, `group` see below. Flags are one
bit for each value of a picture of `height` × `width`.
"""

from __future__ import annotations

from typing import NamedTuple

GROUP = 64
"""Channels that one piece of work has at least; their number must be a multiple."""

IMAGE_CHANNELS = 64
"""Channels that the network's first convolution makes of a picture's three."""

BLOCK_ROWS = 6
"""Tiles that a block's products are made for at a time; its size must be a multiple."""

APART = 80
"""Values between two places beside their own, so that they don't all fall on the same lines of a cache."""


def group(rows: int, channels: int, threads: int) -> int:
    """Channels that a piece of work has in rows of tiles: all of them, where that leaves enough pieces.

    Of a few channels at a time less of each page of memory is used, which can take twice as long.
    """
    size = channels
    while rows * (channels // size) < 2 * threads and size % (2 * GROUP) == 0:
        size //= 2
    return size


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
    group: int = 0


class Gather(NamedTuple):
    """max(0, Aᵀ M A + bias) of products M, written to a picture as far as it reaches; `flags`: where not 0.

    Or, pooled, quarters of the sums of 2×2 pixels or of what is there of them.
    """

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
    flags: int
    group: int = 0


class Lift(NamedTuple):
    """A g Aᵀ of a gradient's tiles; it is zero beyond the picture and where `flags` say so.

    Or, pooled, of a gradient that holds for 2×2 pixels each.
    """

    picture: int
    line: int
    flags: int
    height: int
    width: int
    first: int
    columns: int
    channels: int
    places: int
    place: int
    group: int = 0


class Settle(NamedTuple):
    """B v Bᵀ of products v, added up in a picture of m · rows + 2 by m · columns + 2 pixels.

    The tiles of two rows share two rows of pixels. A piece of work is a part of `length` rows of tiles, the
    last one what is left of `rows`. What a part's first row would add to the part before it goes to `seams`,
    (parts, 2, line), and is to be added afterwards.
    """

    places: int
    place: int
    rows: int
    length: int
    first: int
    columns: int
    channels: int
    picture: int
    line: int
    seams: int
    group: int = 0


class Convolve(NamedTuple):
    """A whole convolution: what `Spread`, a product at each place and `Gather` do, by blocks of tiles.

    A piece of work is a block of `block` of the picture's `tiles`, row by row. `kernel` is (results / GROUP,
    places, channels, GROUP). Each thread has its own part of `scratch`, of `room` values: at each place
    `block` · (channels + GROUP) + 2 · APART.
    """

    picture: int
    height: int
    width: int
    line: int
    replicate: int
    channels: int
    columns: int
    tiles: int
    block: int
    kernel: int
    results: int
    bias: int
    result: int
    result_line: int
    flags: int
    scratch: int
    room: int


class ConvolveBack(NamedTuple):
    """What `Lift`, a product at each place and `Settle` do; a piece of work is a part of `length` rows."""

    picture: int
    line: int
    flags: int
    height: int
    width: int
    channels: int
    columns: int
    rows: int
    length: int
    block: int
    kernel: int
    results: int
    result: int
    result_line: int
    seams: int
    scratch: int
    room: int


class Image(NamedTuple):
    """max(0, w ∗ x + b) of a picture of 3 channels, its border copied, to one of 64; `flags`: where not 0.

    `weight` is (27, 64) by row, column and channel. A piece of work is a row.
    """

    picture: int
    height: int
    width: int
    line: int
    weight: int
    bias: int
    result: int
    flags: int


class ImageGradient(NamedTuple):
    """The gradient of a picture of 3 channels with its border, (height + 2, width + 2, 3), from that of 64.

    That is zero where `flags` say so. A piece of work is a row of the result.
    """

    gradient: int
    line: int
    flags: int
    height: int
    width: int
    weight: int
    result: int
