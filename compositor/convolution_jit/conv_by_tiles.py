"""Winograd convolution with compiled transforms, each one pass over memory, and products by PyTorch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from compositor.convolution.geometry import layer_size
from compositor.convolution.pooling import double_halves, halves_doubled
from compositor.convolution.winograd_matrices import F2X2, bands, variant_of
from compositor.convolution_jit.kernel_arguments import (
    CACHE_PADDING,
    InputTransform,
    InputTransformAdjoint,
    OutputTransform,
    OutputTransformAdjoint,
    group,
)
from compositor.convolution_jit.kernels import (
    KernelGroup,
    add_halo_rows,
    empty_relu_mask_bits,
    in_lines,
    part_length,
    run,
)


def convolved(
    maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool, pooled: bool = False
) -> tuple[Tensor, Tensor]:
    """The rectified convolution of maps, and the rectifier's mask.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        kernel: `Transformed.forwards`.
        bias: (D).
        replicate: replicate the border, or pad with zeros.
        pooled: average pooling over 2×2 pixels; a last odd row or column is averaged over its own pixels.

    Returns:
        (1, D, H, W) in channels-last memory, pooled half of height and width, rounded up; and the mask, one
        bit for each value before pooling (`kernels.empty_relu_mask_bits`).
    """
    (height, width), results = maps.shape[2:], kernel.shape[2]
    rows, columns = layer_size(height, width, 2 if pooled else 1)
    result, relu_mask_bits = (
        maps.new_empty(1, rows, columns, results),
        empty_relu_mask_bits(height, width, results),
    )
    for band, across, products in _products(maps, kernel, replicate=replicate):
        output_transform = OutputTransform(
            transformed=products.data_ptr(), coord_stride=products.stride(0), first=band.start,
            columns=across, channels=results, bias=bias.data_ptr(), picture=result.data_ptr(),
            height=height, width=width, row_stride=columns * results,
            relu_mask_bits=relu_mask_bits.data_ptr(),
        )  # fmt: skip
        _run("output_transform_pooled" if pooled else "output_transform", kernel, len(band), output_transform)
    result = result.permute(0, 3, 1, 2)
    if pooled:
        double_halves(result, height, width)
    return result, relu_mask_bits


def gradient_below(
    gradient: Tensor, kernel: Tensor, relu_mask_bits: Tensor, *, pooled: bool = False
) -> Tensor:
    """The gradient of a convolution's input with its border, (1, C, H + 2, W + 2), from that of its result.

    A view into larger memory, with contiguous channels. See `compositor.convolution.winograd.gradient_below`.

    Args:
        gradient: of the result, (1, D, H, W) or half of height and width.
        kernel: `Transformed.backwards`.
        relu_mask_bits: as `convolved` returned them.
    """
    height, width = relu_mask_bits.shape[:2]
    gradient = in_lines(gradient)
    if pooled:
        gradient = halves_doubled(gradient, height, width)
    (outputs, channels), variant = kernel.shape[1:], variant_of(kernel)
    (rows, columns), step = variant.grid(height, width), variant.step
    line = (step * columns + 2) * channels
    result = kernel.new_empty(step * rows + 2, step * columns + 2, channels)
    for band in bands(rows, columns, kernel):
        transformed = _empty_transformed(kernel, len(band) * columns, outputs)
        output_transform_adjoint = OutputTransformAdjoint(
            picture=gradient.data_ptr(), row_stride=gradient.stride(2),
            relu_mask_bits=relu_mask_bits.data_ptr(), height=height, width=width,
            first=band.start, columns=columns, channels=outputs,
            transformed=transformed.data_ptr(), coord_stride=transformed.stride(0),
        )  # fmt: skip
        _run(
            "output_transform_adjoint_pooled" if pooled else "output_transform_adjoint",
            kernel,
            len(band),
            output_transform_adjoint,
        )
        products = torch.bmm(transformed, kernel)
        length = part_length(len(band))
        halo_rows = kernel.new_empty(-(-len(band) // length), variant.tile - step, line)
        input_transform_adjoint = InputTransformAdjoint(
            transformed=products.data_ptr(), coord_stride=products.stride(0), rows=len(band), length=length,
            first=band.start, columns=columns, channels=channels, picture=result.data_ptr(), row_stride=line,
            halo_rows=halo_rows.data_ptr(),
        )  # fmt: skip
        _run("input_transform_adjoint", kernel, len(halo_rows), input_transform_adjoint)
        add_halo_rows(result[step * band.start :], halo_rows, step * length)
    return result[None, : height + 2, : width + 2].permute(0, 3, 1, 2)


def _products(maps: Tensor, kernel: Tensor, *, replicate: bool) -> Iterator[tuple[range, int, Tensor]]:
    """Bands, their number of tiles across, and Bᵀ d B times the kernel, ((m + 2)², tiles, D)."""
    maps = in_lines(maps)
    channels, height, width = maps.shape[1:]
    rows, columns = variant_of(kernel).grid(height, width)
    for band in bands(rows, columns, kernel):
        transformed = _empty_transformed(kernel, len(band) * columns, channels)
        input_transform = InputTransform(
            picture=maps.data_ptr(), height=height, width=width, row_stride=maps.stride(2),
            replicate=int(replicate), first=band.start, columns=columns, channels=channels,
            transformed=transformed.data_ptr(), coord_stride=transformed.stride(0),
        )  # fmt: skip
        _run("input_transform", kernel, len(band), input_transform)
        yield band, columns, torch.bmm(transformed, kernel)


def _run(
    name: str,
    kernel: Tensor,
    rows: int,
    arguments: OutputTransform | OutputTransformAdjoint | InputTransformAdjoint | InputTransform,
) -> None:
    """Runs a function on rows of tiles, for the size of the kernel's tiles."""
    size = group(rows, arguments.channels, torch.get_num_threads())
    run(
        KernelGroup.F2X2_TILES if variant_of(kernel) is F2X2 else KernelGroup.F4X4_TILES,
        name,
        rows * (arguments.channels // size),
        arguments._replace(group=size),
    )


def _empty_transformed(kernel: Tensor, tiles: int, channels: int) -> Tensor:
    """Uninitialized memory for values at each transform coordinate, ((m + 2)², tiles, channels)."""
    size = tiles * channels
    return kernel.new_empty(kernel.shape[0], size + CACHE_PADDING)[:, :size].unflatten(1, (tiles, channels))
