"""Reliability of the motion: 0 where a pixel was occluded or has changed, 1 where it is the same surface."""

from __future__ import annotations

import cv2
import numpy as np

from video.motion.motion_field import Motion, RenderedFrame
from video.motion.motion_vectors import expected_depth
from video.motion.warp import inside_frame, warp_nearest, warp_smooth

# Mean absolute difference between a frame and the warped one before, in 0..1, from which the unstyled render
# itself counts as changed (moving shadows and reflections have no motion), and at which it surely has.
_CHANGE_STARTS, _CHANGE_SURE = 0.06, 0.18
# In the paper every motion boundary is unreliable. DIS estimates a silhouette's motion several pixels wide
# and mostly right, so here both tests are only so many times as strict there.
_BOUNDARY_STRICTNESS = 4.0
# Squared pixels by which exact motion, there and back, may miss: Blender's vectors on one surface agree to a
# few hundredths of a pixel, so that what misses by more is another surface.
_EXACT_ERROR = 0.3**2
# Share of its distance by which a surface may be nearer or farther than expected, and from which it surely is
# another one.
_DEPTH_STARTS, _DEPTH_SURE = 0.03, 0.08
# Pixels by which an unreliable area is dilated: its surroundings are a mixture of two surfaces.
_DILATION = 1
# Standard deviation, in pixels, of the soft edge outside of the dilated area.
_SOFTNESS = 1.0


def reliability(motion: Motion, earlier: RenderedFrame, current: RenderedFrame) -> np.ndarray:
    """The reliability of the motion to an earlier frame, (H, W) float32 in 0..1.

    0 in disoccluded areas, where the render changed, and outside of the earlier frame.

    Args:
        motion: between the two frames.
        earlier, current: the unstyled frames, with their passes where there are any.
    """
    unchanged = 1.0 - changed(motion.backward, earlier.image, current.image, motion_strictness(motion))
    return soft_edges(visibility(motion, earlier, current) * unchanged)


def visibility(motion: Motion, earlier: RenderedFrame, current: RenderedFrame) -> np.ndarray:
    """How surely the motion leads to the same surface, under any illumination: 0 in disoccluded areas.

    Returns:
        (H, W) float32 in 0..1, 0 outside of the earlier frame; edges are hard.
    """
    depth = expected_depth(earlier, current)
    visible = _same_surface(motion.backward, earlier, current, depth)
    visible *= consistency(motion, motion_strictness(motion)) * inside_frame(motion.backward)
    return visible


def agreement(
    backward: np.ndarray, earlier: RenderedFrame, current: RenderedFrame, depth: np.ndarray | None
) -> np.ndarray:
    """How surely a motion leads to the same surface under the same illumination, without the forward motion.

    Args:
        backward: (H, W, 2), to the earlier frame.
        depth: (H, W), how far away the surfaces are expected to be there; None where that is not known.

    Returns:
        (H, W) float32 in 0..1, 0 outside of the earlier frame; edges are hard.
    """
    unchanged = 1.0 - changed(backward, earlier.image, current.image)
    return unchanged * _same_surface(backward, earlier, current, depth) * inside_frame(backward)


def consistency(motion: Motion, strictness: np.ndarray | float = 1.0) -> np.ndarray:
    """Forward-backward consistency: 0 where occluded, (H, W) float32 in 0..1, 0.5 at the paper's threshold.

    Ruder, Dosovitskiy, Brox 2016, equation 5: a pixel is occluded in the other frame where
    |w + ŵ|² > 0.01 (|w|² + |ŵ|²) + 0.5, ŵ being the forward motion at the pixel that w points to. Departs
    from the paper by fading over the threshold instead of stepping, and where the motion is exact by a
    threshold of 0.3 px. `strictness` (H, W) multiplies the error.
    """
    return round_trip(motion, warp_smooth(motion.forward, motion.backward), strictness)


