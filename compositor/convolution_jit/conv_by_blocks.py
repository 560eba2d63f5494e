"""Winograd's filtering as a whole in machine code, for kernels that fit into a processor's cache.

With the kernel at hand a thread is through with a few tiles before it takes the next. A larger kernel is read
from further away each time, which takes longer than it saves: `tiles` multiplies more tiles at once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from compositor.convolution.geometry import layer_size
from compositor.convolution.pooling import double_halves, halves_doubled
from compositor.convolution.winograd_matrices import LARGE
from compositor.convolution_jit.kernel_arguments import APART, BLOCK_ROWS, GROUP, Convolve, ConvolveBack
from compositor.convolution_jit.kernels import KernelGroup, add_seams, flags_of, in_lines, part_length, run

# Tiles of a block at most: some more, and the sums of 128 channels would not fit beside the kernel's part.
_BLOCK = 6 * BLOCK_ROWS


def packed(kernel: Tensor) -> Tensor:
    """A kernel of `winograd.Transformed`, (places, C, D), as the functions below take it: (D / 64, places, C,
    64), in the order in which it is read."""
    return kernel.unflatten(2, (-1, GROUP)).permute(2, 0, 1, 3).contiguous()


def convolved(
    maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool, pooled: bool = False
) -> tuple[Tensor, Tensor]:
    """As `tiles.convolved`, by a packed kernel."""
    maps = in_lines(maps)
    (channels, height, width), results = maps.shape[1:], len(bias)
    lines, line = layer_size(height, width, 2 if pooled else 1)
    result, flags = maps.new_empty(1, lines, line, results), flags_of(height, width, results)
    rows, columns = LARGE.grid(height, width)
    block = _block(rows * columns)
    scratch = _scratch(block, channels)
    convolve = Convolve(
        picture=maps.data_ptr(), height=height, width=width, line=maps.stride(2), replicate=int(replicate),
        channels=channels, columns=columns, tiles=rows * columns, block=block, kernel=kernel.data_ptr(),
        results=results, bias=bias.data_ptr(), result=result.data_ptr(), result_line=line * results,
        flags=flags.data_ptr(), scratch=scratch.data_ptr(), room=scratch.stride(0),
    )  # fmt: skip
    run(
        KernelGroup.BLOCKS, "convolve_pooled" if pooled else "convolve", -(-rows * columns // block), convolve
    )
    result = result.permute(0, 3, 1, 2)
    if pooled:
        double_halves(result, height, width)
    return result, flags


def gradient_below(gradient: Tensor, kernel: Tensor, flags: Tensor, *, pooled: bool = False) -> Tensor:
    """As `tiles.gradient_below`, by a packed kernel."""
    height, width = flags.shape[:2]
    gradient = in_lines(gradient)
    if pooled:
        gradient = halves_doubled(gradient, height, width)
    outputs, channels, step = gradient.shape[1], kernel.shape[0] * GROUP, LARGE.step
    rows, columns = LARGE.grid(height, width)
    result = kernel.new_empty(step * rows + 2, step * columns + 2, channels)
    length, block = part_length(rows), _BLOCK
    seams = kernel.new_empty(-(-rows // length), LARGE.tile - step, result[0].numel())
    scratch = _scratch(block, outputs)
    convolve = ConvolveBack(
        picture=gradient.data_ptr(), line=gradient.stride(2), flags=flags.data_ptr(), height=height,
        width=width, channels=outputs, columns=columns, rows=rows, length=length, block=block,
        kernel=kernel.data_ptr(), results=channels, result=result.data_ptr(), result_line=result.stride(0),
        seams=seams.data_ptr(), scratch=scratch.data_ptr(), room=scratch.stride(0),
    )  # fmt: skip
    run(KernelGroup.BLOCKS, "convolve_back_pooled" if pooled else "convolve_back", len(seams), convolve)
    add_seams(result, seams, step * length)
    return result[None, : height + 2, : width + 2].permute(0, 3, 1, 2)


def _block(tiles: int) -> int:
    """Tiles of a block, so that all threads get as many."""
    threads = torch.get_num_threads()
    rounds = -(-tiles // (threads * _BLOCK))
    return -(-tiles // (threads * rounds * BLOCK_ROWS)) * BLOCK_ROWS


def _scratch(block: int, channels: int) -> Tensor:
    """Each thread's room for a block of tiles' sums, of so many channels, and products, (threads, values)."""
    return torch.empty(torch.get_num_threads(), LARGE.tile**2 * (block * (channels + GROUP) + 2 * APART))
