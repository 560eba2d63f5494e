"""The sizes at which the engine optimizes a frame, by the rules of `compositor.stylization`, and steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import accumulate, pairwise
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
_LEAST_SHARE = 0.045
"""The least share of the steps that a scale with coarser octaves gets."""
_WARM_SHARE = 0.45
"""Share of the steps that such a frame takes if it has a predecessor, all of them at its last octave."""


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
    octaves = _octaves(*working, local)
    if first:
        sizes = _scale_sizes(octaves, style_settings["coarsest_size"])
        shares = _shared(steps, sizes, [len(_octaves(*size, local)) > 1 for size in sizes])
    else:
        sizes = octaves[-1:]
        shares = [max(1, round(steps * _WARM_SHARE) if len(octaves) > 1 else steps)]
    work = zip(sizes, shares, strict=True)
    found = [(sum(map(math.prod, _octaves(*size, local))), count) for size, count in work]
    # The detail that a large frame is given takes about as long as a step.
    return [*found, (math.prod(working), 1)] if len(octaves) > 1 else found


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


def _scale_sizes(octaves: list[tuple[int, int]], coarsest: int) -> list[tuple[int, int]]:
    """(height, width) of each scale, coarse to fine: the octaves and smaller ones."""
    sizes, (height, width) = list(octaves), octaves[-1]
    for step in range(1, 64):
        factor = math.sqrt(2.0) ** step
        smaller = round(height / factor), round(width / factor)
        if max(smaller) < 0.85 * coarsest or min(smaller) < _SMALLEST_SCALE:
            break
        sizes.append(smaller)
    return sizes[::-1]


def _shared(steps: int, sizes: list[tuple[int, int]], are_fine: list[bool]) -> list[int]:
    """The steps of each scale, coarse to fine; `are_fine` says which have coarser octaves."""
    if not any(are_fine):
        if len(sizes) == 1:
            return [max(1, steps)]
        coarse = max(len(sizes) - 1, steps - round(steps * 0.5))
        return [*_proportionally(coarse, [1.0] * (len(sizes) - 1)), max(1, steps - coarse)]
    weights = [1.0 / math.prod(size) for size in sizes]
    first = are_fine.index(True)
    shares = [max(weight / sum(weights), _LEAST_SHARE) for weight in weights[first:]]
    fine = [max(1, round(steps * share)) for share in shares]
    return [*_proportionally(steps - sum(fine), [math.sqrt(each) for each in weights[:first]]), *fine]


def _proportionally(steps: int, weights: list[float]) -> list[int]:
    """The steps in these proportions, each at least one."""
    total, steps = sum(weights), max(steps, len(weights))
    ends = [round(steps * end / total) for end in accumulate(weights, initial=0.0)]
    shares = [end - begin for begin, end in pairwise(ends)]
    while min(shares) < 1:
        shares[shares.index(max(shares))] -= 1
        shares[shares.index(min(shares))] += 1
    return shares
