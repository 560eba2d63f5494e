"""Winograd's filtering with its sums in machine code: each is one pass over the memory, on all threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from compositor.filtering import bands, filtering_of
from compositor.machine_code.arguments import (
    Gather,
    GatherPooled,
    Lift,
    LiftPooled,
    Settle,
    Spread,
    group,
    tile_function,
)
from compositor.machine_code.run import in_lines, run

# Values between two places beside their own, so that they don't all fall on the same lines of a cache.
_APART = 80


def convolved(maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool) -> Tensor:
    """See `winograd.winograd`; in single precision."""
    (height, width), results = maps.shape[2:], kernel.shape[2]
    result = maps.new_empty(1, height, width, results)
    for band, columns, products in _products(maps, kernel, replicate=replicate):
        gather = Gather(
            places=products.data_ptr(), place=products.stride(0), first=band.start, columns=columns,
            channels=results, bias=bias.data_ptr(),
            picture=result.data_ptr(), height=height, width=width, line=width * results,
        )  # fmt: skip
        _run("gather", kernel, len(band), gather)
    return result.permute(0, 3, 1, 2)


def convolved_and_pooled(
    maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool
) -> tuple[Tensor, Tensor]:
    """The same, of which each 2×2 pixels or what is there of them are averaged.

    Returns:
        (1, D, h, w), rounded up, and where the rectifier let through (H, W, D / 8), of uint8, a bit for each.
    """
    (height, width), results = maps.shape[2:], kernel.shape[2]
    rows, columns = -(-height // 2), -(-width // 2)
    result = maps.new_empty(1, rows, columns, results)
    flags = torch.empty(height, width, results // 8, dtype=torch.uint8)
    for band, across, products in _products(maps, kernel, replicate=replicate):
        gather = GatherPooled(
            places=products.data_ptr(), place=products.stride(0), first=band.start, columns=across,
            channels=results, bias=bias.data_ptr(),
            picture=result.data_ptr(), height=height, width=width, line=columns * results,
            flags=flags.data_ptr(), flags_line=width * results,
        )  # fmt: skip
        _run("gather_pooled", kernel, len(band), gather)
    pooled = result.permute(0, 3, 1, 2)
    _double_halves(pooled, height, width)
    return pooled, flags


def gradient_below(gradient: Tensor, kernel: Tensor, positive: Tensor) -> Tensor:
    """See `winograd.winograd_gradient`; in single precision."""
    gradient, positive = in_lines(gradient), in_lines(positive)
    outputs, height, width = gradient.shape[1:]

    def lift(band: range, columns: int, places: Tensor) -> None:
        arguments = Lift(
            picture=gradient.data_ptr(), line=gradient.stride(2),
            positives=positive.data_ptr(), positives_line=positive.stride(2),
            height=height, width=width, first=band.start, columns=columns, channels=outputs,
            places=places.data_ptr(), place=places.stride(0),
        )  # fmt: skip
        _run("lift", kernel, len(band), arguments)

    return _settled(kernel, height, width, lift)


def gradient_below_pooled(gradient: Tensor, kernel: Tensor, flags: Tensor) -> Tensor:
    """The same for `convolved_and_pooled`.

    Args:
        gradient: of the pooled result, (1, D, h, w).
        flags: as they came with it.
    """
    height, width = flags.shape[:2]
    gradient = in_lines(gradient) / 4.0
    _double_halves(gradient, height, width)
    outputs = gradient.shape[1]

    def lift(band: range, columns: int, places: Tensor) -> None:
        arguments = LiftPooled(
            picture=gradient.data_ptr(), line=gradient.stride(2),
            flags=flags.data_ptr(), flags_line=width * outputs,
            height=height, width=width, first=band.start, columns=columns, channels=outputs,
            places=places.data_ptr(), place=places.stride(0),
        )  # fmt: skip
        _run("lift_pooled", kernel, len(band), arguments)

    return _settled(kernel, height, width, lift)


def _products(maps: Tensor, kernel: Tensor, *, replicate: bool) -> Iterator[tuple[range, int, Tensor]]:
    """Bands, the tiles across them, and their Bᵀ d B times the kernel, (places, tiles, D)."""
    maps = in_lines(maps)
    channels, height, width = maps.shape[1:]
    how = filtering_of(kernel)
    rows, columns = -(-height // how.step), -(-width // how.step)
    for band in bands(rows, columns, kernel):
        places = _places(kernel, len(band) * columns, channels)
        spread = Spread(
            picture=maps.data_ptr(), height=height, width=width, line=maps.stride(2),
            replicate=int(replicate), first=band.start, columns=columns, channels=channels,
            places=places.data_ptr(), place=places.stride(0),
        )  # fmt: skip
        _run("spread", kernel, len(band), spread)
        yield band, columns, torch.bmm(places, kernel)


def _settled(kernel: Tensor, height: int, width: int, lift: Callable[[range, int, Tensor], None]) -> Tensor:
    """The gradient of a convolution's input with its border, from what `lift` puts to a band's places."""
    (outputs, channels), step = kernel.shape[1:], filtering_of(kernel).step
    rows, columns = -(-height // step), -(-width // step)
    line = (step * columns + 2) * channels
    result = kernel.new_empty(step * rows + 2, step * columns + 2, channels)
    for band in bands(rows, columns, kernel):
        places = _places(kernel, len(band) * columns, outputs)
        lift(band, columns, places)
        products = torch.bmm(places, kernel)
        for odd in (0, 1):
            settle = Settle(
                places=products.data_ptr(), place=products.stride(0), odd=odd, last=len(band) - 1,
                first=band.start, columns=columns, channels=channels, picture=result.data_ptr(), line=line,
            )  # fmt: skip
            _run("settle", kernel, (len(band) + 1 - odd) // 2, settle)
    return result[None, : height + 2, : width + 2].permute(0, 3, 1, 2)


def _run(
    name: str,
    kernel: Tensor,
    rows: int,
    arguments: Gather | GatherPooled | Lift | LiftPooled | Settle | Spread,
) -> None:
    """Runs the function for a kernel's tiles on rows of them."""
    size = group(rows, arguments.channels, torch.get_num_threads())
    run(
        tile_function(name, filtering_of(kernel).step),
        rows * (arguments.channels // size),
        arguments._replace(group=size),
    )


def _places(kernel: Tensor, tiles: int, channels: int) -> Tensor:
    size = tiles * channels
    return kernel.new_empty(kernel.shape[0], size + _APART)[:, :size].unflatten(1, (tiles, channels))


def _double_halves(pooled: Tensor, height: int, width: int) -> None:
    """Makes up for the pixels that a last odd row and column of a picture of this size don't have."""
    if height % 2:
        pooled[..., -1, :] *= 2.0
    if width % 2:
        pooled[..., -1] *= 2.0
