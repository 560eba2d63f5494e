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
        steps: without those that follow at full size.
        first: whether the frame has no predecessor, so that it begins coarse (`pyramid.py` there).
    """
    working = working_size(height, width, style_settings, device)
    sizes = _scale_sizes(*working, style_settings["coarsest_size"]) if first else [working]
    local = style_settings["local_weight"] > 0.0
    shares = _shared(steps, len(sizes))
    work = [(_pixels(*size, local), count) for size, count in zip(sizes, shares, strict=True)]
    if working != (height, width) and style_settings["finishing_steps"]:
        work.append((_pixels(height, width, local), style_settings["finishing_steps"]))
    return work


def _pixels(height: int, width: int, local: bool) -> int:
    """Pixels of all octaves that a step at this size goes through; one octave without a local style."""
    pixels, longer = height * width, max(height, width)
    count = max(0, 1 + math.floor(math.log2(longer / _COARSER_FROM))) if local else 0
    for octave in range(1, count + 1):
        factor = (_COARSEST_OCTAVE / longer) ** (octave / count)
        smaller = round(height * factor), round(width * factor)
        if min(smaller) >= _SMALLEST_SIDE:
            pixels += math.prod(smaller)
    return pixels


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


def _shared(steps: int, scales: int) -> list[int]:
    """The steps of each scale, coarse to fine: half of them at full size."""
    if scales == 1:
        return [max(1, steps)]
    coarse = max(scales - 1, steps - round(steps * 0.5))
    ends = [round(coarse * scale / (scales - 1)) for scale in range(scales)]
    return [*(end - begin for begin, end in pairwise(ends)), max(1, steps - coarse)]
