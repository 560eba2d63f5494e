"""Disocclusion: fills the areas of a start image that no earlier result shows."""

from __future__ import annotations

import cv2
import numpy as np

from video.coherence.patch_fill import patch_fill

# Pixels: longer side at which colors are compared. The fit is smooth, and its cost does not grow with the
# frame (as in He and Sun 2015, Fast Guided Filter).
_FIT_SIZE = 160
# Standard deviation, as a share of the longer side, of the surroundings that the fit is weighted by. It is
# wide: close to what an object uncovers lie what it uncovered before and the glow of its own strokes.
_FIT_SIGMA = 0.25
# Variance, in squared units of 0..1, that the render's colors must have for the fit to be more than a shift.
_RIDGE = 0.002
# With less reliable surroundings (a share of them) the change of color fades to none.
_MIN_EVIDENCE = 0.02
# A pixel that the earlier frames show less surely is disoccluded.
_KNOWN = 0.5
# As shares of the longer side: disoccluded areas at least so wide are joined to what lies beside them, over a
# band of that width. Narrower ones, as slow motion leaves, are continued from it anyway. Beside very wide
# ones may be the stroke that was painted along a silhouette.
_JOINT = 1 / 96
_WIDE, _WIDE_JOINT = 1 / 32, 1 / 48
# How much strokes are held right beside such an area.
_LEAST_HELD = 0.02
# Share of the area's depth by which what lies in front of it is nearer.
_SAME_DEPTH = 0.05


def fill_disocclusions(
    content: np.ndarray, target: np.ndarray, reliability: np.ndarray, ignored: np.ndarray | None = None
) -> np.ndarray:
    """The warped results where they are reliable; elsewhere the render with local style colors and strokes.

    Disoccluded areas filled with the plain render would keep its colors and show. So the change of color that
    the style made in the reliable surroundings is fitted and applied to the render there: by color, since the
    background that is uncovered has other colors than the object that moved away. The strokes come from
    similar places (`patch_fill`), since few optimization steps are left to make any.

    Args:
        content: (H, W, 3) float32 in 0..1, the unstyled frame.
        target: (H, W, 3) float32 in 0..1, the earlier results, warped to this frame.
        reliability: (H, W) float32 in 0..1, of the target.
        ignored: (H, W) bool, unreliable pixels that say nothing of their surroundings: mixed ones.

    Returns:
        (H, W, 3) float32 in 0..1.
    """
    weight = reliability[..., None]
    if float(reliability.min()) >= 1.0:
        return target.astype(np.float32)
    recolored = _recolored(content, target, reliability)
    strokes = patch_fill(content, target - recolored, reliability, ignored)
    filled = weight * target + (1.0 - weight) * (recolored + strokes)
    return np.clip(filled, 0.0, 1.0).astype(np.float32)


def held_beside(
    known: np.ndarray, depth: np.ndarray | None, entering: np.ndarray | None = None
) -> np.ndarray:
    """How much strokes are held to the earlier results, (H, W) float32 in 0..1: less beside disocclusions.

    Held in full they would end in a line where a disoccluded area begins, and show the outline of what has
    moved away; and the strokes within it could not run on into them. What lies in front of the area is held.

    Args:
        known: (H, W) float32 in 0..1, how surely the earlier frames show a pixel's surface.
        depth: (H, W), distances from the camera; None where they are not known, and all is held.
        entering: (H, W) bool, what has come in over the frame's border: there was no silhouette.
    """
    held = np.ones(known.shape, np.float32)
    if depth is not None:
        unknown, longer = known < _KNOWN, max(known.shape)
        revealed = unknown if entering is None else unknown & ~entering
        for area, least, joint in ((unknown, _JOINT, _JOINT), (revealed, _WIDE, _WIDE_JOINT)):
            beside = _held_beside(area.astype(np.uint8), depth, least * longer, joint * longer)
            held = np.minimum(held, beside)
    return held


def _held_beside(unknown: np.ndarray, depth: np.ndarray, least: float, joint: float) -> np.ndarray:
    """The same beside areas at least so many pixels wide, over so many; `unknown` (H, W) is 0 or 1."""
    held, side = np.ones(depth.shape, np.float32), 2 * max(1, round(0.5 * least)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    # Beyond the frame there is more of the same.
    wide = cv2.morphologyEx(unknown, cv2.MORPH_OPEN, kernel, borderType=cv2.BORDER_REPLICATE)
    if not wide.any():
        return held
    found = cv2.distanceTransformWithLabels(1 - wide, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    away, labels = np.asarray(found[0]), np.asarray(found[1], np.int64)
    # Of each label there is one pixel in the areas: the nearest one of all that have the label.
    area_depth = np.zeros(int(labels.max()) + 1, np.float32)
    area_depth[labels[wide > 0]] = depth[wide > 0]
    behind = depth >= (1.0 - _SAME_DEPTH) * area_depth[labels]
    share = np.clip(away / joint, 0.0, 1.0) ** 2
    held[behind] = (_LEAST_HELD + (1.0 - _LEAST_HELD) * share)[behind]
    return held


def _recolored(content: np.ndarray, target: np.ndarray, reliability: np.ndarray) -> np.ndarray:
    """The render with an affine change of color at each pixel, fitted to its reliable surroundings.

    The least-squares fit of a guided filter with a color guide (He, Sun, Tang 2013, Guided Image Filtering,
    equations 19 and 20), weighted by the reliability, and regularized towards a shift instead of a constant.
    """
    height, width = reliability.shape
    factor = min(1.0, _FIT_SIZE / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    weight = cv2.resize(reliability, size, interpolation=cv2.INTER_AREA)
    guide, goal = (
        cv2.resize(each * reliability[..., None], size, interpolation=cv2.INTER_AREA)
        / np.maximum(weight, 1e-6)[..., None]
        for each in (content, target)
    )
    evidence = _blurred(weight)
    mean_guide, mean_goal = (_mean(each, weight, evidence) for each in (guide, goal))
    variance = _covariance(guide, guide, weight, evidence) + _RIDGE * np.eye(3, dtype=np.float32)
    covariance = _covariance(guide, goal, weight, evidence) + _RIDGE * np.eye(3, dtype=np.float32)
    change = np.linalg.solve(variance, covariance)
    shift = mean_goal - np.einsum("hwi,hwij->hwj", mean_guide, change)
    confidence = np.minimum(evidence / _MIN_EVIDENCE, 1.0)
    change, shift, confidence = (
        cv2.resize(np.ascontiguousarray(each, np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        for each in (change.reshape(*change.shape[:2], 9), shift, confidence)
    )
    result = np.einsum("hwi,hwij->hwj", content, change.reshape(height, width, 3, 3)) + shift
    return content + confidence[..., None] * (result - content)


def _blurred(field: np.ndarray) -> np.ndarray:
    sigma = max(2.0, _FIT_SIGMA * max(field.shape[:2]))
    return cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)


def _mean(values: np.ndarray, weight: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    return _blurred(values * weight[..., None]) / np.maximum(evidence, 1e-6)[..., None]


def _covariance(
    first: np.ndarray, second: np.ndarray, weight: np.ndarray, evidence: np.ndarray
) -> np.ndarray:
    """(h, w, 3, 3): local covariance, row by the first's channel, column by the second's."""
    means = np.einsum("hwi,hwj->hwij", _mean(first, weight, evidence), _mean(second, weight, evidence))
    rows = [_mean(first[..., channel, None] * second, weight, evidence) for channel in range(3)]
    return np.stack(rows, axis=2) - means
