"""Temporal loss term: ties a frame to the warped previous result, with its smoothing and its Hessian."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from compositor.losses import terms

HELD_SMOOTHING, FREE_SMOOTHING = 4.5, 8.0
"""Factors on the total variation of a frame with a temporal term, at reliability 1 and at reliability 0.

Warping from frame to frame sharpens what is moved. And reliable pixels, which hardly change, leave a part of
the style loss that the free ones, often a narrow strip, would reduce by adding noise: on an orbit with
occluders they had 1.7 times the sharpness of the same pixels in a frame optimized alone. With these factors
the style loss is the same.
"""


@dataclass(frozen=True)
class TemporalTerm:
    """The temporal loss of one frame (`compositor.losses.terms.temporal_loss`) and what goes with it.

    Attributes:
        target: (1, 3, H, W) in 0..1, the previous result warped to this frame.
        reliability: (1, 1, H, W) in 0..1; 0 where nothing is known (disocclusion).
        weight: of the temporal loss.
        style_gain: factor on the style weight, which makes up for the style that the term would wear off.
    """

    target: Tensor
    reliability: Tensor
    weight: float
    style_gain: float = 1.0

    def smoothed(self, image: Tensor, visible: Tensor | None) -> Tensor:
        """The total variation of an image (1, 3, H, W), weighted pixel by pixel by the reliability.

        Args:
            visible: (1, 1, H, W) in 0..1, or None for an opaque frame.
        """
        weights = FREE_SMOOTHING + (HELD_SMOOTHING - FREE_SMOOTHING) * self.reliability
        return terms.tv_loss(image, weights if visible is None else weights * visible)

    @property
    def hessian_diagonal(self) -> Tensor:
        """(1, 1, H, W): the diagonal of the weighted temporal loss's Hessian, which is diagonal."""
        return self.reliability * (2.0 * self.weight / self.target.numel())
