"""Patch fill: strokes for disoccluded areas, copied in patches from places where the render looks alike."""

from __future__ import annotations

from math import cos, pi, sin

import cv2
import numpy as np

# Pixels: longer side at which places are compared.
_SEARCH_SIZE = 320
# Displacements that are tried: lengths as shares of the longer side, in so many directions.
_DISTANCES = (0.05, 0.08, 0.12, 0.18, 0.27, 0.4)
_DIRECTIONS = 16
# Standard deviation, as a share of the longer side, of the surroundings that are compared, which makes the
# size of a patch: about a brush stroke's length.
_PATCH_SIGMA = 0.03
# A source that is itself unreliable costs as much as a color that is off by this much.
_UNRELIABLE_COST = 1.0
# How many times as much the render's colors count as the strokes at the border: strokes continue well from
# one surface to another, and the background that an object uncovers would get the object's own.
_COLOR_COST = 8.0


def patch_fill(content: np.ndarray, strokes: np.ndarray, reliability: np.ndarray) -> np.ndarray:
    """Strokes for the unreliable part of a frame, copied in patches from the reliable part.

    For every pixel one of a fixed set of displacements is chosen, by how alike the render's colors are at
    both places, how reliable the source is, and how well its strokes continue at the patch's border (compare
    He and Sun 2012, Statistics of Patch Offsets for Image Completion; there is no graph cut here, since the
    optimization that follows removes the seams).

    Args:
        content: (H, W, 3) float32 in 0..1, the unstyled frame.
        strokes: (H, W, 3) float32, what the style added to the render's colors; counts where it is reliable.
        reliability: (H, W) float32 in 0..1.

    Returns:
        (H, W, 3) float32: the strokes of the chosen sources; 0 where no source is reliable.
    """
    height, width = reliability.shape
    longer = max(height, width)
    factor = min(1.0, _SEARCH_SIZE / longer)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (content, strokes, reliability)]
    choice, source_reliability = _choose(small[0], small[1], small[2], _displacements(max(size)))
    choice = cv2.resize(choice, (width, height), interpolation=cv2.INTER_NEAREST)
    source_reliability = cv2.resize(source_reliability, (width, height), interpolation=cv2.INTER_NEAREST)
    shift = np.round(choice / factor).astype(np.float32)
    columns = np.arange(width, dtype=np.float32)[None, :] + shift[..., 0]
    rows = np.arange(height, dtype=np.float32)[:, None] + shift[..., 1]
    known = np.ascontiguousarray(strokes * reliability[..., None])
    moved = cv2.remap(known, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT)
    return moved * source_reliability[..., None]


def _displacements(longer: int) -> list[tuple[int, int]]:
    """The displacements that are tried, (x, y) in pixels of a frame of that longer side."""
    angles = [2.0 * pi * index / _DIRECTIONS for index in range(_DIRECTIONS)]
    return [
        (round(share * longer * cos(angle)), round(share * longer * sin(angle)))
        for share in _DISTANCES
        for angle in angles
    ]


def _choose(
    content: np.ndarray, strokes: np.ndarray, reliability: np.ndarray, displacements: list[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Each pixel's cheapest displacement, (h, w, 2), and how reliable its source is, (h, w) in 0..1."""
    sigma = max(2.0, _PATCH_SIGMA * max(reliability.shape))
    hole = 1.0 - reliability
    around = [cv2.GaussianBlur(each, (0, 0), sigma) + 1e-4 for each in (hole, reliability)]
    best = np.full(reliability.shape, np.inf, np.float32)
    choice = np.zeros((*reliability.shape, 2), np.float32)
    source_reliability = np.zeros(reliability.shape, np.float32)
    for x, y in displacements:
        moved, colors, moved_strokes = (_moved(each, x, y) for each in (reliability, content, strokes))
        color_cost = _COLOR_COST * np.square(colors - content).sum(axis=2) + _UNRELIABLE_COST * (1.0 - moved)
        border_cost = np.square(moved_strokes - strokes).sum(axis=2) * reliability * moved
        cost = cv2.GaussianBlur(color_cost * hole, (0, 0), sigma) / around[0]
        cost += 0.5 * cv2.GaussianBlur(border_cost, (0, 0), sigma) / around[1]
        better = cost < best
        best[better] = cost[better]
        choice[better] = x, y
        source_reliability[better] = moved[better]
    return choice, source_reliability


def _moved(field: np.ndarray, x: int, y: int) -> np.ndarray:
    """result(p) = field(p + (x, y)), 0 outside."""
    matrix = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y]])
    return cv2.warpAffine(field, matrix, (field.shape[1], field.shape[0]))
