"""Winograd convolution by PyTorch's operations, and its gradient (Lavin and Gray 2016)."""

from __future__ import annotations

import torch
from torch import Tensor

from compositor.convolution.padding import bordered
from compositor.convolution.winograd_matrices import F2X2, F4X4, WinogradVariant, bands, variant_of


def convolved(maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool) -> Tensor:
    """The rectified convolution of maps, at their size.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        kernel: `Transformed.forwards`, of the maps' type.
        bias: (D).
        replicate: replicate the border, or pad with zeros.

    Returns:
        (1, D, H, W) in channels-last memory.
    """
    variant, channels = variant_of(kernel), kernel.shape[2]
    step = variant.step
    height, width = maps.shape[-2:]
    rows, columns = variant.grid(height, width)
    # The last tiles may reach beyond the maps; their results there are cut off.
    source = bordered(maps, 1, step * rows + 2, step * columns + 2, replicate=replicate)
    output_transform = variant.output_transform_2d.to(maps.dtype)
    to_coords = _input_transform_by_sums if variant is F2X2 else _input_transform_by_product
    result = maps.new_empty(rows, step, columns, step, channels)
    for band in bands(rows, columns, kernel):
        coords = to_coords(source[step * band.start :], len(band), columns)
        products = torch.bmm(coords, kernel)
        # The value at transform coordinate (1, 1) is added once to each of a tile's results.
        products[variant.tile + 1] += bias
        tiles = (output_transform @ products.view(variant.tile**2, -1)).view(
            step, step, len(band), columns, -1
        )
        result[band.start : band.stop] = tiles.permute(2, 0, 3, 1, 4)
    whole = result.view(1, step * rows, step * columns, channels)[:, :height, :width]
    return whole.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last).relu_()


def gradient_below(gradient: Tensor, kernel: Tensor, positive: Tensor) -> Tensor:
    """The gradient of a convolution's input with its border, from that of its rectified result.

    The adjoints of the convolution's steps in reverse order: B [Uᵀ ⊙ (A g Aᵀ)] Bᵀ, summed where tiles
    overlap. A convolution of the gradient would need tiles for the border too.

    Args:
        gradient: (1, D, H, W) in channels-last memory.
        kernel: `Transformed.backwards`.
        positive: (1, D, H, W), the rectified result; where it is not above zero, the gradient is zero.

    Returns:
        (1, C, H + 2, W + 2) with contiguous channels; a view of a larger tensor if the tiles exceed the maps.
    """
    variant, channels = variant_of(kernel), kernel.shape[2]
    step, tile = variant.step, variant.tile
    height, width = gradient.shape[-2:]
    tiles = _tiles(gradient, positive, variant)
    rows, columns = tiles.shape[2:4]
    adjoint_output, to_coords = (
        matrix.T.to(gradient.dtype) for matrix in (variant.output_transform_2d, variant.input_transform_2d)
    )
    result = gradient.new_empty(step * rows + 2, step * columns + 2, channels)
    result[step * rows :] = result[:, step * columns :] = 0.0
    # From the last to the first: a band's tiles overlap the first rows of the next band.
    for band in reversed(list(bands(rows, columns, kernel))):
        part = tiles[:, :, band.start : band.stop].reshape(step**2, -1)
        products = torch.bmm((adjoint_output @ part).view(tile**2, -1, kernel.shape[1]), kernel)
        values = (to_coords @ products.view(tile**2, -1)).view(tile, tile, len(band), columns, channels)
        _add_overlapping(values, result[step * band.start :], step)
    return result[None, : height + 2, : width + 2].permute(0, 3, 1, 2)


def _input_transform_by_product(source: Tensor, rows: int, columns: int) -> Tensor:
    """Bᵀ d B of the larger tiles, (36, rows · columns, C), of a picture (h, w, C) from its first row on."""
    step, tile = F4X4.step, F4X4.tile
    tiles = source[: step * rows + 2].unfold(0, tile, step).unfold(1, tile, step)
    values = tiles.permute(3, 4, 0, 1, 2).reshape(tile**2, -1)
    return (F4X4.input_transform_2d.to(values.dtype) @ values).view(tile**2, rows * columns, -1)


def _input_transform_by_sums(source: Tensor, rows: int, columns: int) -> Tensor:
    """The same for the smaller tiles, (16, rows · columns, C): in bfloat16 faster than by a product."""
    step, tile, channels = F2X2.step, F2X2.tile, source.shape[-1]
    along = source.new_empty(tile, rows, *source.shape[1:])
    _input_transform_1d(source[: step * rows + 2].unfold(0, tile, step).movedim(-1, 0), along)
    both = source.new_empty(tile, tile, rows, columns, channels)
    _input_transform_1d(along.unfold(2, tile, step).movedim(-1, 0), both.transpose(0, 1))
    return both.view(tile**2, rows * columns, channels)


def _input_transform_1d(values: Tensor, out: Tensor) -> None:
    """Bᵀ of four values, (4, …), written to `out`, (4, …)."""
    torch.sub(values[:2], values[2:], out=out[::3])
    torch.add(values[1], values[2], out=out[1])
    torch.sub(values[2], values[1], out=out[2])


def _tiles(gradient: Tensor, positive: Tensor, variant: WinogradVariant) -> Tensor:
    """A rectifier's gradient (1, D, H, W) as tiles (step, step, rows, columns, D), filled up with zeros."""
    _, channels, height, width = gradient.shape
    (rows, columns), step = variant.grid(height, width), variant.step
    values = bordered(gradient, 0, step * rows, step * columns, replicate=False, positive=positive)
    return values.view(rows, step, columns, step, channels).permute(1, 3, 0, 2, 4)


def _add_overlapping(values: Tensor, out: Tensor, step: int) -> None:
    """Writes tiles (step + 2, step + 2, rows, columns, C) to a picture, each `step` from the one before.

    Where tiles overlap they are added up, as are the last ones with what lies below and to the right.
    """
    rows, columns, channels = values.shape[2:]
    down, right = out.stride()[:2]

    def shifted(top: int, left: int, height: int, width: int) -> Tensor:
        size = (height, width, rows, columns, channels)
        strides = (down, right, step * down, step * right, 1)
        return out.as_strided(size, strides, out.storage_offset() + top * down + left * right)

    shifted(0, 0, step, step).copy_(values[:step, :step])
    shifted(step, 0, 2, step).add_(values[step:, :step])
    shifted(0, step, step, 2).add_(values[:step, step:])
    shifted(step, step, 2, 2).add_(values[step:, step:])
