"""The size at which the engine will work on a frame, by the rule of `compositor.stylization.working_size`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .schema import SCHEMA

FULL = "full"
_SHORTEST_SIDE = 32


def working_size(width: int, height: int, style_settings: Mapping[str, Any], device: str) -> tuple[int, int]:
    """Width and height at which frames are painted, their own unless they are larger than is wanted.

    Args:
        style_settings: as the protocol has them.
        device: as the engine calls it: `cpu`, `cuda: NVIDIA H100`.
    """
    longest = style_settings["working_size"]
    if longest == 0 and style_settings["working_detail"] != FULL:
        longest = SCHEMA["working_sizes"][device.partition(":")[0]][style_settings["working_detail"]]
    factor = max(longest / max(width, height), min(1.0, _SHORTEST_SIDE / min(width, height)))
    if longest == 0 or factor >= 1.0:
        return width, height
    return round(width * factor), round(height * factor)


def frame_work(width: int, height: int, style_settings: Mapping[str, Any], device: str, steps: int) -> int:
    """Pixels times steps of a frame that is painted in so many steps, with those that finish it."""
    painted = working_size(width, height, style_settings, device)
    finishing = style_settings["finishing_steps"] if painted != (width, height) else 0
    return painted[0] * painted[1] * steps + width * height * finishing
