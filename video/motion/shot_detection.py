"""Shot detection: finds cuts, the frames that begin a shot and get a cold start."""

from __future__ import annotations

import cv2
import numpy as np

from video.motion.motion_field import RenderedFrame

# With a smaller mean reliability a warm start is no gain, cut or not.
_MIN_RELIABILITY = 0.2
# A cut between similar images leaves more reliable by chance, but changes the colors.
_CHANCE_RELIABILITY, _SIMILAR_COLORS = 0.7, 0.6
_BINS = 8


def begins_shot(earlier: RenderedFrame, current: RenderedFrame, trusted: np.ndarray) -> bool:
    """Whether there is a cut between two neighboring frames.

    Another camera is always one (Blender's markers bind cameras to frames); otherwise the mean reliability
    of the motion and the colors decide.

    Args:
        trusted: (H, W) float32 in 0..1, the reliability of the motion between them.
    """
    if _other_camera(earlier, current):
        return True
    mean = float(trusted.mean())
    if mean < _MIN_RELIABILITY:
        return True
    return mean < _CHANCE_RELIABILITY and color_overlap(earlier.image, current.image) < _SIMILAR_COLORS


def color_overlap(first: np.ndarray, second: np.ndarray) -> float:
    """The intersection of two images' color histograms, 0 (nothing in common) to 1 (Swain 1991)."""
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
