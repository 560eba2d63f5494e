"""Winograd's filtering with its sums in machine code: each is one pass over the memory, on all threads."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from compositor.filtering import LARGE, bands
from compositor.machine_code import Functions
from compositor.tile_arguments import Gather, Lift, Settle, Spread, pieces

# Values between two places beside their own, so that they don't all fall on the same lines of a cache.
_APART = 80


@cache
def available() -> bool:
    """Whether code can be made and run here; makes it (0.7 s), once a process."""
    try:
        _functions()
    except (ImportError, OSError, RuntimeError):
        return False
    return True


def convolved(maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool) -> Tensor:
    """See `winograd.winograd`; in single precision."""
    maps = _in_lines(maps)
    (channels, height, width), results = maps.shape[1:], kernel.shape[2]
    rows, columns = -(-height // LARGE.step), -(-width // LARGE.step)
    result = maps.new_empty(1, height, width, results)
    for band in bands(rows, columns, LARGE, kernel):
        places = _places(maps, len(band) * columns, channels)
        spread = Spread(
            picture=maps.data_ptr(), height=height, width=width, line=maps.stride(2),
            replicate=int(replicate), first=band.start, columns=columns, channels=channels,
            places=places.data_ptr(), place=places.stride(0),
        )  # fmt: skip
        _run("spread", pieces(len(band), channels), spread)
        products = torch.bmm(places, kernel)
        gather = Gather(
            places=products.data_ptr(), place=products.stride(0), first=band.start, columns=columns,
            channels=results, bias=bias.data_ptr(),
            picture=result.data_ptr(), height=height, width=width, line=width * results,
        )  # fmt: skip
        _run("gather", pieces(len(band), results), gather)
    return result.permute(0, 3, 1, 2)


def gradient_below(gradient: Tensor, kernel: Tensor, positive: Tensor) -> Tensor:
    """See `winograd.winograd_gradient`; in single precision."""
    gradient, positive = _in_lines(gradient), _in_lines(positive)
    (outputs, height, width), channels, step = gradient.shape[1:], kernel.shape[2], LARGE.step
    rows, columns = -(-height // step), -(-width // step)
    line = (step * columns + 2) * channels
    result = gradient.new_empty(step * rows + 2, step * columns + 2, channels)
    for band in bands(rows, columns, LARGE, kernel):
        places = _places(gradient, len(band) * columns, outputs)
        lift = Lift(
            picture=gradient.data_ptr(), line=gradient.stride(2),
            positive=positive.data_ptr(), positive_line=positive.stride(2),
            height=height, width=width, first=band.start, columns=columns, channels=outputs,
            places=places.data_ptr(), place=places.stride(0),
        )  # fmt: skip
        _run("lift", pieces(len(band), outputs), lift)
        products = torch.bmm(places, kernel)
        for odd in (0, 1):
            settle = Settle(
                places=products.data_ptr(), place=products.stride(0), odd=odd, last=len(band) - 1,
                first=band.start, columns=columns, channels=channels, picture=result.data_ptr(), line=line,
            )  # fmt: skip
            _run("settle", pieces((len(band) + 1 - odd) // 2, channels), settle)
    return result[None, : height + 2, : width + 2].permute(0, 3, 1, 2)


def _places(like: Tensor, tiles: int, channels: int) -> Tensor:
    size = tiles * channels
    return like.new_empty(LARGE.tile**2, size + _APART)[:, :size].unflatten(1, (tiles, channels))


def _in_lines(maps: Tensor) -> Tensor:
    """The maps with all channels of a row next to each other in memory, wherever the rows are."""
    if maps.stride(1) == 1 and (maps.shape[3] == 1 or maps.stride(3) == maps.shape[1]):
        return maps
    return maps.contiguous(memory_format=torch.channels_last)


def _run(name: str, count: int, arguments: tuple[int, ...]) -> None:
    _functions().run(name, count, arguments)


@cache
def _functions() -> Functions:
    # LLVM is not everywhere.
    from compositor.tile_code import tile_code

    return Functions(tile_code(LARGE))
