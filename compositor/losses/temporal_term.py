"""Temporal loss term: ties a frame to the warped previous result; what else differs in such a frame."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

SMOOTHING = 2.5
"""Factor on the total variation of a frame with a temporal term.

Warping from frame to frame sharpens what is moved, and strokes that are held leave a part of the style loss
that noise would reduce. With this factor the noise along silhouettes stays about that of the first frame.
"""

SPECKLE = 35.0
"""Weight of the speckle (`compositor.losses.terms.speckle_loss`) in such a frame, as a multiple of the
weight of the total variation.

Smoothed alone, pixels that stand out grow in number from frame to frame: in grass by a quarter in six frames.
With this weight there are nine tenths of the first frame's, at the same style and content.
"""

FREE_LOCAL_STYLE = 5.0
"""Factor on the local style loss at reliability 0; 1 at reliability 1.

What comes into view has the few steps of a warm frame, where a first frame has ten times as many.
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

    @property
    def local_emphasis(self) -> Tensor:
        """(1, 1, H, W): by which pixels count in the local style loss."""
        return FREE_LOCAL_STYLE + (1.0 - FREE_LOCAL_STYLE) * self.reliability

    @property
    def hessian_diagonal(self) -> Tensor:
        """(1, 1, H, W): the diagonal of the weighted temporal loss's Hessian, which is diagonal."""
        return self.reliability * (2.0 * self.weight / self.target.numel())
