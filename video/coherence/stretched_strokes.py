"""Stretched strokes: where the motion draws earlier results out, so that they must be painted anew."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np

# Pixels of the earlier frame to one of this, in the direction in which there are fewest, from which strokes
# are held in full, and at which they are not held at all.
_HELD, _FREE = 0.85, 0.6
# Pixels: what is narrower is a silhouette, over which the motion says nothing of a stretch.
_NARROWEST = 3
_SOFTNESS = 1.0


def held_against_stretch(backward: np.ndarray) -> np.ndarray:
    """How much strokes are held to the earlier results, (H, W) float32 in 0..1: less where stretched.

    A face that turns towards the camera is seen in a few pixels at first. Warped from frame to frame, these
    would be drawn out over all of it.

    Args:
        backward: (H, W, 2), pixels, the motion to the earlier frame.
    """
    share = np.clip((_least_scale(backward) - _FREE) / (_HELD - _FREE), 0.0, 1.0)
    stretched = (1.0 - np.square(share)).astype(np.float32)
    kernel = np.ones((_NARROWEST, _NARROWEST), np.uint8)
    wide = cv2.morphologyEx(stretched, cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_REPLICATE)
    if not wide.any():
        return np.ones_like(stretched)
    return 1.0 - np.maximum(wide, cv2.GaussianBlur(wide, (0, 0), _SOFTNESS))


def _least_scale(backward: np.ndarray) -> np.ndarray:
    """(H, W): the smaller singular value of the map from this frame to the earlier one; below 0: mirrored.

    Of the four pairs of one-sided differences the one that stretches least counts: next to a silhouette one
    of them lies within the surface.
    """
    columns, rows = (_sides(backward, axis) for axis in (1, 0))
    return np.max([_smaller_singular_value(x, y) for x, y in product(columns, rows)], axis=0)


def _sides(backward: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 2) each: how far the source moves towards the pixel before and the one behind along an axis."""
    unit = np.array([1.0, 0.0] if axis == 1 else [0.0, 1.0], np.float32)
    steps = np.diff(backward, axis=axis)
    first, last = (np.take(steps, [end], axis=axis) for end in (0, -1)) if steps.size else (backward * 0,) * 2
    return np.concatenate([first, steps], axis=axis) + unit, np.concatenate([steps, last], axis=axis) + unit


def _smaller_singular_value(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(H, W): of the matrices with the columns x and y, (H, W, 2) each; negative where the determinant is."""
    a, b, c, d = x[..., 0], y[..., 0], x[..., 1], y[..., 1]
    # The singular values are half the sum and half the difference of these two.
    return 0.5 * (np.hypot(a + d, c - b) - np.hypot(a - d, b + c))
