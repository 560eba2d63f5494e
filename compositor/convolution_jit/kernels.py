"""Compiled kernels: compiled when they are first used, and run on PyTorch's threads."""

from __future__ import annotations

import os
from enum import Enum
from functools import cache

import torch
from torch import Tensor

from compositor.convolution.winograd_matrices import F2X2, F4X4
from compositor.convolution_jit.compiler import JitModule, has_wide_registers

SWITCH = "BLENDER_NST_JIT"
"""Environment variable: 0 turns the compiled kernels off."""

# Work items for each thread, about.
_PARTS = 4


class KernelGroup(Enum):
    """Kernels that are compiled together, once in a process and when first used: in 0.2 to 0.6 seconds."""

    F2X2_TILES = "2×2 tiles"
    F4X4_TILES = "4×4 tiles"
    BLOCKS = "blocks"


def is_enabled() -> bool:
    """Whether the environment variable BLENDER_NST_JIT leaves the kernels turned on."""
    return os.environ.get(SWITCH, "").strip() != "0"


def available() -> bool:
    """Whether kernels are turned on, and can be compiled and run here."""
    return is_enabled() and _compiles()


@cache
def _compiles() -> bool:
    try:
        _functions(KernelGroup.BLOCKS)
    except (ImportError, OSError, RuntimeError):
        return False
    return True


def run(code: KernelGroup, name: str, work_items: int, arguments: tuple[int, ...]) -> None:
    """Runs a function on all threads; its arguments are a tuple of `kernel_arguments`."""
    _functions(code).run(name, work_items, arguments)


def in_lines(maps: Tensor) -> Tensor:
    """Maps (1, C, H, W) whose rows are contiguous in channels-last memory; a copy where they are not."""
    if maps.stride(1) == 1 and (maps.shape[3] == 1 or maps.stride(3) == maps.shape[1]):
        return maps
    return maps.contiguous(memory_format=torch.channels_last)


def empty_relu_mask_bits(height: int, width: int, channels: int) -> Tensor:
    """Uninitialized memory for a bit for each value of a picture, (H, W, C / 8) uint8."""
    return torch.empty(height, width, channels // 8, dtype=torch.uint8)


def part_length(rows: int) -> int:
    """Rows of tiles of one work item: several work items for each thread, with few halo rows."""
    return max(1, rows // (_PARTS * torch.get_num_threads()))


def add_halo_rows(result: Tensor, halo_rows: Tensor, distance: int) -> None:
    """Adds the rows in which parts of a picture overlap.

    Args:
        result: (rows, columns, C), contiguous; changed in place.
        halo_rows: (parts, n, columns · C): the first n rows of each part; the first part's are in `result`.
        distance: rows between the beginnings of two parts.
    """
    parts, shared, line = halo_rows.shape
    if parts > 1:
        size, stride = (parts - 1, shared, line), (distance * line, line, 1)
        result[distance:].as_strided(size, stride).add_(halo_rows[1:])


@cache
def _functions(code: KernelGroup) -> JitModule:
    # llvmlite is not everywhere.
    from compositor.convolution_jit.block_kernels import write_block_code
    from compositor.convolution_jit.ir_builder import new_module
    from compositor.convolution_jit.tile_kernels import write_tile_code

    module = new_module()
    if code is KernelGroup.BLOCKS:
        write_block_code(module, F4X4, wide=has_wide_registers())
    else:
        write_tile_code(module, F2X2 if code is KernelGroup.F2X2_TILES else F4X4)
    return JitModule(str(module))
