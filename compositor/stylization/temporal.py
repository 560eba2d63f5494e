"""Temporal constraints: a frame's result, and how the next frame is tied to it (warm start)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from compositor.image_ops.arrays import check_size, map_to_tensor, to_tensor
from compositor.losses.temporal_term import TemporalTerm
from compositor.progress import FrameReport


@dataclass(frozen=True)
class StylizedFrame:
    """A styled frame.

    Attributes:
        image: float32 in 0..1 with the content's shape: the result, mixed with the render.
        optimized: (h, w, 3) float32 in 0..1: the optimized image at the working size; the next frame's warm
            start.
        report: how the frame was stylized.
        detailed: (H, W, 3) float32 in 0..1: `optimized` enlarged to the frame's own size, to which the next
            frame's strokes are tied. None for a frame that is optimized at its own size.
    """

    image: np.ndarray
    optimized: np.ndarray
    report: FrameReport
    detailed: np.ndarray | None = None


@dataclass(frozen=True)
class TemporalConstraint:
    """Ties a frame to the result of the one before, at the working size.

    Attributes:
        target: (h, w, 3) float32 in 0..1: the previous `optimized` image, warped to this frame.
        reliability: (h, w) float32 in 0..1; 0 leaves a pixel free (disocclusion).
        weight: of the temporal loss.
        still: (h, w) bool, where the warm start image is kept bit for bit.
        style_gain: factor on the style weight.
    """

    target: np.ndarray
    reliability: np.ndarray
    weight: float
    still: np.ndarray | None = None
    style_gain: float = 1.0

    def term(self, device: torch.device) -> TemporalTerm | None:
        """The loss term; None at weight 0. Raises ImageError: the reliability has another size."""
        if self.weight == 0.0:
            return None
        check_size(self.reliability, self.target, "reliability map")
        reliability = map_to_tensor(self.reliability, device)
        return TemporalTerm(
            to_tensor(self.target[..., :3], device), reliability, self.weight, self.style_gain
        )

    def fixed(self, device: torch.device) -> Tensor | None:
        """(1, 1, h, w) bool, the still pixels; None if there are none. Raises ImageError: another size."""
        if self.still is None:
            return None
        return fixed_pixels(check_size(self.still, self.target, "map of still pixels"), device)


@dataclass(frozen=True)
class DetailConstraint:
    """Ties an enlarged frame, at its own size, to the result of the one before.

    Attributes:
        target: (H, W, 3) float32 in 0..1: the previous `detailed` image, warped to this frame.
        reliability: (H, W) float32 in 0..1.
        still: (H, W) bool, where `target` is kept bit for bit.
    """

    target: np.ndarray
    reliability: np.ndarray
    still: np.ndarray


def fixed_pixels(still: np.ndarray, device: torch.device) -> Tensor | None:
    """(1, 1, H, W) bool from a map (H, W) of still pixels; None if there are none."""
    return map_to_tensor(still.astype(np.float32), device) > 0.5 if still.any() else None
