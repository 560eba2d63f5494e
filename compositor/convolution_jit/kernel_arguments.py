"""Argument lists of the compiled functions, each a named tuple in the order in which the function reads it.

Addresses are in bytes. Strides are in float32 values: `row_stride` from one row of a picture to the next,
`coord_stride` from one transform coordinate (one of a tile's (m + 2)² values) to the next. Pictures are
(H, W, C) with contiguous channels; `transformed` is ((m + 2)², tiles, C). `first` is the number of a band's
first row of tiles within the picture; `group`, see the function below. `relu_mask_bits` holds one bit for
each value of a picture of `height` × `width`, 1 where the rectifier's result is above zero.
"""

from __future__ import annotations

from typing import NamedTuple

GROUP = 64
"""Channels of one work item at least; a layer's number of channels must be a multiple."""

BLOCK_ROWS = 6
"""Tiles whose products are computed at a time; the size of a block must be a multiple."""

CACHE_PADDING = 80
"""Unused values between two transform coordinates, so that they do not all map to the same cache lines."""


def group(rows: int, channels: int, threads: int) -> int:
    """Channels of one work item in rows of tiles: all of them, if that leaves enough work items.

    With few channels at a time less of each page of memory is used, which can take twice as long.
    """
    size = channels
    while rows * (channels // size) < 2 * threads and size % (2 * GROUP) == 0:
        size //= 2
    return size


class InputTransform(NamedTuple):
    """Bᵀ d B of a picture's tiles with a border of one pixel: replicated if `replicate` is 1, else zeros."""

    picture: int
    height: int
    width: int
    row_stride: int
    replicate: int
    first: int
    columns: int
    channels: int
    transformed: int
    coord_stride: int
    group: int = 0


class OutputTransform(NamedTuple):
    """max(0, Aᵀ M A + bias) of products M, written to a picture up to its border, with `relu_mask_bits`.

    Pooled: the means of 2×2 pixels, of which those beyond the border count as zero.
    """

    transformed: int
    coord_stride: int
    first: int
    columns: int
    channels: int
    bias: int
    picture: int
    height: int
    width: int
    row_stride: int
    relu_mask_bits: int
    group: int = 0


class OutputTransformAdjoint(NamedTuple):
    """A g Aᵀ of a gradient's tiles; g is zero beyond the picture and where `relu_mask_bits` are 0.

    Pooled: of a gradient with one value for 2×2 pixels.
    """

    picture: int
    row_stride: int
    relu_mask_bits: int
    height: int
    width: int
    first: int
    columns: int
    channels: int
    transformed: int
    coord_stride: int
    group: int = 0


class InputTransformAdjoint(NamedTuple):
    """B v Bᵀ of products v, summed in a picture of m · rows + 2 by m · columns + 2 pixels.

    Neighboring rows of tiles overlap by two rows of pixels. A work item is a part of `length` rows of tiles,
    the last one the remainder of `rows`. A part's sums that overlap the part before it are written to
    `halo_rows`, (parts, 2, row_stride), and are added afterwards.
    """

    transformed: int
    coord_stride: int
    rows: int
    length: int
    first: int
    columns: int
    channels: int
    picture: int
    row_stride: int
    halo_rows: int
    group: int = 0


class Convolve(NamedTuple):
    """A whole convolution by blocks of tiles: input transform, products, output transform.

    A work item is a block of `block` of the picture's `tiles`, counted row by row. `kernel` is (results /
    GROUP, (m + 2)², channels, GROUP). Each thread has its own part of `scratch`, of `scratch_stride` values:
    for each transform coordinate, `block` · (channels + GROUP) + 2 · CACHE_PADDING.
    """

    picture: int
    height: int
    width: int
    row_stride: int
    replicate: int
    channels: int
    columns: int
    tiles: int
    block: int
    kernel: int
    results: int
    bias: int
    result: int
    result_row_stride: int
    relu_mask_bits: int
    scratch: int
    scratch_stride: int


class ConvolveBack(NamedTuple):
    """Its adjoint: output transform's adjoint, products, input transform's adjoint.

    A work item is a part of `length` rows of tiles, computed block by block.
    """

    picture: int
    row_stride: int
    relu_mask_bits: int
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
    result_row_stride: int
    halo_rows: int
    scratch: int
    scratch_stride: int
