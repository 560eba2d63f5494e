"""Winograd's filtering by PyTorch's own operations."""

from __future__ import annotations

import torch
from torch import Tensor

from compositor.convolution.padding import bordered
from compositor.convolution.winograd_matrices import LARGE, SMALL, Filtering, bands, filtering_of


def convolved(maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool) -> Tensor:
    """The rectified convolution of maps, at their size.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        kernel: `Transformed.forwards`, of the maps' type.
        bias: (D).
        replicate: what lies beyond the maps' border: its copy, or zeros.

    Returns:
        (1, D, H, W) in channels-last memory.
    """
    how, channels = filtering_of(kernel), kernel.shape[2]
    step = how.step
    height, width = maps.shape[-2:]
    rows, columns = how.grid(height, width)
    # Last tiles that are not filled see more of the border, and are cut off again.
    source = bordered(maps, 1, step * rows + 2, step * columns + 2, replicate=replicate)
    gathering = how.gathering_both.to(maps.dtype)
    spread = _by_sums if how is SMALL else _by_product
    result = maps.new_empty(rows, step, columns, step, channels)
    for band in bands(rows, columns, kernel):
        places = spread(source[step * band.start :], len(band), columns)
        products = torch.bmm(places, kernel)
        # What stands at (1, 1) counts once in each of a tile's results.
        products[how.tile + 1] += bias
        tiles = (gathering @ products.view(how.tile**2, -1)).view(step, step, len(band), columns, -1)
        result[band.start : band.stop] = tiles.permute(2, 0, 3, 1, 4)
    whole = result.view(1, step * rows, step * columns, channels)[:, :height, :width]
    return whole.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last).relu_()


def gradient_below(gradient: Tensor, kernel: Tensor, positive: Tensor) -> Tensor:
    """The gradient of a convolution's input with its border, from that of its rectified result.

    The convolution's own steps transposed and in reverse: B [Uᵀ ⊙ (A g Aᵀ)] Bᵀ, added up where tiles overlap.
    A convolution of the gradient would need tiles for the border too.

    Args:
        gradient: (1, D, H, W) in channels-last memory.
        kernel: `Transformed.backwards`.
        positive: (1, D, H, W), the rectified result; where it is not above zero, nothing comes back.

    Returns:
        (1, C, H + 2, W + 2), with the channels next to each other in memory; rows and columns are a part of
        larger ones where the tiles do not fill them.
    """
    how, channels = filtering_of(kernel), kernel.shape[2]
    step, tile = how.step, how.tile
    height, width = gradient.shape[-2:]
    tiles = _tiles(gradient, positive, how)
    rows, columns = tiles.shape[2:4]
    gathered, spread = (matrix.T.to(gradient.dtype) for matrix in (how.gathering_both, how.spreading_both))
    result = gradient.new_empty(step * rows + 2, step * columns + 2, channels)
    result[step * rows :] = result[:, step * columns :] = 0.0
    # From the last on: a band's tiles end in the first rows of the next band, which must be there.
    for band in reversed(list(bands(rows, columns, kernel))):
        part = tiles[:, :, band.start : band.stop].reshape(step**2, -1)
        products = torch.bmm((gathered @ part).view(tile**2, -1, kernel.shape[1]), kernel)
        values = (spread @ products.view(tile**2, -1)).view(tile, tile, len(band), columns, channels)
        _overlay(values, result[step * band.start :], step)
    return result[None, : height + 2, : width + 2].permute(0, 3, 1, 2)


def _by_product(source: Tensor, rows: int, columns: int) -> Tensor:
    """Bᵀ d B of the larger tiles, (36, rows · columns, C), of a picture (h, w, C) from its first row on."""
    step, tile = LARGE.step, LARGE.tile
    tiles = source[: step * rows + 2].unfold(0, tile, step).unfold(1, tile, step)
    values = tiles.permute(3, 4, 0, 1, 2).reshape(tile**2, -1)
    return (LARGE.spreading_both.to(values.dtype) @ values).view(tile**2, rows * columns, -1)


def _by_sums(source: Tensor, rows: int, columns: int) -> Tensor:
    """The same of the smaller tiles, (16, rows · columns, C): in bfloat16 faster than by a product."""
    step, tile, channels = SMALL.step, SMALL.tile, source.shape[-1]
    along = source.new_empty(tile, rows, *source.shape[1:])
    _spread(source[: step * rows + 2].unfold(0, tile, step).movedim(-1, 0), along)
    both = source.new_empty(tile, tile, rows, columns, channels)
    _spread(along.unfold(2, tile, step).movedim(-1, 0), both.transpose(0, 1))
    return both.view(tile**2, rows * columns, channels)


def _spread(values: Tensor, out: Tensor) -> None:
    """Bᵀ of four values, (4, …), written to `out`, (4, …)."""
    torch.sub(values[:2], values[2:], out=out[::3])
    torch.add(values[1], values[2], out=out[1])
    torch.sub(values[2], values[1], out=out[2])


def _tiles(gradient: Tensor, positive: Tensor, how: Filtering) -> Tensor:
    """A rectifier's gradient (1, D, H, W) as tiles (step, step, rows, columns, D), filled up with zeros."""
    _, channels, height, width = gradient.shape
    (rows, columns), step = how.grid(height, width), how.step
    values = bordered(gradient, 0, step * rows, step * columns, replicate=False, positive=positive)
    return values.view(rows, step, columns, step, channels).permute(1, 3, 0, 2, 4)


def _overlay(values: Tensor, out: Tensor, step: int) -> None:
    """Writes tiles (step + 2, step + 2, rows, columns, C) to a picture, each `step` from the one before.

    Where tiles overlap they are added up, as are the last ones with what lies below and to the right.
    """
    rows, columns, channels = values.shape[2:]
    down, right = out.stride()[:2]

    def places(top: int, left: int, height: int, width: int) -> Tensor:
        size = (height, width, rows, columns, channels)
        strides = (down, right, step * down, step * right, 1)
        return out.as_strided(size, strides, out.storage_offset() + top * down + left * right)

    places(0, 0, step, step).copy_(values[:step, :step])
    places(step, 0, 2, step).add_(values[step:, :step])
    places(0, step, step, 2).add_(values[:step, step:])
    places(step, step, 2, 2).add_(values[step:, step:])
