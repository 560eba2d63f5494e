"""Motion between two frames, in image pixels, x to the right and y down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from video.frames.render_passes import Passes


@dataclass(frozen=True)
class Motion:
    """Both directions of the motion between a frame and an earlier one, (H, W, 2) float32, in pixels.

    Attributes:
        backward: what is at p in this frame was at p + backward(p) in the earlier one.
        forward: what was at p in the earlier frame is at p + forward(p) in this one.
        exact: the renderer's own motion, to a fraction of a pixel, and not an estimate from pictures.
    """

    backward: np.ndarray
    forward: np.ndarray
    exact: bool = False


@dataclass(frozen=True)
class RenderedFrame:
    """A frame as Blender rendered it, from which motion and reliability are found; never a styled one.

    Attributes:
        number: the frame's.
        image: (H, W, 3 or 4) float32, sRGB in 0..1.
        passes: what else is known of it.
        full: the same frame at the size that it is delivered at, where this is a smaller one.
    """

    number: int
    image: np.ndarray
    passes: Passes | None = None
    full: RenderedFrame | None = None


class FlowEstimator(Protocol):
    """Finds motion from two pictures alone."""

    def between(self, earlier: np.ndarray, current: np.ndarray) -> Motion:
        """The motion between two pictures (H, W, 3 or 4) float32 in 0..1."""
        ...
