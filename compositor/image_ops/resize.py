"""Resizing of images, bicubic and antialiased."""

from __future__ import annotations

from functools import lru_cache

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


def reduced(image: Tensor, height: int, width: int) -> Tensor:
    """An image or map (1, C, H, W) at a smaller size: the means over the area of each pixel; differentiable.

    Its gradient is the same in every run on a GPU, which that of `resize` is not.
    """
    rows, columns = (
        _area_shares(old, new, image.device, image.dtype)
        for old, new in zip(image.shape[-2:], (height, width), strict=True)
    )
    return rows @ image @ columns.T


@lru_cache(maxsize=32)
def _area_shares(old: int, new: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(new, old): how much of each new pixel along an axis is taken from each old one."""
    edges, ends = np.arange(old), np.arange(new + 1)[:, None] * (old / new)
    # How much of each old pixel lies before the begin and the end of each new one.
    before = np.clip(ends - edges, 0.0, 1.0)
    return torch.from_numpy(np.diff(before, axis=0) * (new / old)).to(device, dtype)
