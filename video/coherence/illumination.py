"""Illumination: the change of a surface's luma between two renders, by shadows and lights that move."""

from __future__ import annotations

import cv2
import numpy as np

from compositor.image_ops.color import luminance
from video.motion.warp import warp_smooth

# Standard deviation, in pixels, of the surroundings whose luma is compared: render noise and edges half a
# pixel off are no change of illumination.
_SURROUNDINGS = 2.0
_VISIBLE = 0.5


def luma_change(
    backward: np.ndarray, earlier: np.ndarray, current: np.ndarray, visibility: np.ndarray
) -> np.ndarray:
    """The change of each surface's luma, less that of the frame as a whole.

    A passing shadow darkens the strokes that it falls on. A scene that becomes dark does not darken its
    strokes: a frame that is stylized alone has the style's brightness, however dark its render is.

    Args:
        backward: (H, W, 2), pixels, to the earlier frame.
        earlier, current: (H, W, 3 or 4) float32 in 0..1, the renders.
        visibility: (H, W) float32 in 0..1, see `video.motion.reliability.visibility`.

    Returns:
        (H, W) float32 in -1..1; 0 where the surface was not visible before.
    """
    visible = visibility > _VISIBLE
    if not visible.any():
        return np.zeros(visibility.shape, np.float32)
    before = warp_smooth(np.ascontiguousarray(earlier[..., :3]), backward)
    change = _blurred(visibility * (luminance(current) - luminance(before)))
    change = change / np.maximum(_blurred(visibility), 1e-3)
    return np.where(visibility > 0.0, change - np.median(change[visible]), 0.0).astype(np.float32)


def _blurred(field: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(field.astype(np.float32), (0, 0), _SURROUNDINGS)
