"""Finds cuts: frames that begin a shot, to which nothing of the frames before belongs."""

from __future__ import annotations

import cv2
import numpy as np

from video.motion.motion_field import RenderedFrame

# With less of a frame explained by the one before, whatever it is, nothing is gained from it.
_EXPLAINED_BY_NOTHING = 0.2
# A cut between similar pictures leaves more explained by chance, but changes the colors.
_EXPLAINED_BY_CHANCE, _SIMILAR_COLORS = 0.7, 0.6
_BINS = 8


def begins_shot(earlier: RenderedFrame, current: RenderedFrame, trusted: np.ndarray) -> bool:
    """Whether there is a cut between two neighboring frames.

    Another camera is a cut for certain (Blender's markers bind cameras to frames); otherwise the share of the
    frame that the motion explains, and the colors, tell.

    Args:
        trusted: (H, W) in 0..1, the reliability of the motion between them.
    """
    if _other_camera(earlier, current):
        return True
    explained = float(trusted.mean())
    if explained < _EXPLAINED_BY_NOTHING:
        return True
    return explained < _EXPLAINED_BY_CHANCE and color_overlap(earlier.image, current.image) < _SIMILAR_COLORS


def color_overlap(first: np.ndarray, second: np.ndarray) -> float:
    """The intersection of two pictures' color histograms, 0 (nothing in common) to 1 (Swain 1991)."""
    return float(np.minimum(_histogram(first), _histogram(second)).sum())


def _other_camera(earlier: RenderedFrame, current: RenderedFrame) -> bool:
    before = earlier.passes and earlier.passes.camera
    now = current.passes and current.passes.camera
    return before is not None and now is not None and before.name != now.name


def _histogram(image: np.ndarray) -> np.ndarray:
    pixels = np.ascontiguousarray(image[..., :3], np.float32)
    # Smoothed, or noise at the border of two bins would be a change.
    counts = cv2.calcHist([pixels], [0, 1, 2], None, [_BINS] * 3, [0.0, 1.0001] * 3)
    for axis in range(3):
        counts = _smoothed(counts, axis)
    return counts / max(float(counts.sum()), 1.0)


def _smoothed(counts: np.ndarray, axis: int) -> np.ndarray:
    padded = np.pad(counts, [(1, 1) if each == axis else (0, 0) for each in range(3)])
    length = counts.shape[axis]
    parts = [np.take(padded, range(start, start + length), axis=axis) for start in range(3)]
    return 0.25 * parts[0] + 0.5 * parts[1] + 0.25 * parts[2]
