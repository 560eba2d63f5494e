"""At what size a frame is painted: its own, or a smaller one from which it is brought up."""

from __future__ import annotations

from collections.abc import Mapping

from compositor.settings import DeviceChoice, StyleSettings, WorkingDetail

# Measured at 640×360, code-made paintings: at half the size and with 5 finishing steps the style loss is 1.8
# times that of the full size; at a third of it short dabs are already blurred.
LONGEST_SIDES: Mapping[DeviceChoice, Mapping[WorkingDetail, int]] = {
    DeviceChoice.CPU: {WorkingDetail.DRAFT: 640, WorkingDetail.STANDARD: 960, WorkingDetail.FINAL: 1280},
    DeviceChoice.MPS: {WorkingDetail.DRAFT: 960, WorkingDetail.STANDARD: 1280, WorkingDetail.FINAL: 1920},
    DeviceChoice.CUDA: {WorkingDetail.DRAFT: 1280, WorkingDetail.STANDARD: 1920, WorkingDetail.FINAL: 3840},
}
"""Pixels: the longer side at which larger frames are painted, where `working_size` does not say it."""

_SHORTEST_SIDE = 32
"""Pixels: a long narrow frame is not made narrower than this."""


def working_size(height: int, width: int, settings: StyleSettings, device: str) -> tuple[int, int]:
    """(height, width) at which a frame of this size is painted; its own unless it is larger than wanted.

    Args:
        device: `cpu`, `mps` or `cuda`.
    """
    longest = settings.working_size
    if longest == 0 and settings.working_detail is not WorkingDetail.FULL:
        longest = LONGEST_SIDES[DeviceChoice(device)][settings.working_detail]
    factor = max(longest / max(height, width), min(1.0, _SHORTEST_SIDE / min(height, width)))
    if longest == 0 or factor >= 1.0:
        return height, width
    return round(height * factor), round(width * factor)


def working_size_text(full: tuple[int, int], painted: tuple[int, int]) -> str | None:
    """`1920×1080, painted at 640×360 and brought up`; None for a frame that is painted at its own size.

    Args:
        full, painted: (height, width).
    """
    if full == painted:
        return None
    return f"{full[1]}×{full[0]}, painted at {painted[1]}×{painted[0]} and brought up"
