"""Sharpening: restores the fine lights and darks that an enlarged image has lost."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.image_ops.color import luma

# Pixels of the small image: standard deviation of the blur whose difference is added.
_BLUR = 0.75
# By how much of their span the luma may leave that of the pixels around: none would cut every crest off.
_OVERSHOOT = 0.05


def sharpened(image: Tensor, factor: float, amount: float) -> Tensor:
    """An image that was enlarged by a factor, its luma sharpened by an unsharp mask; chroma stays.

    The luma stays within what the pixels around have, up to a twentieth of their span: an edge becomes
    steeper, and gets no light or dark line beside it. What is added is no new detail, so that it moves with
    the strokes.

    Args:
        image: (1, 3, H, W) in 0..1, sRGB.
        factor: by how much it was enlarged, 1 or more.
        amount: of the difference to the blurred luma that is added; 0 leaves the image as it is.

    Returns:
        (1, 3, H, W) in 0..1.
    """
    if amount == 0.0:
        return image
    gray = luma(image)
    side = 2 * max(1, round(factor)) + 1
    highest, lowest = _highest(gray, side), -_highest(-gray, side)
    allowed = _OVERSHOOT * (highest - lowest)
    sharp = gray + amount * (gray - _blurred(gray, _BLUR * factor))
    sharp = torch.minimum(torch.maximum(sharp, lowest - allowed), highest + allowed)
    return (image + (sharp - gray)).clamp(0.0, 1.0)


def _highest(values: Tensor, side: int) -> Tensor:
    """The largest value in the window of so many pixels around each pixel, along rows, then along columns."""
    reach = side // 2
    along = F.max_pool2d(values, (1, side), stride=1, padding=(0, reach))
    return F.max_pool2d(along, (side, 1), stride=1, padding=(reach, 0))


def _blurred(values: Tensor, deviation: float) -> Tensor:
    """Gaussian blur of (1, 1, H, W); beyond the border the last pixel goes on."""
    reach = max(1, round(3.0 * deviation))
    positions = torch.arange(-reach, reach + 1, dtype=values.dtype, device=values.device)
    kernel = torch.exp(-0.5 * (positions / deviation).square())
    kernel = kernel / kernel.sum()
    across = F.conv2d(F.pad(values, (reach, reach, 0, 0), "replicate"), kernel.view(1, 1, 1, -1))
    return F.conv2d(F.pad(across, (0, 0, reach, reach), "replicate"), kernel.view(1, 1, -1, 1))
