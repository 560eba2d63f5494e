"""Winograd's filtering with its sums in machine code: each is one pass over the memory, on all threads."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from compositor.convolution.geometry import layer_size
from compositor.convolution.pooling import double_halves, halves_doubled
from compositor.convolution.winograd_matrices import SMALL, bands, filtering_of
from compositor.convolution_jit.kernel_arguments import APART, Gather, Lift, Settle, Spread, group
from compositor.convolution_jit.kernels import KernelGroup, add_seams, flags_of, in_lines, part_length, run


def convolved(
    maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool, pooled: bool = False
) -> tuple[Tensor, Tensor]:
    """The rectified convolution of maps.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        kernel: `Transformed.forwards`.
        bias: (D).
        replicate: what lies beyond the maps' border: its copy, or zeros.
        pooled: take the average of each 2×2 pixels, or of what is there of them.

    Returns:
        (1, D, H, W) in channels-last memory, or half of height and width, rounded up; and where the rectifier
        let through, as `run.flags_of` has it.
    """
    (height, width), results = maps.shape[2:], kernel.shape[2]
    rows, columns = layer_size(height, width, 2 if pooled else 1)
    result, flags = maps.new_empty(1, rows, columns, results), flags_of(height, width, results)
    for band, across, products in _products(maps, kernel, replicate=replicate):
        gather = Gather(
            places=products.data_ptr(), place=products.stride(0), first=band.start, columns=across,
            channels=results, bias=bias.data_ptr(), picture=result.data_ptr(),
            height=height, width=width, line=columns * results, flags=flags.data_ptr(),
        )  # fmt: skip
        _run("gather_pooled" if pooled else "gather", kernel, len(band), gather)
    result = result.permute(0, 3, 1, 2)
    if pooled:
        double_halves(result, height, width)
    return result, flags


def gradient_below(gradient: Tensor, kernel: Tensor, flags: Tensor, *, pooled: bool = False) -> Tensor:
    """The gradient of a convolution's input with its border, (1, C, H + 2, W + 2), from that of its result.

    It is a part of larger memory, with the channels next to each other. See `tile_operations.gradient_below`.

    Args:
        gradient: of the result, (1, D, H, W) or half of height and width.
        kernel: `Transformed.backwards`.
        flags: as they came with the result.
    """
    height, width = flags.shape[:2]
    gradient = in_lines(gradient)
    if pooled:
        gradient = halves_doubled(gradient, height, width)
    (outputs, channels), how = kernel.shape[1:], filtering_of(kernel)
    (rows, columns), step = how.grid(height, width), how.step
    line = (step * columns + 2) * channels
    result = kernel.new_empty(step * rows + 2, step * columns + 2, channels)
    for band in bands(rows, columns, kernel):
        places = _places(kernel, len(band) * columns, outputs)
        lift = Lift(
            picture=gradient.data_ptr(), line=gradient.stride(2), flags=flags.data_ptr(),
            height=height, width=width, first=band.start, columns=columns, channels=outputs,
            places=places.data_ptr(), place=places.stride(0),
        )  # fmt: skip
        _run("lift_pooled" if pooled else "lift", kernel, len(band), lift)
        products = torch.bmm(places, kernel)
        length = part_length(len(band))
        seams = kernel.new_empty(-(-len(band) // length), how.tile - step, line)
        settle = Settle(
            places=products.data_ptr(), place=products.stride(0), rows=len(band), length=length,
            first=band.start, columns=columns, channels=channels, picture=result.data_ptr(), line=line,
            seams=seams.data_ptr(),
        )  # fmt: skip
        _run("settle", kernel, len(seams), settle)
        add_seams(result[step * band.start :], seams, step * length)
    return result[None, : height + 2, : width + 2].permute(0, 3, 1, 2)


def _products(maps: Tensor, kernel: Tensor, *, replicate: bool) -> Iterator[tuple[range, int, Tensor]]:
    """Bands, the tiles across them, and their Bᵀ d B times the kernel, (places, tiles, D)."""
    maps = in_lines(maps)
    channels, height, width = maps.shape[1:]
    rows, columns = filtering_of(kernel).grid(height, width)
    for band in bands(rows, columns, kernel):
        places = _places(kernel, len(band) * columns, channels)
        spread = Spread(
            picture=maps.data_ptr(), height=height, width=width, line=maps.stride(2),
            replicate=int(replicate), first=band.start, columns=columns, channels=channels,
            places=places.data_ptr(), place=places.stride(0),
        )  # fmt: skip
        _run("spread", kernel, len(band), spread)
        yield band, columns, torch.bmm(places, kernel)


def _run(
    name: str,
    kernel: Tensor,
    rows: int,
    arguments: Gather | Lift | Settle | Spread,
) -> None:
    """Runs the function for a kernel's tiles on rows of them."""
    size = group(rows, arguments.channels, torch.get_num_threads())
    run(
        KernelGroup.SMALL_TILES if filtering_of(kernel) is SMALL else KernelGroup.LARGE_TILES,
        name,
        rows * (arguments.channels // size),
        arguments._replace(group=size),
    )


def _places(kernel: Tensor, tiles: int, channels: int) -> Tensor:
    size = tiles * channels
    return kernel.new_empty(kernel.shape[0], size + APART)[:, :size].unflatten(1, (tiles, channels))
