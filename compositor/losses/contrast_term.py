"""Contrast term: what is lighter or darker than its surroundings in the render stays so.

The content loss keeps shapes at a deep layer, which knows little of light and dark: under strong strokes a
subject of the palette's dark tones sinks into a ground of the same. With D the difference of two Gaussian
means of luma, over `NARROW` and over `WIDE`, this term is

    Σ_x w_x max(0, |D(P)_x| − sign(D(P)_x) · D(X)_x)² / Σ_x w_x D(P)_x²,  w_x = D(P)_x² / (D(P)_x² + m²)

for the image X and the render P, m² being the mean of D(P)²: only what is missing of the render's contrast
counts. Where the render is flat w is 0 and nothing is asked for; strokes, finer than `NARROW`, are free.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.image_ops.color import LUMA_WEIGHTS

CELLS = 64
"""Places along the longer side at which the contrast is compared."""

NARROW, WIDE = 0.008, 0.057
"""Standard deviations of the two means, as shares of the longer side."""

_LEAST_CONTRAST = 0.02
"""Root mean square, in 0..1: a render with less counts as one with so much, and its noise for little."""


class ContrastTerm:
    """The missing contrast of images, against that of one frame's content.

    Args:
        content: (1, 3, H, W), sRGB in 0..1.
        visible: (1, 1, H, W) in 0..1, by which places count; None for all alike.
    """

    def __init__(self, content: Tensor, visible: Tensor | None = None) -> None:
        height, width = content.shape[-2:]
        longer = max(height, width)
        self._means = [
            tuple(_gaussian_means(length, longer, sigma * longer).to(content) for length in (height, width))
            for sigma in (NARROW, WIDE)
        ]
        self._luma = torch.from_numpy(LUMA_WEIGHTS).to(content).view(1, 3, 1, 1)
        with torch.no_grad():
            self._target = self._contrast(content)
            size = self._target.shape[-2:]
            counted = (
                torch.ones_like(self._target)
                if visible is None
                else F.interpolate(visible, size, mode="area")
            )
            squares = self._target.square()
            mean = (counted * squares).sum() / counted.sum().clamp_min(1e-6)
            self._weights = counted * squares / (squares + mean.clamp_min(_LEAST_CONTRAST**2))
            least = _LEAST_CONTRAST**2 * counted.sum()
            self._energy = (self._weights * squares).sum().maximum(least).clamp_min(1e-12)

    def __call__(self, image: Tensor) -> Tensor:
        """The loss of an image (1, 3, H, W) in 0..1, a scalar; 0 with all of the contrast, 1 with none."""
        missing = (self._target.abs() - self._target.sign() * self._contrast(image)).clamp_min(0.0)
        return (self._weights * missing.square()).sum() / self._energy

    def _contrast(self, image: Tensor) -> Tensor:
        """(1, 1, h, w): the difference of the two means of luma."""
        luma = (image * self._luma).sum(dim=1, keepdim=True)
        narrow, wide = (down @ luma @ across.T for down, across in self._means)
        return narrow - wide


def _gaussian_means(length: int, longer: int, sigma: float) -> Tensor:
    """(places, length): the product with it is a mean around each place, by a Gaussian of `sigma` px."""
    places = max(1, round(CELLS * length / longer))
    centers = (torch.arange(places) + 0.5) * (length / places) - 0.5
    offsets = torch.arange(length) - centers[:, None]
    weights = torch.exp(-0.5 * (offsets / sigma).square())
    return weights / weights.sum(dim=1, keepdim=True)
