"""Temporal hold: the loss that ties a frame to the warped previous result, and its share of smoothing."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from compositor.losses import terms

HELD_SMOOTHING, FREE_SMOOTHING = 4.5, 8.0
"""How many times as much the total variation counts in a frame that is held, where it is and where it is not.

What is moved from frame to frame would get sharper each time. And the held pixels leave a part of the style
loss standing, which the free ones, often a strip of a few, would make up for with noise: on an orbit with
occluders they had 1.7 times the sharpness of the same pixels in a frame alone. The style loss is the same.
"""


@dataclass(frozen=True)
class TemporalTerm:
    """The temporal loss's target (1, 3, H, W), reliability (1, 1, H, W) and weight.

    `style_gain` is what the style's weight is multiplied with meanwhile: the hold would wear the style off.
    """

    target: Tensor
    reliability: Tensor
    weight: float
    style_gain: float = 1.0

    def smoothed(self, image: Tensor, visible: Tensor | None) -> Tensor:
        """The total variation of an image (1, 3, H, W), of which free pixels have a larger part."""
        counts = FREE_SMOOTHING + (HELD_SMOOTHING - FREE_SMOOTHING) * self.reliability
        return terms.tv_loss(image, counts if visible is None else counts * visible)

    @property
    def hessian_diagonal(self) -> Tensor:
        """(1, 1, H, W): the diagonal of the weighted temporal loss's Hessian, which has nothing else."""
        return self.reliability * (2.0 * self.weight / self.target.numel())
