"""Pixel noise: pixels that stand out from their neighbors, in the whole frame and at silhouettes."""

from __future__ import annotations

import cv2
import numpy as np

from video.reports.depth_edges import DepthEdges

OUTLIER = 40.0 / 255.0
"""Distance from the 3×3 median from which a pixel is an outlier, in units of 0..1."""

EDGE_BAND = 2
"""Pixels on either side of a depth edge where the edge noise is measured."""


def median_distance(image: np.ndarray) -> np.ndarray:
    """The distance of each pixel from its 3×3 median, of the channel where it is largest, (H, W) float32.

    Args:
        image: (H, W, 3 or 4) float32 in 0..1; alpha is left out. Its border is repeated.
    """
    color = np.ascontiguousarray(image[..., :3], np.float32)
    return np.abs(color - cv2.medianBlur(color, 3)).max(axis=2)


def outlier_share(distance: np.ndarray) -> float:
    """The share of outliers among the pixels, from `median_distance`."""
    return float((distance > OUTLIER).mean())


def edge_noise(distance: np.ndarray, edges: DepthEdges) -> float | None:
    """The mean of `median_distance` in a band around the depth edges; None where there are none."""
    band = edges.band(EDGE_BAND)
    return float(distance[band].mean()) if band.any() else None
