"""What a frame hands on to the next: its result, and the ties that are made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from compositor.image_ops.arrays import check_size, map_to_tensor, to_tensor
from compositor.losses.temporal_hold import TemporalTerm
from compositor.progress import Report


@dataclass(frozen=True)
class StylizedFrame:
    """A styled frame and how it came about.

    Attributes:
        image: float32 in 0..1 with the content's shape: what the artist gets, mixed with the render.
        optimized: (h, w, 3) float32 in 0..1: what the optimization ended with, at the size that the frame was
            painted at; the next frame starts from it.
        detailed: (H, W, 3) float32 in 0..1: the same brought up and finished at full size; the finish of the
            next frame starts from it. None if it was not done.
    """

    image: np.ndarray
    optimized: np.ndarray
    report: Report
    detailed: np.ndarray | None = None


@dataclass(frozen=True)
class TemporalConstraint:
    """Ties a frame to the result of the one before.

    Attributes:
        target: (h, w, 3) float32, 0..1: the previous `optimized` picture, warped to this frame.
        reliability: (h, w) float32, 0 (revealed: free) to 1.
        weight: of the temporal loss.
        still: (h, w) bool, where the start image is kept to the last bit.
        style_gain: how many times as strongly the style pulls as in a frame that is not held.
    """

    target: np.ndarray
    reliability: np.ndarray
    weight: float
    still: np.ndarray | None = None
    style_gain: float = 1.0

    def term(self, device: torch.device) -> TemporalTerm | None:
        """The temporal loss; None without weight. Raises ImageError: the reliability has another size."""
        if self.weight == 0.0:
            return None
        check_size(self.reliability, self.target, "reliability map")
        reliability = map_to_tensor(self.reliability, device)
        return TemporalTerm(
            to_tensor(self.target[..., :3], device), reliability, self.weight, self.style_gain
        )

    def fixed(self, device: torch.device) -> Tensor | None:
        """(1, 1, h, w) bool, what is still; None for nothing. Raises ImageError: it has another size."""
        if self.still is None:
            return None
        return fixed_pixels(check_size(self.still, self.target, "map of still pixels"), device)


@dataclass(frozen=True)
class DetailConstraint:
    """Ties the finish of a frame, which is done at full size, to that of the one before.

    Attributes:
        target: (H, W, 3) float32, 0..1: the previous `detailed` picture, warped to this frame.
        reliability: (H, W) float32, 0 to 1.
        still: (H, W) bool, where it is kept as it was.
    """

    target: np.ndarray
    reliability: np.ndarray
    still: np.ndarray


def fixed_pixels(still: np.ndarray, device: torch.device) -> Tensor | None:
    """(1, 1, H, W) bool from a map (H, W) of what is still; None where nothing is."""
    return map_to_tensor(still.astype(np.float32), device) > 0.5 if still.any() else None
