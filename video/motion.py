"""Motion between two neighbouring frames, in image pixels, x to the right and y down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import cv2
import numpy as np


@dataclass(frozen=True)
class Motion:
    """Both directions of the motion between a frame and the one before it, (H, W, 2) float32, in pixels.

    Attributes:
        backward: what is at p in this frame was at p + backward(p) in the previous one.
        forward: what was at p in the previous frame is at p + forward(p) in this one.
    """

    backward: np.ndarray
    forward: np.ndarray


class MotionEstimator(Protocol):
    """Anything that finds the motion between two pictures."""

    def between(self, previous: np.ndarray, current: np.ndarray) -> Motion:
        """The motion between two pictures (H, W, 3) float32 in 0..1."""
        ...


class DisFlow:
    """Dense inverse search (Kroeger, Timofte, Dai, Van Gool 2016), as OpenCV has it.

    It is given both frames as they were rendered, never styled ones: strokes are no surface.
    """

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        # The preset stops at half size; full size finds the silhouettes more exactly.
        self._flow.setFinestScale(0)
        self._flow.setVariationalRefinementIterations(10)

    def between(self, previous: np.ndarray, current: np.ndarray) -> Motion:
        """The motion between two pictures (H, W, 3) float32 in 0..1."""
        before, now = _grey(previous), _grey(current)
        calculate = cast("Callable[[np.ndarray, np.ndarray, None], np.ndarray]", self._flow.calc)
        return Motion(backward=calculate(now, before, None), forward=calculate(before, now, None))


def _grey(image: np.ndarray) -> np.ndarray:
    levels = np.round(np.clip(image[..., :3], 0.0, 1.0) * 255.0).astype(np.uint8)
    return cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)
