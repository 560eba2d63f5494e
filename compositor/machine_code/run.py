"""The functions of this package, made when they are first asked for, and what they are run on."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from compositor.filtering import LARGE, SMALL
from compositor.machine_code.functions import Functions


@cache
def available() -> bool:
    """Whether code can be made and run here; makes it (a second), once a process."""
    try:
        _functions()
    except (ImportError, OSError, RuntimeError):
        return False
    return True


def run(name: str, pieces: int, arguments: tuple[int, ...]) -> None:
    """Runs a function on all threads; its arguments are the tuple of its name in `arguments`."""
    _functions().run(name, pieces, arguments)


def in_lines(maps: Tensor) -> Tensor:
    """Maps (1, C, H, W) with all channels of a row next to each other in memory, wherever the rows are."""
    if maps.stride(1) == 1 and (maps.shape[3] == 1 or maps.stride(3) == maps.shape[1]):
        return maps
    return maps.contiguous(memory_format=torch.channels_last)


def flags_of(height: int, width: int, channels: int) -> Tensor:
    """Room for a bit for each value of a picture, (H, W, C / 8) of uint8."""
    return torch.empty(height, width, channels // 8, dtype=torch.uint8)


@cache
def _functions() -> Functions:
    # LLVM is not everywhere.
    from compositor.machine_code.image_code import write_image_code
    from compositor.machine_code.tile_code import write_tile_code
    from compositor.machine_code.writer import new_module

    module = new_module()
    for how in (SMALL, LARGE):
        write_tile_code(module, how)
    write_image_code(module)
    return Functions(str(module))
