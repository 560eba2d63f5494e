"""Motion field between two frames, in pixels of the image, x to the right and y down."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from video.frames.render_passes import Passes
from video.motion.coverage import Coverage, edge_coverage


@dataclass(frozen=True)
class Motion:
    """Both directions of the motion between a frame and an earlier one, (H, W, 2) float32, in pixels.

    Attributes:
        backward: what is at p in this frame was at p + backward(p) in the earlier one.
        forward: what was at p in the earlier frame is at p + forward(p) in this one.
        exact: the renderer's own motion, to a fraction of a pixel, and not estimated from images.
    """

    backward: np.ndarray
    forward: np.ndarray
    exact: bool = False


@dataclass(frozen=True)
class RenderedFrame:
    """An unstyled frame with its passes, from which motion and reliability are found.

    Attributes:
        number: of the frame.
        image: (H, W, 3 or 4) float32, sRGB in 0..1, in the light of its shot's reference.
        passes: of the render, if there are any.
        full: the same frame at full size, if this one is at a smaller working size.
        light: that was taken out of the image, see `compositor.image_ops.light`.
    """

    number: int
    image: np.ndarray
    passes: Passes | None = None
    full: RenderedFrame | None = None
    light: float = 1.0

    @cached_property
    def coverage(self) -> Coverage | None:
        """Of its silhouettes, where its passes tell them."""
        return edge_coverage(self.image, self.passes)


class FlowEstimator(Protocol):
    """Optical flow: estimates motion from two images alone."""

    def between(self, earlier: np.ndarray, current: np.ndarray) -> Motion:
        """The motion between two images (H, W, 3 or 4) float32 in 0..1."""
        ...
