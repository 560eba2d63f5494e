"""Strokes for what has come into view, borrowed from places of the frame where the render looks alike."""

from __future__ import annotations

from math import cos, pi, sin

import cv2
import numpy as np

# Pixels: longer side at which places are compared.
_SMALL = 320
# Where a place may borrow from: so far away, as shares of the longer side, in so many directions.
_DISTANCES = (0.05, 0.08, 0.12, 0.18, 0.27, 0.4)
_DIRECTIONS = 16
# Standard deviation, as a share of the longer side, of the surroundings that are compared and that one piece
# of canvas is borrowed for: about a brush stroke's length.
_PIECE = 0.03
# A source that is itself unreliable costs as much as a color that is off by this much.
_UNRELIABLE = 1.0
# How many times as much the render's colors count as the canvas at the border: strokes go on well from one
# surface to another, and what a thing leaves behind would get the thing's own.
_UNLIKE = 8.0


def borrowed_strokes(content: np.ndarray, strokes: np.ndarray, reliability: np.ndarray) -> np.ndarray:
    """Strokes for the unreliable part of a frame, in pieces that are moved there whole.

    For every pixel one of a fixed set of displacements is chosen, by how alike the render's colors are there
    and here, how reliable the source is, and how well its strokes go on at the piece's border (compare He and
    Sun 2012, Statistics of Patch Offsets for Image Completion; there is no graph cut here, since the
    optimization that follows paints over the seams).

    Args:
        content: (H, W, 3) float32 in 0..1, the render.
        strokes: (H, W, 3) float32, what the style added to the render's colors; counts where it is reliable.
        reliability: (H, W) in 0..1.

    Returns:
        (H, W, 3) float32: the strokes of the chosen sources; 0 where no source is reliable.
    """
    height, width = reliability.shape
    longer = max(height, width)
    factor = min(1.0, _SMALL / longer)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (content, strokes, reliability)]
    choice, there = _choose(small[0], small[1], small[2], _displacements(max(size)))
    choice = cv2.resize(choice, (width, height), interpolation=cv2.INTER_NEAREST)
    there = cv2.resize(there, (width, height), interpolation=cv2.INTER_NEAREST)
    shift = np.round(choice / factor).astype(np.float32)
    columns = np.arange(width, dtype=np.float32)[None, :] + shift[..., 0]
    rows = np.arange(height, dtype=np.float32)[:, None] + shift[..., 1]
    known = np.ascontiguousarray(strokes * reliability[..., None])
    moved = cv2.remap(known, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT)
    return moved * there[..., None]


def _displacements(longer: int) -> list[tuple[int, int]]:
    """(x, y) in px of the small frame."""
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
    sigma = max(2.0, _PIECE * max(reliability.shape))
    hole = 1.0 - reliability
    around = [cv2.GaussianBlur(each, (0, 0), sigma) + 1e-4 for each in (hole, reliability)]
    best = np.full(reliability.shape, np.inf, np.float32)
    choice = np.zeros((*reliability.shape, 2), np.float32)
    there = np.zeros(reliability.shape, np.float32)
    for x, y in displacements:
        moved, colors, canvas = (_moved(each, x, y) for each in (reliability, content, strokes))
        unlike = _UNLIKE * np.square(colors - content).sum(axis=2) + _UNRELIABLE * (1.0 - moved)
        torn = np.square(canvas - strokes).sum(axis=2) * reliability * moved
        cost = cv2.GaussianBlur(unlike * hole, (0, 0), sigma) / around[0]
        cost += 0.5 * cv2.GaussianBlur(torn, (0, 0), sigma) / around[1]
        better = cost < best
        best[better] = cost[better]
        choice[better] = x, y
        there[better] = moved[better]
    return choice, there


def _moved(field: np.ndarray, x: int, y: int) -> np.ndarray:
    """result(p) = field(p + (x, y)), 0 outside."""
    matrix = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y]])
    return cv2.warpAffine(field, matrix, (field.shape[1], field.shape[0]))
