"""Circular images: 360° panoramas, whose left and right edge meet, with margins of the other side."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class CircularMargin:
    """Margins on the left and right of an image, each of which shows what is at the other end.

    An image of width w then has the width w + 2 m, and its columns x and x + w show the same. An operation
    that knows nothing of this sees what is beyond either edge; `merged` makes the two copies of each column
    one again, and what it returns is continuous over the edge.

    Attributes:
        width: w in px at full size.
        margin: m in px at full size, at most half of the width.
    """

    width: int
    margin: int

    def padded(self, width: int) -> int:
        """The width with margins of an image of this width without, at any size."""
        return width + 2 * round(self.margin * width / self.width)

    def inner(self, padded: int) -> int:
        """The width without margins of an image whose width with them is given, at any size."""
        width = round(padded * self.width / (self.width + 2 * self.margin))
        # Rounding may be off by one, the margins never: they are equal.
        candidates = [each for each in (width, width - 1, width + 1) if self.padded(each) == padded]
        return candidates[0] if candidates else width - (padded - width) % 2

    def merged(self, image: Tensor) -> Tensor:
        """The image (1, C, H, w + 2 m) with equal copies: their mean, weighted towards the inner one.

        The weights fall evenly from 1 to 0 over both margins' widths, so that there is no step where the copy
        of one column is taken from one side, and that of the next from the other. Equal copies keep their
        value to the last bit.
        """
        width = self.inner(image.shape[-1])
        margin = (image.shape[-1] - width) // 2
        if margin == 0:
            return image
        # Columns 0 to 2 m show the same as columns w to w + 2 m: over them one turns into the other.
        ramp = (torch.arange(2 * margin, device=image.device, dtype=image.dtype) + 0.5) / (2 * margin)
        left, right = image[..., : 2 * margin], image[..., width:]
        shared = right + ramp * (left - right)
        return torch.cat([shared, image[..., 2 * margin : width], shared], dim=-1)

    def fixed(self, fixed: Tensor) -> Tensor:
        """(1, 1, H, w + 2 m) bool: where both copies of a column are fixed."""
        return self.merged(fixed.float()) >= 1.0
