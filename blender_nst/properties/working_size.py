"""The sizes at which the engine optimizes a frame, by the rules of `compositor.stylization`, and steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from .schema import SCHEMA

FULL = "full"
_SHORTEST_SIDE = 32
"""Pixels: a long narrow frame is not made narrower than this."""
_SMALLEST_SCALE = 32
"""Pixels of the shorter side of a scale."""
_SMALLEST_SIDE = 16
"""Pixels of the shorter side of an octave."""
_COARSEST_OCTAVE = 480
"""Pixels of the longer side of the last octave."""
_COARSER_FROM = 640
"""Pixels of the longer side from which on there is a coarser octave; one more wherever it doubles."""
_FINE_SHARE, _FINE_SHARES = 0.15, 0.5
"""Share of the steps that each scale with coarser octaves gets, and the most that all of them get."""
_WARM_FINE_SHARE = 0.2
"""Share that the full size of such a frame gets if it has a predecessor; its last octave has the rest."""


def working_size(height: int, width: int, style_settings: Mapping[str, Any], device: str) -> tuple[int, int]:
    """(height, width) at which a frame of this size is optimized; its own unless it is larger than wanted.

    Args:
        style_settings: as the protocol has them.
        device: as the engine calls it: `cpu`, `cuda: NVIDIA H100`.
    """
    longest = style_settings["working_size"]
    if longest == 0 and style_settings["working_detail"] != FULL:
        longest = SCHEMA["working_sizes"][device.partition(":")[0]][style_settings["working_detail"]]
    factor = max(longest / max(height, width), min(1.0, _SHORTEST_SIDE / min(height, width)))
    if longest == 0 or factor >= 1.0:
        return height, width
    return round(height * factor), round(width * factor)


def frame_steps(
    height: int, width: int, style_settings: Mapping[str, Any], device: str, steps: int, *, first: bool
) -> list[tuple[int, int]]:
    """The steps of a frame: pairs of pixels and of how many steps have so many.

    Args:
        steps: of the frame.
        first: whether the frame has no predecessor, so that it begins coarse (`pyramid.py` there).
    """
    working = working_size(height, width, style_settings, device)
    local = style_settings["local_weight"] > 0.0
    if first:
        sizes = _scale_sizes(*working, style_settings["coarsest_size"])
        shares = _shared(steps, [len(_octaves(*size, local)) > 1 for size in sizes])
    else:
        octaves = _octaves(*working, local)
        sizes = [octaves[-1], working] if len(octaves) > 1 else [working]
        shares = _warm_shares(steps, len(sizes))
    work = zip(sizes, shares, strict=True)
    return [(sum(map(math.prod, _octaves(*size, local))), count) for size, count in work]


def _octaves(height: int, width: int, local: bool) -> list[tuple[int, int]]:
    """(height, width) of the octaves that a step at this size goes through; one without a local style."""
    sizes, longer = [(height, width)], max(height, width)
    count = max(0, 1 + math.floor(math.log2(longer / _COARSER_FROM))) if local else 0
    for octave in range(1, count + 1):
        factor = (_COARSEST_OCTAVE / longer) ** (octave / count)
        smaller = round(height * factor), round(width * factor)
        if min(smaller) >= _SMALLEST_SIDE:
            sizes.append(smaller)
    return sizes


def _scale_sizes(height: int, width: int, coarsest: int) -> list[tuple[int, int]]:
    """(height, width) of each scale, coarse to fine."""
    sizes = [(height, width)]
    for step in range(1, 64):
        factor = math.sqrt(2.0) ** step
        smaller = round(height / factor), round(width / factor)
        if max(smaller) < 0.85 * coarsest or min(smaller) < _SMALLEST_SCALE:
            break
        sizes.append(smaller)
    return sizes[::-1]


def _shared(steps: int, are_fine: list[bool]) -> list[int]:
    """The steps of each scale, coarse to fine; `are_fine` says which have coarser octaves."""
    fine, scales = sum(are_fine), len(are_fine)
    if fine in (0, scales):
        if scales == 1:
            return [max(1, steps)]
        coarse = max(scales - 1, steps - round(steps * 0.5))
        return [*_evenly(coarse, scales - 1), max(1, steps - coarse)]
    each = max(1, round(steps * min(_FINE_SHARE, _FINE_SHARES / fine)))
    return [*_evenly(steps - fine * each, scales - fine), *[each] * fine]


def _warm_shares(steps: int, scales: int) -> list[int]:
    """The steps of each scale of a frame that has a predecessor."""
    if scales == 1:
        return [max(1, steps)]
    fine = max(1, round(steps * _WARM_FINE_SHARE))
    return [max(1, steps - fine), fine]


def _evenly(steps: int, scales: int) -> list[int]:
    """As many steps at each scale, or one more, each at least one."""
    ends = [round(max(steps, scales) * scale / scales) for scale in range(scales + 1)]
    return [end - begin for begin, end in pairwise(ends)]
