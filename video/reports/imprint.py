"""Imprint: what is left of former silhouettes on the surfaces that they lay before.

Where an occluder has moved on, its old outline may stay in the strokes of what lies behind it as a line.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from video.motion.motion_field import Motion
from video.reports.depth_edges import DepthEdges

TRAIL_LENGTH = 6
"""Frames back whose silhouettes are looked at."""

# Share by which the depth of one surface may differ, over a few pixels or from frame to frame.
_SAME_DEPTH = 0.1
# Pixels around the silhouettes of the frame itself that are left out: the steps there are the render's.
_CURRENT = 4
# Gradient of the render from which it has an edge of its own, and the pixels around that are left out: where
# an occluder stands on the ground, or its shadow falls, former silhouettes all run into the same line.
_RENDERED_EDGE, _RENDERED_AROUND = 0.02, 2
# Pixels: distance from the former silhouettes of what is beside them, exclusive and inclusive.
_BESIDE_FROM, _BESIDE_TO = 2.5, 6.0
# With fewer pixels along the silhouettes or beside them a ratio says nothing.
_LEAST_PIXELS = 50
# Added to both gradients, so that a flat picture, as at the end of a fade, has the ratio 1.
_LEAST_GRADIENT = 1e-4


@dataclass(frozen=True)
class _Silhouette:
    """The pixels of the farther surface along the depth edges of a frame, moved along with that surface.

    Attributes:
        places: (N, 2) float32, x and y in pixels of the frame at hand.
        outward: (N, 2) float32, one pixel away from the nearer surface.
        depth: (N) float32, of the farther surface.
    """

    places: np.ndarray
    outward: np.ndarray
    depth: np.ndarray

    @classmethod
    def of(cls, edges: DepthEdges, depth: np.ndarray) -> _Silhouette:
        """The silhouettes of a frame."""
        places, outward = [], []
        for steps, direction in ((edges.across, (1, 0)), (edges.down, (0, 1))):
            for sign in (1, -1):
                rows, columns = np.nonzero(steps == sign)
                # The step is between this pixel and the next; the farther of the two is kept.
                place = np.stack([columns, rows], axis=1) + (np.array(direction) if sign == 1 else 0)
                places.append(place)
                outward.append(np.broadcast_to(sign * np.array(direction), place.shape))
        where, away = (np.concatenate(each).astype(np.float32) for each in (places, outward))
        return cls(where, away, _at(depth, where))

    def moved(self, motion: Motion, depth: np.ndarray) -> _Silhouette:
        """Where it lies in the next frame, as far as the farther surface is still visible there.

        Args:
            motion: from this frame to the next one.
            depth: (H, W), of the next frame.
        """
        # At the edge itself a vector may be a mixture of both surfaces.
        places = self.places + _at(motion.forward, self.places + self.outward)
        inside = _inside(places, depth.shape)
        there = _at(depth, places + self.outward)
        kept = inside & _same(there, self.depth)
        return _Silhouette(places[kept], self.outward[kept], there[kept])


class SilhouetteTrail:
    """The silhouettes of the last frames of a shot, followed on the surface behind them.

    A silhouette is forgotten where that surface is covered again: what appears there later is new.
    """

    def __init__(self) -> None:
        self._former: deque[_Silhouette] = deque(maxlen=TRAIL_LENGTH)

    def clear(self) -> None:
        """Begins a shot."""
        self._former.clear()

    def move(self, motion: Motion, depth: np.ndarray) -> None:
        """Follows them to the next frame.

        Args:
            motion: between the frame before and the one at hand.
            depth: (H, W), of the one at hand.
        """
        self._former = deque((each.moved(motion, depth) for each in self._former), TRAIL_LENGTH)

    def add(self, edges: DepthEdges, depth: np.ndarray) -> None:
        """Adds the silhouettes of the frame at hand."""
        self._former.append(_Silhouette.of(edges, depth))

    def imprint(
        self, styled: np.ndarray, rendered: np.ndarray, edges: DepthEdges, depth: np.ndarray
    ) -> float | None:
        """The gradient of a styled frame along the former silhouettes, relative to that beside them.

        The mean magnitude of the gradient within 1 px of them against that 3 to 6 px beside them on the same
        surface, where the render has no edge. 1 where nothing is imprinted; a stroke that lies there by
        chance counts as well, so that only the mean over frames says something.

        Args:
            styled, rendered: (H, W, 3 or 4) float32 in 0..1.
            edges, depth: (H, W), of this frame.

        Returns:
            None where too few pixels of former silhouettes are visible.
        """
        core, core_depth = self._drawn(depth)
        if not core.any():
            return None
        distance, numbers = cv2.distanceTransformWithLabels(
            (~core).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        labels = numbers.astype(np.int64)
        nearest = np.zeros(int(labels.max()) + 1, np.float32)
        nearest[labels[core]] = core_depth[core]
        # Smoothed, since the noise of a render is no edge.
        smooth = cv2.GaussianBlur(rendered[..., :3], (0, 0), 1.0)
        own = _dilated(_gradient(smooth) > _RENDERED_EDGE, _RENDERED_AROUND) | edges.band(_CURRENT)
        surface = _same(depth, nearest[labels]) & ~own
        line = surface & _dilated(core, 1)
        beside = surface & (distance > _BESIDE_FROM) & (distance <= _BESIDE_TO)
        if min(int(line.sum()), int(beside.sum())) < _LEAST_PIXELS:
            return None
        steepness = _gradient(styled) + _LEAST_GRADIENT
        return float(steepness[line].mean() / steepness[beside].mean())

    def _drawn(self, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(H, W) bool, the pixels on both sides of the former edges where the farther surface is visible now;
        and (H, W), its depth there."""
        core, core_depth = np.zeros(depth.shape, bool), np.zeros(depth.shape, np.float32)
        for each in self._former:
            for side in (each.places, each.places - each.outward):
                visible = _inside(side, depth.shape) & _same(_at(depth, side), each.depth)
                columns, rows = np.rint(side[visible]).astype(int).T
                core[rows, columns] = True
                core_depth[rows, columns] = each.depth[visible]
        return core, core_depth


def _same(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether two depths may be of one surface."""
    return np.abs(one - other) <= _SAME_DEPTH * np.minimum(one, other)


def _inside(places: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(N) bool: whether the nearest pixel of a place (x, y) is in the frame."""
    columns, rows = np.rint(places).T
    return (columns >= 0) & (rows >= 0) & (columns < shape[1]) & (rows < shape[0])


def _at(field: np.ndarray, places: np.ndarray) -> np.ndarray:
    """A field's values at the pixels nearest to places (N, 2) of x and y; the border is repeated."""
    columns, rows = np.rint(places).astype(int).T
    return field[rows.clip(0, field.shape[0] - 1), columns.clip(0, field.shape[1] - 1)]


def _dilated(mask: np.ndarray, pixels: int) -> np.ndarray:
    """A mask (H, W) with so many pixels around."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)) > 0


def _gradient(image: np.ndarray) -> np.ndarray:
    """(H, W): the magnitude of the central differences of all channels together."""
    down, across = np.gradient(image[..., :3].astype(np.float32), axis=(0, 1))
    return np.sqrt((np.square(down) + np.square(across)).sum(axis=2))
