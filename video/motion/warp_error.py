"""Warp error: the flicker of a styled sequence along its motion."""

from __future__ import annotations

import numpy as np

from video.motion.warp import warp

# Pixels with a lower reliability are no evidence of flicker: what is there was not visible before.
_RELIABLE = 0.5


def warp_error(
    styled: np.ndarray, previous: np.ndarray, backward: np.ndarray, reliability: np.ndarray
) -> float:
    """Mean squared difference between a styled frame and the one before moved along the motion.

    Over the reliable pixels (Lai et al. 2018, Learning Blind Video Temporal Consistency, equation 11), in
    units of the squared 0..1 range; 0.0 when no pixel is reliable.

    Args:
        styled, previous: (H, W, 3 or 4) float32 in 0..1; alpha is left out.
        backward: (H, W, 2), the motion to the earlier frame.
        reliability: (H, W) in 0..1, of this frame.
    """
    mask = reliability > _RELIABLE
    if not mask.any():
        return 0.0
    moved = warp(np.ascontiguousarray(previous[..., :3]), backward)
    return float(np.square(styled[..., :3] - moved)[mask].mean())
