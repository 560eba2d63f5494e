"""Warping: moves an image along a motion field."""

from __future__ import annotations

import cv2
import numpy as np


def warp(image: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """The previous image warped to this frame: result(p) = image(p + backward(p)).

    A Lanczos kernel keeps strokes sharp over many frames, where a bilinear one blurs them. Outside of
    the image its border is repeated; see `inside_frame`.

    Args:
        image: (H, W, C) float32 in 0..1.
        backward: (H, W, 2) float32, pixels, x to the right and y down; see `motion_field.Motion`.

    Returns:
        (H, W, C) float32 in 0..1.
    """
    moved = _sample(image, backward, cv2.INTER_LANCZOS4)
    return np.clip(moved, 0.0, 1.0)


def warp_smooth(field: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """As `warp`, bilinear and without limits on the values: for fields that must not ring or be clipped."""
    return _sample(field, backward, cv2.INTER_LINEAR)


def warp_nearest(field: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """As `warp`, by the nearest pixel: for depths and object indices, which must not be mixed."""
    return _sample(field, backward, cv2.INTER_NEAREST)


def inside_frame(backward: np.ndarray) -> np.ndarray:
    """(H, W) bool: where `warp` reads inside the previous image."""
    x, y = _positions(backward)
    height, width = backward.shape[:2]
    return (x >= 0.0) & (x <= width - 1.0) & (y >= 0.0) & (y <= height - 1.0)


def _sample(image: np.ndarray, backward: np.ndarray, kernel: int) -> np.ndarray:
    x, y = _positions(backward)
    return cv2.remap(image, x, y, kernel, borderMode=cv2.BORDER_REPLICATE)


def _positions(backward: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = backward.shape[:2]
    columns = np.arange(width, dtype=np.float32)[None, :]
    rows = np.arange(height, dtype=np.float32)[:, None]
    return columns + backward[..., 0], rows + backward[..., 1]
