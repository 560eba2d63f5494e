"""The functions of this package, made when they are first asked for, and what they are run on."""

from __future__ import annotations

from enum import Enum
from functools import cache

import torch
from torch import Tensor

from compositor.convolution.winograd_matrices import LARGE, SMALL
from compositor.convolution_jit.compiler import JitModule, has_wide_registers

# Pieces of work that each thread finds about.
_PARTS = 4


class KernelGroup(Enum):
    """What is compiled together, once a process and when it is first asked for: in 0.2 to 0.6 seconds."""

    IMAGE = "image"
    SMALL_TILES = "small tiles"
    LARGE_TILES = "large tiles"
    BLOCKS = "blocks"


@cache
def available() -> bool:
    """Whether code can be made and run here, found by making some."""
    try:
        _functions(KernelGroup.IMAGE)
    except (ImportError, OSError, RuntimeError):
        return False
    return True


def run(code: KernelGroup, name: str, pieces: int, arguments: tuple[int, ...]) -> None:
    """Runs a function on all threads; its arguments are the tuple of its name in `arguments`."""
    _functions(code).run(name, pieces, arguments)


def in_lines(maps: Tensor) -> Tensor:
    """Maps (1, C, H, W) with all channels of a row next to each other in memory, wherever the rows are."""
    if maps.stride(1) == 1 and (maps.shape[3] == 1 or maps.stride(3) == maps.shape[1]):
        return maps
    return maps.contiguous(memory_format=torch.channels_last)


def flags_of(height: int, width: int, channels: int) -> Tensor:
    """Room for a bit for each value of a picture, (H, W, C / 8) of uint8."""
    return torch.empty(height, width, channels // 8, dtype=torch.uint8)


def part_length(rows: int) -> int:
    """Rows of tiles that are settled as one piece of work: some pieces for each thread, with few seams."""
    return max(1, rows // (_PARTS * torch.get_num_threads()))


def add_seams(result: Tensor, seams: Tensor, distance: int) -> None:
    """Adds up what parts of a picture share.

    Args:
        result: (rows, columns, C), as one piece of memory.
        seams: (parts, n, columns · C): the first n rows of each part; the first part's are there already.
        distance: rows between the beginnings of two parts.
    """
    parts, shared, line = seams.shape
    if parts > 1:
        size, stride = (parts - 1, shared, line), (distance * line, line, 1)
        result[distance:].as_strided(size, stride).add_(seams[1:])


@cache
def _functions(code: KernelGroup) -> JitModule:
    # LLVM is not everywhere.
    from compositor.convolution_jit.block_kernels import write_block_code
    from compositor.convolution_jit.ir_builder import new_module
    from compositor.convolution_jit.rgb_kernels import write_image_code
    from compositor.convolution_jit.tile_kernels import write_tile_code

    module = new_module()
    if code is KernelGroup.IMAGE:
        write_image_code(module)
    elif code is KernelGroup.BLOCKS:
        write_block_code(module, LARGE, wide=has_wide_registers())
    else:
        write_tile_code(module, SMALL if code is KernelGroup.SMALL_TILES else LARGE)
    return JitModule(str(module))
