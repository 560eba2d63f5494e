"""Temporal loss term: ties a frame to the warped previous result; what else differs in such a frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from compositor.image_ops.resize import reduced

SMOOTHING = 2.75
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

FREE_STYLE, FREE_LOCAL_STYLE = 3.0, 5.0
"""Factors on a pixel's part in the style loss and in the local one at reliability 0; 1 at reliability 1.

What comes into view has the few steps of a warm frame, where a first frame has ten times as many. And the
statistics of a whole frame hardly notice it, as they are met by what is held.
"""


@dataclass(frozen=True)
class Emphasis:
    """By how much the pixels of a frame count in its style losses.

    Attributes:
        style: (1, 1, H, W), in the style loss, whose statistics are means by it.
        local: (1, 1, H, W), in the local style loss.
    """

    style: Tensor
    local: Tensor

    def reduced(self, height: int, width: int) -> Emphasis:
        """The same at a smaller size."""
        return Emphasis(reduced(self.style, height, width), reduced(self.local, height, width))


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
    def emphasis(self) -> Emphasis:
        """Of the pixels that are free."""
        free = 1.0 - self.reliability
        return Emphasis(1.0 + (FREE_STYLE - 1.0) * free, 1.0 + (FREE_LOCAL_STYLE - 1.0) * free)

    def reduced(self, height: int, width: int) -> TemporalTerm:
        """The same for the image at a smaller size."""
        return replace(
            self,
            target=reduced(self.target, height, width),
            reliability=reduced(self.reliability, height, width),
        )

    @property
    def hessian_diagonal(self) -> Tensor:
        """(1, 1, H, W): the diagonal of the weighted temporal loss's Hessian, which is diagonal."""
        return self.reliability * (2.0 * self.weight / self.target.numel())
