"""Working size: the size in px that a frame is optimized at, its own or a smaller one that is upsampled."""

from __future__ import annotations

from collections.abc import Mapping

from compositor.image_ops.circular import CircularMargin
from compositor.settings import DeviceChoice, StyleSettings, WorkingDetail

# Measured at 640×360 with code-made style pictures: at a third of the size short dabs are already blurred.
LONGEST_SIDES: Mapping[DeviceChoice, Mapping[WorkingDetail, int]] = {
    DeviceChoice.CPU: {WorkingDetail.DRAFT: 640, WorkingDetail.STANDARD: 960, WorkingDetail.FINAL: 1280},
    DeviceChoice.MPS: {WorkingDetail.DRAFT: 960, WorkingDetail.STANDARD: 1280, WorkingDetail.FINAL: 1920},
    DeviceChoice.CUDA: {WorkingDetail.DRAFT: 1280, WorkingDetail.STANDARD: 1920, WorkingDetail.FINAL: 3840},
}
"""Pixels: the longer side that larger frames are optimized at, unless the setting `working_size` is given."""

_SHORTEST_SIDE = 32
"""Pixels: the shorter side of a long narrow frame is not reduced below this."""


def working_size(height: int, width: int, settings: StyleSettings, device: str) -> tuple[int, int]:
    """(height, width) in px that frames of this size are optimized at; the frame's own unless it is larger.

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


def padded_working_size(
    height: int, width: int, margin: int, settings: StyleSettings, device: str
) -> tuple[int, int]:
    """The same for a frame with margins, which are included in both widths.

    Args:
        margin: as in `FrameInputs`.
    """
    inner = width - 2 * margin
    size = working_size(height, inner, settings, device)
    return size if margin == 0 else (size[0], CircularMargin(inner, margin).padded(size[1]))


def working_size_text(full: tuple[int, int], working: tuple[int, int]) -> str | None:
    """`1920×1080, optimized at 640×360 and upsampled`; None for a frame that is optimized at its own size.

    Args:
        full, working: (height, width).
    """
    if full == working:
        return None
    return f"{full[1]}×{full[0]}, optimized at {working[1]}×{working[0]} and upsampled"
