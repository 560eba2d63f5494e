"""Patch fill: strokes for disoccluded areas, copied in patches from places where the render looks alike."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, pi, sin

import cv2
import numpy as np

# Pixels: longer side at which places are compared.
_SEARCH_SIZE = 480
# Displacements that are tried: lengths as shares of the longer side, in so many directions.
_DISTANCES = (0.05, 0.08, 0.12, 0.18, 0.27, 0.4)
# Below this distance sources cost more, up to so much: a source that is near is soon copied of itself, and
# what is revealed frame by frame becomes a pattern. On a small surface there is no other.
_NEAR_SOURCE, _NEAR_COST = 0.3, 0.06
_DIRECTIONS = 16
# Standard deviation, as a share of the longer side, of the surroundings that are compared: about a brush
# stroke's width, so that strokes run on from what is beside the hole.
_PATCH_SIGMA = 0.012
# A source that is itself unreliable costs as much as a color that is off by this much.
_UNRELIABLE_COST = 1.0
# How many times as much the render's colors count as the strokes at the border.
_COLOR_COST = 4.0
# How many times as much the strokes' strength counts: a misplaced stroke differs more than none, so that
# without it everything would be filled from the least painted places.
_STRENGTH_COST = 6.0
# Standard deviation, as a share of the longer side, of the surroundings of the same color whose strokes are
# no stronger than those that are copied: beside the hole are the copies of the frame before, and copies fade.
_WIDE_SIGMA = 0.1
# Distance of two colors of the render, in 0..1, at which they hardly are of one surface any more: the strokes
# of the object that has moved away are not to be continued on the background behind it.
_SAME_COLOR = 0.1
# The same of a pixel and its source.
_SOURCE_COLOR = 0.2
# Pixels: side of the cells that have one displacement each.
_CELL = 3
# Standard deviation, in cells, over which one patch fades into the next.
_FADE_SIGMA = 0.7
# The same for the surroundings from whose strokes the copied ones are shifted in color, and by how much at
# most: without it the border of what was revealed shows as a seam.
_SEAM_SIGMA, _MAX_SHIFT = 0.01, 0.25
# Below this share of known sources no strokes are copied.
_MIN_SOURCE = 0.02


@dataclass(frozen=True)
class _Painting:
    """The arguments of `patch_fill`, at one size."""

    content: np.ndarray
    strokes: np.ndarray
    reliability: np.ndarray


def patch_fill(
    content: np.ndarray, strokes: np.ndarray, reliability: np.ndarray, ignored: np.ndarray | None = None
) -> np.ndarray:
    """Strokes for the unreliable part of a frame, copied in patches from the reliable part.

    For every pixel one of a fixed set of displacements is chosen, by how alike the render's colors are at
    both places, how reliable the source is, and how well its strokes continue those of the same surface at
    the hole's border (compare He and Sun 2012, Statistics of Patch Offsets for Image Completion). Instead of
    a graph cut, patches fade into each other, and what still differs at the border is taken off smoothly
    (compare Farbman et al. 2009, Coordinates for Instant Image Cloning). The displacements are the same for
    every frame: what is revealed bit by bit is copied on from where it was begun.

    Args:
        content: (H, W, 3) float32 in 0..1, the unstyled frame.
        strokes: (H, W, 3) float32, what the style added to the render's colors; counts where it is reliable.
        reliability: (H, W) float32 in 0..1.
        ignored: (H, W) bool, what is neither filled nor copied.

    Returns:
        (H, W, 3) float32: the strokes of the chosen sources; 0 where no source is reliable.
    """
    height, width = reliability.shape
    hole = 1.0 - reliability
    if ignored is not None:
        hole[ignored], reliability = 0.0, np.where(ignored, np.float32(0.0), reliability)
    if not (hole > 0.0).any() or not (reliability > 0.0).any():
        return np.zeros_like(strokes)
    longer = max(height, width)
    factor = min(1.0, _SEARCH_SIZE / longer)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    fields = content, strokes * reliability[..., None], reliability, hole
    small = [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in fields]
    painting = _Painting(small[0], small[1] / np.maximum(small[2], 1e-3)[..., None], small[2])
    sigma = max(1.5, _PATCH_SIGMA * max(size))
    alike = _alike(small[0], small[3], sigma)
    displacements = _displacements(max(size))
    choice = _choose(painting, small[3], alike, displacements, sigma)
    off = cv2.resize(_seam(painting, small[3], alike, choice, displacements), (width, height))
    shifts = [(round(x / factor), round(y / factor)) for x, y in displacements]
    copied, found = _copied(_Painting(content, strokes, reliability), hole > 0.01, choice, shifts)
    return (copied + off) * found[..., None]


def _displacements(longer: int) -> list[tuple[int, int]]:
    """The displacements that are tried, (x, y) in pixels of a frame of that longer side."""
    angles = [2.0 * pi * index / _DIRECTIONS for index in range(_DIRECTIONS)]
    return [
        (round(share * longer * cos(angle)), round(share * longer * sin(angle)))
        for share in _DISTANCES
        for angle in angles
    ]


def _alike(content: np.ndarray, hole: np.ndarray, sigma: float) -> np.ndarray:
    """(h, w) in 0..1: whether the render has the color there that it has in the hole next to it."""
    mean = _blurred(content * hole[..., None], sigma) / (_blurred(hole, sigma) + 1e-4)[..., None]
    return np.exp(-np.square(content - mean).sum(axis=2) / (2.0 * _SAME_COLOR**2))


def _choose(
    painting: _Painting,
    hole: np.ndarray,
    alike: np.ndarray,
    displacements: list[tuple[int, int]],
    sigma: float,
) -> np.ndarray:
    """The cheapest displacement of each cell of 3×3 pixels, (h / 3, w / 3), its place in the list."""
    content, strokes, reliability = painting.content, painting.strokes, painting.reliability
    border = reliability * alike
    energy = np.square(strokes).sum(axis=2)
    strength = np.sqrt(_mean(energy, reliability, sigma))
    wide = _WIDE_SIGMA * max(reliability.shape)
    around = _mean(strength, reliability * _alike(content, hole, wide), wide)
    goal = np.maximum(_mean(strength, border, 2.0 * sigma), around)
    in_hole = _Sums(hole, hole > 0.01, sigma)
    in_border = _Sums(border, (border > 0.02) & (_blurred(hole, sigma) > 0.01), sigma)
    colors = _Sources(np.dstack([content, reliability, strength]), in_hole, displacements)
    painted = _Sources(np.dstack([strokes, reliability]), in_border, displacements)
    goal, energy = goal[in_hole.pixels], energy[in_border.pixels]
    best, choice = np.full(in_hole.cells, np.inf, np.float32), np.zeros(in_hole.cells, np.int32)
    for index, displacement in enumerate(displacements):
        there = colors.at(displacement)
        within = _COLOR_COST * np.square(there[:, :3] - colors.here[:, :3]).sum(axis=1)
        within += _UNRELIABLE_COST * (1.0 - there[:, 3]) + _STRENGTH_COST * np.square(there[:, 4] - goal)
        there = painted.at(displacement)
        # |a − b|² − |b|², since a misplaced stroke differs more than none.
        across = (energy - 2.0 * (there[:, :3] * painted.here[:, :3]).sum(axis=1)) * there[:, 3]
        distance = hypot(*displacement) / (_NEAR_SOURCE * max(reliability.shape))
        cost = in_hole.mean(within) + in_border.mean(across) + _NEAR_COST * max(0.0, 1.0 - distance)
        better = cost < best
        best[better], choice[better] = cost[better], index
    return choice


class _Sums:
    """Weighted means, over the surroundings of every cell, of values at some of the pixels.

    Args:
        weight: (h, w), of each pixel.
        where: (h, w) bool, the pixels that count.
        sigma: of the surroundings, in pixels.
    """

    def __init__(self, weight: np.ndarray, where: np.ndarray, sigma: float) -> None:
        self.pixels = np.nonzero(where)
        height, width = where.shape
        self.cells = -(-height // _CELL), -(-width // _CELL)
        self._cell = self.pixels[0] // _CELL * self.cells[1] + self.pixels[1] // _CELL
        self._weight, self._sigma = weight[self.pixels], sigma / _CELL
        self._total = self._sum(self._weight) + 1e-2

    def mean(self, values: np.ndarray) -> np.ndarray:
        """(h / 3, w / 3) float32, from a value for each of the pixels."""
        return self._sum(values * self._weight) / self._total

    def _sum(self, values: np.ndarray) -> np.ndarray:
        total = np.bincount(self._cell, values, self.cells[0] * self.cells[1])
        return _blurred(total.astype(np.float32).reshape(self.cells), self._sigma)


class _Sources:
    """Fields at displaced places, 0 outside of the frame.

    Args:
        fields: (h, w, C) float32.
        sums: whose pixels are displaced.
        displacements: that will be asked for.
    """

    def __init__(self, fields: np.ndarray, sums: _Sums, displacements: list[tuple[int, int]]) -> None:
        margin = max(max(abs(x), abs(y)) for x, y in displacements)
        padded = np.pad(fields, ((margin, margin), (margin, margin), (0, 0)))
        self._stride, self._table = padded.shape[1], padded.reshape(-1, padded.shape[2])
        rows, columns = sums.pixels
        self._places = (rows + margin) * self._stride + columns + margin
        self.here = fields[rows, columns]

    def at(self, displacement: tuple[int, int]) -> np.ndarray:
        """(N, C), for each of the pixels."""
        x, y = displacement
        return self._table[self._places + y * self._stride + x]


def _seam(
    painting: _Painting,
    hole: np.ndarray,
    alike: np.ndarray,
    choice: np.ndarray,
    displacements: list[tuple[int, int]],
) -> np.ndarray:
    """(h, w, 3): what strokes beside the hole have more than those that are copied, smoothly continued."""
    sigma = max(2.0, _SEAM_SIGMA * max(hole.shape))
    around = cv2.dilate(hole, np.ones((2 * round(sigma) + 1,) * 2, np.uint8)) > 0.0
    copied, found = _copied(painting, around, choice, displacements)
    beside = painting.reliability * alike * found
    off = _blurred((painting.strokes - copied) * beside[..., None], sigma)
    return np.clip(off / (_blurred(beside, sigma) + 0.02)[..., None], -_MAX_SHIFT, _MAX_SHIFT)


def _copied(
    painting: _Painting, wanted: np.ndarray, choice: np.ndarray, shifts: list[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """The strokes at the chosen sources (H, W, 3), and (H, W) in 0..1 whether there are any.

    Args:
        wanted: (H, W) bool, where they are needed.
        choice: (h, w), a place in the list `shifts`, (x, y) each in pixels of the full size.
    """
    content, strokes, reliability = painting.content, painting.strokes, painting.reliability
    height, width = wanted.shape
    total, result = np.zeros((height, width), np.float32), np.zeros_like(strokes)
    rows, columns = np.nonzero(wanted)
    cells = _Interpolation(rows, columns, wanted.shape, choice.shape)
    for index in np.unique(cells.nearest(choice)):
        share = cv2.GaussianBlur((choice == index).astype(np.float32), (7, 7), _FADE_SIGMA)
        near = cells.above_zero(share)
        x, y = shifts[index]
        from_rows, from_columns = rows[near] + y, columns[near] + x
        inside = (from_rows >= 0) & (from_rows < height) & (from_columns >= 0) & (from_columns < width)
        near = near[inside]
        here, there = (rows[near], columns[near]), (from_rows[inside], from_columns[inside])
        off = np.square(content[there] - content[here]).sum(axis=1)
        weight = cells.at(share, near) * reliability[there] * np.exp(-off / (2.0 * _SOURCE_COLOR**2))
        total[here] += weight
        result[here] += weight[:, None] * strokes[there]
    result /= np.maximum(total, 1e-6)[..., None]
    return result, np.clip(total / _MIN_SOURCE, 0.0, 1.0)


class _Interpolation:
    """Bilinear interpolation of fields of cells at some pixels.

    Args:
        rows, columns: of the pixels.
        size: of the image that they are in.
        cells: the size of the fields.
    """

    def __init__(
        self, rows: np.ndarray, columns: np.ndarray, size: tuple[int, ...], cells: tuple[int, ...]
    ) -> None:
        places = (
            np.clip((each + 0.5) * (count / length) - 0.5, 0.0, count - 1.0)
            for each, count, length in zip((rows, columns), cells, size, strict=True)
        )
        self._first: list[np.ndarray] = []
        self._second: list[np.ndarray] = []
        self._share: list[np.ndarray] = []
        for place, count in zip(places, cells, strict=True):
            first = place.astype(np.int64)
            self._first.append(first)
            self._second.append(np.minimum(first + 1, count - 1))
            self._share.append((place - first).astype(np.float32))

    def nearest(self, field: np.ndarray) -> np.ndarray:
        """(N,), the field's values in a cell next to each pixel."""
        return field[self._first[0], self._first[1]]

    def above_zero(self, field: np.ndarray) -> np.ndarray:
        """The indices of the pixels at which a field (h, w), 0 or more, surely may be more than 0."""
        grown = cv2.dilate((field > 0.0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        return np.flatnonzero(self.nearest(grown))

    def at(self, field: np.ndarray, which: np.ndarray) -> np.ndarray:
        """(N,), the field's values at the pixels of these indices."""
        (top, left), (bottom, right) = (
            [each[which] for each in part] for part in (self._first, self._second)
        )
        down, across = (each[which] for each in self._share)
        upper = field[top, left] + across * (field[top, right] - field[top, left])
        lower = field[bottom, left] + across * (field[bottom, right] - field[bottom, left])
        return upper + down * (lower - upper)


def _mean(field: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    return _blurred(field * weight, sigma) / (_blurred(weight, sigma) + 1e-3)


def _blurred(field: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(field, (0, 0), sigma)
