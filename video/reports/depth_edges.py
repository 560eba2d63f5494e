"""Depth edges: where one surface ends before another one, by the render's depth pass."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# A step between two pixels is an edge from this share of the nearer one's inverse depth on.
_LEAST_STEP = 0.02


@dataclass(frozen=True)
class DepthEdges:
    """Edges between neighboring pixels.

    Attributes:
        across: (H, W − 1) int8, between a pixel and the one to its right: 1 where that one is farther away,
            -1 where it is nearer, 0 where there is no edge.
        down: (H − 1, W) int8, the same between a pixel and the one below.
    """

    across: np.ndarray
    down: np.ndarray

    @classmethod
    def of(cls, depth: np.ndarray) -> DepthEdges:
        """The edges of a depth pass (H, W), distance along the camera's axis; 1e10 in the background.

        Inverse depth is linear over a plane, however steeply it is seen; a step has to stand out from the
        slope on one of its sides.
        """
        inverse = 1.0 / np.maximum(depth.astype(np.float64), 1e-9)
        return cls(_steps(inverse), np.ascontiguousarray(_steps(inverse.T).T))

    def band(self, pixels: int) -> np.ndarray:
        """(H, W) bool: so many pixels, at least 1, on either side of the edges."""
        touched = np.zeros((self.across.shape[0], self.down.shape[1]), bool)
        across, down = self.across != 0, self.down != 0
        touched[:, :-1] |= across
        touched[:, 1:] |= across
        touched[:-1] |= down
        touched[1:] |= down
        size = 2 * pixels - 1
        return cv2.dilate(touched.astype(np.uint8), np.ones((size, size), np.uint8)) > 0


def _steps(inverse: np.ndarray) -> np.ndarray:
    """The edges along the rows of a map of inverse depths, (H, W − 1) int8."""
    steps = np.diff(inverse, axis=1)
    if not steps.size:
        return np.zeros(steps.shape, np.int8)
    padded = np.pad(steps, ((0, 0), (1, 1)), mode="edge")
    direction = np.sign(steps)
    slope = np.minimum(direction * padded[:, :-2], direction * padded[:, 2:])
    prominence = np.abs(steps) - np.maximum(slope, 0.0)
    edge = prominence > _LEAST_STEP * np.maximum(inverse[:, :-1], inverse[:, 1:])
    return np.where(edge, -direction, 0.0).astype(np.int8)
