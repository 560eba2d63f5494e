"""Winograd convolution compiled as a whole, for kernels that fit into a core's cache.

A thread takes a block of tiles through transforms and products before it takes the next block, and the kernel
stays in its cache. With larger kernels that is slower than multiplying more tiles at once (`conv_by_tiles`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from compositor.convolution.geometry import layer_size
from compositor.convolution.pooling import double_halves, halves_doubled
from compositor.convolution.winograd_matrices import F4X4
from compositor.convolution_jit.kernel_arguments import (
    BLOCK_ROWS,
    CACHE_PADDING,
    GROUP,
    Convolve,
    ConvolveBack,
)
from compositor.convolution_jit.kernels import (
    KernelGroup,
    add_halo_rows,
    empty_relu_mask_bits,
    in_lines,
    part_length,
    run,
)

# Tiles of a block at most: with more, 128 channels of them would not fit into the cache beside the kernel.
_BLOCK = 6 * BLOCK_ROWS


def packed(kernel: Tensor) -> Tensor:
    """A transformed kernel ((m + 2)², C, D) in the order in which it is read: (D / 64, (m + 2)², C, 64)."""
    return kernel.unflatten(2, (-1, GROUP)).permute(2, 0, 1, 3).contiguous()


def convolved(
    maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool, pooled: bool = False
) -> tuple[Tensor, Tensor]:
    """As `conv_by_tiles.convolved`, by a packed kernel."""
    maps = in_lines(maps)
    (channels, height, width), results = maps.shape[1:], len(bias)
    lines, line = layer_size(height, width, 2 if pooled else 1)
    result, relu_mask_bits = (
        maps.new_empty(1, lines, line, results),
        empty_relu_mask_bits(height, width, results),
    )
    rows, columns = F4X4.grid(height, width)
    block = _block(rows * columns)
    scratch = _scratch(block, channels)
    convolve = Convolve(
        picture=maps.data_ptr(), height=height, width=width, row_stride=maps.stride(2),
        replicate=int(replicate), channels=channels, columns=columns, tiles=rows * columns,
        block=block, kernel=kernel.data_ptr(),
        results=results, bias=bias.data_ptr(), result=result.data_ptr(), result_row_stride=line * results,
        relu_mask_bits=relu_mask_bits.data_ptr(),
        scratch=scratch.data_ptr(), scratch_stride=scratch.stride(0),
    )  # fmt: skip
    run(
        KernelGroup.BLOCKS, "convolve_pooled" if pooled else "convolve", -(-rows * columns // block), convolve
    )
    result = result.permute(0, 3, 1, 2)
    if pooled:
        double_halves(result, height, width)
    return result, relu_mask_bits


def gradient_below(
    gradient: Tensor, kernel: Tensor, relu_mask_bits: Tensor, *, pooled: bool = False
) -> Tensor:
    """As `conv_by_tiles.gradient_below`, by a packed kernel."""
    height, width = relu_mask_bits.shape[:2]
    gradient = in_lines(gradient)
    if pooled:
        gradient = halves_doubled(gradient, height, width)
    outputs, channels, step = gradient.shape[1], kernel.shape[0] * GROUP, F4X4.step
    rows, columns = F4X4.grid(height, width)
    result = kernel.new_empty(step * rows + 2, step * columns + 2, channels)
    length, block = part_length(rows), _BLOCK
    halo_rows = kernel.new_empty(-(-rows // length), F4X4.tile - step, result[0].numel())
    scratch = _scratch(block, outputs)
    convolve = ConvolveBack(
        picture=gradient.data_ptr(), row_stride=gradient.stride(2),
        relu_mask_bits=relu_mask_bits.data_ptr(), height=height, width=width,
        channels=outputs, columns=columns, rows=rows, length=length, block=block,
        kernel=kernel.data_ptr(), results=channels, result=result.data_ptr(),
        result_row_stride=result.stride(0), halo_rows=halo_rows.data_ptr(),
        scratch=scratch.data_ptr(), scratch_stride=scratch.stride(0),
    )  # fmt: skip
    run(KernelGroup.BLOCKS, "convolve_back_pooled" if pooled else "convolve_back", len(halo_rows), convolve)
    add_halo_rows(result, halo_rows, step * length)
    return result[None, : height + 2, : width + 2].permute(0, 3, 1, 2)


def _block(tiles: int) -> int:
    """Tiles of a block, so that all threads get equally many."""
    threads = torch.get_num_threads()
    rounds = -(-tiles // (threads * _BLOCK))
    return -(-tiles // (threads * rounds * BLOCK_ROWS)) * BLOCK_ROWS


def _scratch(block: int, channels: int) -> Tensor:
    """Each thread's memory for a block's transformed tiles and products, (threads, values)."""
    return torch.empty(
        torch.get_num_threads(), F4X4.tile**2 * (block * (channels + GROUP) + 2 * CACHE_PADDING)
    )
