"""Static regions: where nothing moves between two frames, so that the earlier result is kept bit for bit."""

from __future__ import annotations

import cv2
import numpy as np

from compositor.image_ops.light import normalizing_gain
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.warp import warp_smooth

# Levels of 0..1 up to which a pixel counts as unchanged: half a level of an 8-bit file, and rounding.
_UNCHANGED = 0.003
# Share of unchanged pixels above which the camera counts as static. In a pan over smooth ground it was 0.16;
# before a static camera, with one thing that moves and a denoised render, 0.73.
_STATIC_CAMERA = 0.3
# Pixels: side of the smallest patch that counts as static under a camera that moves.
_PATCH = 7
# Standard deviation, in pixels, of the surroundings in which no motion and motion are compared; mean
# differences of them in 0..1: up to which no motion explains the image, and by which it may be the worse one.
_SURROUNDINGS, _ALIKE, _NOISE = 2.0, 0.02, 0.005
# Pixels: less than this is rounding in the Vector pass.
_NO_MOTION = 0.01


def unchanged(earlier: RenderedFrame, current: RenderedFrame) -> np.ndarray:
    """(H, W) bool: where the two images are the same, in a file's precision."""
    difference = np.abs(earlier.image - current.image).max(axis=2)
    # Brightened, a dark frame's steps are so much larger.
    gain = max(1.0, normalizing_gain(earlier.light), normalizing_gain(current.light))
    return difference <= _UNCHANGED * gain


def static_mask(motion: Motion, earlier: RenderedFrame, current: RenderedFrame) -> np.ndarray:
    """(H, W) bool: where nothing moved and the render did not change.

    A surface that moves may look the same before and after: an exact motion decides, an estimate does not.
    """
    same = unchanged(earlier, current) if motion.exact else seems_static(earlier, current)
    return same & (np.abs(motion.backward).max(axis=2) < _NO_MOTION)


def seems_static(earlier: RenderedFrame, current: RenderedFrame) -> np.ndarray:
    """(H, W) bool: where nothing seems to have moved, by the two images alone.

    Under a camera that moves, single pixels look the same by chance: a flat sky is full of them, and kept
    static they would show as dots. So there only larger patches count, such as a caption or a border.
    """
    same = unchanged(earlier, current)
    if is_camera_static(same):
        return same
    kernel = np.ones((_PATCH, _PATCH), np.uint8)
    border = cv2.BORDER_REPLICATE
    return cv2.morphologyEx(same.astype(np.uint8), cv2.MORPH_OPEN, kernel, borderType=border) > 0


def is_camera_static(same: np.ndarray) -> bool:
    """Whether the camera did not move.

    Args:
        same: (H, W) bool, see `unchanged`.
    """
    return float(same.mean()) > _STATIC_CAMERA


def needs_no_motion(motion: np.ndarray, other: np.ndarray, here: np.ndarray) -> np.ndarray:
    """(H, W) bool: where the other image is as similar to this one without the motion as with it.

    Before a static camera the ground under a moving shadow is static, though optical flow may follow the
    shadow.

    Args:
        motion: (H, W, 2), pixels, from `here` to `other`.
        other, here: (H, W, 3 or 4) float32 in 0..1.
    """
    moved = warp_smooth(np.ascontiguousarray(other[..., :3]), motion)
    static, moving = (
        cv2.GaussianBlur(np.abs(each - here[..., :3]).mean(axis=2), (0, 0), _SURROUNDINGS)
        for each in (other[..., :3], moved)
    )
    return (static < _ALIKE) & (static < moving + _NOISE)
