"""Optical flow: motion that is estimated from two images, where the renderer gives none.

The estimators are given frames as they were rendered, never styled ones: brush strokes are no surface.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from compositor.networks.raft import Raft
from video.motion.motion_field import Motion


class DisFlow:
    """Dense inverse search (Kroeger, Timofte, Dai, Van Gool 2016), as OpenCV has it.

    Args:
        coarse: by OpenCV's own preset, twenty times as fast and less exact.
    """

    def __init__(self, *, coarse: bool = False) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        if coarse:
            return
        # The preset stops at half size; full size finds the silhouettes more exactly.
        self._flow.setFinestScale(0)
        # Chosen on the benchmark's scenes against their vectors: denser patches and a smoother refinement
        # leave a quarter to a half less distrusted of what the vectors trust. A smaller weight of the
        # gradients did better still, but then found a hidden surface's motion in what hid it.
        self._flow.setPatchStride(2)
        self._flow.setVariationalRefinementIterations(20)
        self._flow.setVariationalRefinementAlpha(40.0)
        self._flow.setVariationalRefinementDelta(10.0)

    def between(self, earlier: np.ndarray, current: np.ndarray) -> Motion:
        """The motion between two images (H, W, 3 or 4) float32 in 0..1."""
        before, now = _gray(earlier), _gray(current)
        calculate = cast("Callable[[np.ndarray, np.ndarray, None], np.ndarray]", self._flow.calc)
        return Motion(backward=calculate(now, before, None), forward=calculate(before, now, None))


class FarnebackFlow:
    """Polynomial expansion (Farnebäck 2003), as OpenCV has it: smoother than DIS, blurred at silhouettes."""

    def between(self, earlier: np.ndarray, current: np.ndarray) -> Motion:
        """The motion between two images (H, W, 3 or 4) float32 in 0..1."""
        before, now = _gray(earlier), _gray(current)
        return Motion(backward=self._calculate(now, before), forward=self._calculate(before, now))

    @staticmethod
    def _calculate(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        start = np.zeros((*first.shape, 2), np.float32)
        flow = cv2.calcOpticalFlowFarneback(
            first, second, start, pyr_scale=0.5, levels=6, winsize=13, iterations=5,
            poly_n=7, poly_sigma=1.5, flags=0,
        )  # fmt: skip
        return np.asarray(flow, np.float32)


@dataclass(frozen=True)
class RaftFlow:
    """RAFT (Teed, Deng 2020), as torchvision has it, in both directions."""

    raft: Raft

    def between(self, earlier: np.ndarray, current: np.ndarray) -> Motion:
        """The motion between two images (H, W, 3 or 4) float32 in 0..1."""
        return Motion(self.raft.flow(current, earlier), self.raft.flow(earlier, current))


def _gray(image: np.ndarray) -> np.ndarray:
    levels = np.round(np.clip(image[..., :3], 0.0, 1.0) * 255.0).astype(np.uint8)
    return cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)
