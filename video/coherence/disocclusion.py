"""A start image near the goal for areas that the earlier results say nothing about."""

from __future__ import annotations

import cv2
import numpy as np

from video.coherence.patch_fill import borrowed_strokes

# Pixels: longer side at which colors are compared. The fit is smooth, and its cost does not grow with the
# frame (as in He and Sun 2015, Fast Guided Filter).
_SMALL = 160
# Standard deviation, as a share of the longer side, of the surroundings that colors are learned from. It is
# wide: close to what a thing uncovers lie what it uncovered before and the glow of its own strokes.
_REACH = 0.25
# Variance, in squared units of 0..1, that the render's colors must have there to tell more than one shift of
# color for all of them.
_DISTINCT = 0.002
# With less evidence nearby (a share of the surroundings) the change of color fades to none: no guesses.
_EVIDENCE = 0.02


def start_image(content: np.ndarray, target: np.ndarray, reliability: np.ndarray) -> np.ndarray:
    """The earlier results where they are reliable, the render in the style's local colors elsewhere.

    Revealed areas filled with the plain render keep its colors and show. So the change of color that the
    style made in the reliable surroundings is learned and done to the render there: by surface, since what is
    revealed has the colors of the ground behind, and not those of the thing that moved away. And it gets
    the strokes of places that look alike, since few steps are left to paint any (`strokes`).

    Args:
        content: (H, W, 3) float32 in 0..1, this frame's render.
        target: (H, W, 3), the earlier results, moved to this frame.
        reliability: (H, W) in 0..1.

    Returns:
        (H, W, 3) float32 in 0..1.
    """
    weight = reliability[..., None]
    if float(reliability.min()) >= 1.0:
        return target.astype(np.float32)
    recolored = _recolored(content, target, reliability)
    strokes = borrowed_strokes(content, target - recolored, reliability)
    filled = weight * target + (1.0 - weight) * (recolored + strokes)
    return np.clip(filled, 0.0, 1.0).astype(np.float32)


def _recolored(content: np.ndarray, target: np.ndarray, reliability: np.ndarray) -> np.ndarray:
    """The render with an affine change of color for each pixel, fitted to its reliable surroundings.

    The least-squares fit of a guided filter with a color guide (He, Sun, Tang 2013, Guided Image Filtering,
    equations 19 and 20), weighted by the reliability, and drawn towards a mere shift instead of a constant.
    """
    height, width = reliability.shape
    factor = min(1.0, _SMALL / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    weight = cv2.resize(reliability, size, interpolation=cv2.INTER_AREA)
    guide, wanted = (
        cv2.resize(each * reliability[..., None], size, interpolation=cv2.INTER_AREA)
        / np.maximum(weight, 1e-6)[..., None]
        for each in (content, target)
    )
    evidence = _blurred(weight)
    mean_guide, mean_wanted = (_mean(each, weight, evidence) for each in (guide, wanted))
    spread = _covariance(guide, guide, weight, evidence) + _DISTINCT * np.eye(3, dtype=np.float32)
    shared = _covariance(guide, wanted, weight, evidence) + _DISTINCT * np.eye(3, dtype=np.float32)
    change = np.linalg.solve(spread, shared)
    shift = mean_wanted - np.einsum("hwi,hwij->hwj", mean_guide, change)
    confidence = np.minimum(evidence / _EVIDENCE, 1.0)
    change, shift, confidence = (
        cv2.resize(np.ascontiguousarray(each, np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        for each in (change.reshape(*change.shape[:2], 9), shift, confidence)
    )
    result = np.einsum("hwi,hwij->hwj", content, change.reshape(height, width, 3, 3)) + shift
    return content + confidence[..., None] * (result - content)


def _blurred(field: np.ndarray) -> np.ndarray:
    sigma = max(2.0, _REACH * max(field.shape[:2]))
    return cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)


def _mean(values: np.ndarray, weight: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    return _blurred(values * weight[..., None]) / np.maximum(evidence, 1e-6)[..., None]


def _covariance(
    first: np.ndarray, second: np.ndarray, weight: np.ndarray, evidence: np.ndarray
) -> np.ndarray:
    """(h, w, 3, 3), row by the first's channel, column by the second's."""
    means = np.einsum("hwi,hwj->hwij", _mean(first, weight, evidence), _mean(second, weight, evidence))
    rows = [_mean(first[..., channel, None] * second, weight, evidence) for channel in range(3)]
    return np.stack(rows, axis=2) - means
