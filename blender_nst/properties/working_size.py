"""The size at which the engine optimizes a frame, by the rule of `compositor.stylization.working_size`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .schema import SCHEMA

FULL = "full"
_SHORTEST_SIDE = 32
"""Pixels: a long narrow frame is not made narrower than this."""


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


def frame_work(height: int, width: int, style_settings: Mapping[str, Any], device: str, steps: int) -> int:
    """Pixels times steps of a frame that is optimized in so many steps, and at full size after them."""
    working = working_size(height, width, style_settings, device)
    finishing = style_settings["finishing_steps"] if working != (height, width) else 0
    return working[0] * working[1] * steps + height * width * finishing
