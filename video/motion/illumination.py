"""How much lighter or darker a surface has become since the render before."""

from __future__ import annotations

import cv2
import numpy as np

from compositor.image_ops.color import luminance
from video.motion.warp import warp_smooth

# Standard deviation, in pixels, of the surroundings whose light is compared: render noise and edges half a
# pixel off are no change of light.
_SURROUNDINGS = 2.0
_SURE = 0.5


def light_change(
    backward: np.ndarray, earlier: np.ndarray, current: np.ndarray, seen: np.ndarray
) -> np.ndarray:
    """The change of a surface's luma, over that of the frame as a whole.

    A shadow that passes darkens the strokes that it falls on. A scene that becomes dark does not darken its
    strokes: a frame that is stylized alone has the style's brightness, however dark its render is.

    Args:
        backward: (H, W, 2), pixels, to the earlier frame.
        earlier, current: (H, W, 3 or 4) float32 in 0..1, the renders.
        seen: (H, W) in 0..1, see `video.motion.reliability.seen_before`.

    Returns:
        (H, W) float32 in -1..1; 0 where the surface was not seen before.
    """
    if not (seen > _SURE).any():
        return np.zeros(seen.shape, np.float32)
    before = warp_smooth(np.ascontiguousarray(earlier[..., :3]), backward)
    change = _blurred(seen * (luminance(current) - luminance(before))) / np.maximum(_blurred(seen), 1e-3)
    return np.where(seen > 0.0, change - np.median(change[seen > _SURE]), 0.0).astype(np.float32)


def _blurred(field: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(field.astype(np.float32), (0, 0), _SURROUNDINGS)
