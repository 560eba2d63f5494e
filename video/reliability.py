"""Where the warped previous result can be believed: 0 (revealed, free to repaint) to 1 (the same surface)."""

from __future__ import annotations

import cv2
import numpy as np

from video.motion import Motion
from video.warp import inside_frame, warp_smooth

# Mean absolute difference between a frame and the warped one before, in 0..1, from which the unstyled render
# itself is taken to have changed (moving shadows and reflections have no motion), and where it surely has.
_CHANGE_STARTS, _CHANGE_SURE = 0.06, 0.18
# The paper distrusts every motion boundary. DIS draws a silhouette's motion several pixels wide and mostly
# right, so here both tests are only so many times as strict there.
_BOUNDARY_STRICTNESS = 4.0
# Pixels by which an unreliable area grows: its surroundings are a mixture of two surfaces.
_GROWTH = 1
# Standard deviation, in pixels, of the soft edge outside of the grown area.
_SOFTNESS = 1.0


def reliability(motion: Motion, previous: np.ndarray, current: np.ndarray) -> np.ndarray:
    """The reliability map of this frame, (H, W) float32 in 0..1.

    Args:
        motion: between the two frames.
        previous, current: the unstyled frames, (H, W, 3) float32 in 0..1.
    """
    strictness = np.where(motion_boundaries(motion.backward), _BOUNDARY_STRICTNESS, 1.0).astype(np.float32)
    trusted = consistency(motion, strictness) * (1.0 - changed(motion, previous, current, strictness))
    trusted[~inside_frame(motion.backward)] = 0.0
    return _soft_edges(trusted)


def consistency(motion: Motion, strictness: np.ndarray | float = 1.0) -> np.ndarray:
    """Agreement of forward and backward motion, (H, W) float32 in 0..1, 0.5 at the threshold of the paper.

    Ruder, Dosovitskiy, Brox 2016, equation 5: a pixel is occluded in the other frame where
    |w + ŵ|² > 0.01 (|w|² + |ŵ|²) + 0.5, ŵ being the forward motion at the place that w points at. Departs
    from the paper by fading over the threshold instead of stepping. `strictness` (H, W) multiplies the error.
    """
    there = warp_smooth(motion.forward, motion.backward)
    error = np.square(motion.backward + there).sum(axis=2)
    threshold = 0.01 * (np.square(motion.backward).sum(axis=2) + np.square(there).sum(axis=2)) + 0.5
    return np.clip(1.5 - strictness * error / threshold, 0.0, 1.0).astype(np.float32)


def motion_boundaries(backward: np.ndarray) -> np.ndarray:
    """(H, W) bool: where the motion jumps. Ruder 2016, equation 6: |∇u|² + |∇v|² > 0.01 |w|² + 0.002."""
    gradients = [np.gradient(backward[..., channel], axis=(0, 1)) for channel in (0, 1)]
    steepness = sum(np.square(part) for pair in gradients for part in pair)
    return steepness > 0.01 * np.square(backward).sum(axis=2) + 0.002


def changed(
    motion: Motion, previous: np.ndarray, current: np.ndarray, strictness: np.ndarray | float = 1.0
) -> np.ndarray:
    """How surely the render itself changed along the motion, (H, W) float32 in 0..1."""
    moved = warp_smooth(np.ascontiguousarray(previous[..., :3]), motion.backward)
    difference = np.abs(moved - current[..., :3]).mean(axis=2)
    # Render noise and edges half a pixel off are no change of light: look at 3×3 pixels together.
    difference = cv2.GaussianBlur(difference, (3, 3), 0)
    return np.clip((strictness * difference - _CHANGE_STARTS) / (_CHANGE_SURE - _CHANGE_STARTS), 0.0, 1.0)


def _soft_edges(trusted: np.ndarray) -> np.ndarray:
    """Unreliable areas grown, with an edge that falls off outwards and never inwards."""
    kernel = np.ones((2 * _GROWTH + 1, 2 * _GROWTH + 1), np.uint8)
    grown = cv2.erode(trusted, kernel)
    return np.minimum(grown, cv2.GaussianBlur(grown, (0, 0), _SOFTNESS))
