"""Resizing of images, bicubic and antialiased."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.image_ops.arrays import SMALLEST_SIDE, to_array, to_tensor


def fit(image: Tensor, longer_side: float) -> Tensor:
    """An image (1, C, H, W) in 0..1 reduced to this longer side in px; never enlarged."""
    height, width = image.shape[-2:]
    factor = min(1.0, longer_side / max(height, width))
    size = (max(SMALLEST_SIDE, round(side * factor)) for side in (height, width))
    return resize(image, *size).clamp(0.0, 1.0)


def fit_array(image: np.ndarray, longer_side: float) -> np.ndarray:
    """As `fit`, of an array (H, W, C) float32 in 0..1."""
    if longer_side >= max(image.shape[:2]):
        return image
    return to_array(fit(to_tensor(image, torch.device("cpu")), longer_side))


def resize(image: Tensor, height: int, width: int) -> Tensor:
    """An image or map (1, C, H, W) at another size, antialiased where it shrinks."""
    if image.shape[-2:] == (height, width):
        return image
    return F.interpolate(image, (height, width), mode="bicubic", align_corners=False, antialias=True)


def halved(image: Tensor) -> Tensor:
    """An image or map (1, C, H, W) at half its size, rounded up: the means over 2×2 px; differentiable.

    Its gradient is the same in every run on a GPU, which that of `resize` is not.
    """
    return F.avg_pool2d(image, 2, ceil_mode=True, count_include_pad=False)