def round_trip(motion: Motion, there: np.ndarray, strictness: np.ndarray | float = 1.0) -> np.ndarray:
    """As `consistency`, with the forward motion (H, W, 2) at the pixels that the backward one points to."""
    error = np.square(motion.backward + there).sum(axis=2)
    length = np.square(motion.backward).sum(axis=2) + np.square(there).sum(axis=2)
    threshold = 0.001 * length + _EXACT_ERROR if motion.exact else 0.01 * length + 0.5
    return np.clip(1.5 - strictness * error / threshold, 0.0, 1.0).astype(np.float32)


def motion_boundaries(backward: np.ndarray) -> np.ndarray:
    """(H, W) bool: motion boundaries. Ruder 2016, equation 6: |∇u|² + |∇v|² > 0.01 |w|² + 0.002."""
    gradients = [np.gradient(backward[..., channel], axis=(0, 1)) for channel in (0, 1)]
    steepness = sum(np.square(part) for pair in gradients for part in pair)
    return steepness > 0.01 * np.square(backward).sum(axis=2) + 0.002


def changed(
    backward: np.ndarray,
    earlier: np.ndarray,
    current: np.ndarray,
    strictness: np.ndarray | float = 1.0,
    expected: np.ndarray | None = None,
) -> np.ndarray:
    """How surely the render itself changed along the motion, (H, W) float32 in 0..1.

    Args:
        strictness: (H, W), multiplies the difference.
        expected: (H, W), a change of luma that does not count; see `video.coherence.illumination`.
    """
    moved = warp_smooth(np.ascontiguousarray(earlier[..., :3]), backward)
    if expected is not None:
        moved += expected[..., None]
    difference = np.abs(moved - current[..., :3]).mean(axis=2)
    # Render noise and edges half a pixel off are no change: 3×3 pixels are averaged.
    difference = cv2.GaussianBlur(difference, (3, 3), 0)
    return np.clip((strictness * difference - _CHANGE_STARTS) / (_CHANGE_SURE - _CHANGE_STARTS), 0.0, 1.0)


def motion_strictness(motion: Motion) -> np.ndarray | float:
    """How many times as strict the tests are, (H, W) or one for all: more at estimated motion boundaries."""
    if motion.exact:
        return 1.0
    return np.where(motion_boundaries(motion.backward), np.float32(_BOUNDARY_STRICTNESS), np.float32(1.0))


def _same_surface(
    backward: np.ndarray, earlier: RenderedFrame, current: RenderedFrame, depth: np.ndarray | None
) -> np.ndarray:
    """Same surface by depth and object index, where both frames have them; (H, W) float32 in 0..1."""
    same = np.ones(backward.shape[:2], np.float32)
    before, now = earlier.passes, current.passes
    if before is None or now is None:
        return same
    if before.index is not None and now.index is not None:
        same[warp_nearest(before.index, backward) != now.index] = 0.0
    if before.depth is not None and now.depth is not None:
        there = warp_nearest(before.depth, backward)
        # A surface that moves along with the camera keeps its distance.
        error = np.abs(there - now.depth)
        if depth is not None:
            error = np.minimum(error, np.abs(there - depth))
        same *= same_depth(error / np.maximum(np.minimum(there, now.depth), 1e-6))
    return same


def same_depth(share: np.ndarray) -> np.ndarray:
    """How surely two depths are of one surface, 0..1, by the share of the smaller by which they differ."""
    return np.clip((_DEPTH_SURE - share) / (_DEPTH_SURE - _DEPTH_STARTS), 0.0, 1.0)


def soft_edges(trusted: np.ndarray, dilation: int = _DILATION) -> np.ndarray:
    """Dilates the unreliable areas by so many pixels, with an edge that falls off outwards, never inwards."""
    kernel = np.ones((2 * dilation + 1, 2 * dilation + 1), np.uint8)
    eroded = cv2.erode(trusted, kernel)
    return np.minimum(eroded, cv2.GaussianBlur(eroded, (0, 0), _SOFTNESS))
