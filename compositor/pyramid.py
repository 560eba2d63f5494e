"""The scales of a cold start: coarse first, so that large strokes form before small ones."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from compositor.features import SMALLEST_SIDE

# Share of the steps that a scale gets of what the next coarser one gets: most steps where they cost least.
_STEP_RATIO = 0.75


def scale_sizes(height: int, width: int, coarsest: int) -> list[tuple[int, int]]:
    """(height, width) of each scale, coarse to fine; the last is the full size.

    Each is √2 smaller than the next, down to the last one whose longer side is at least `coarsest` px and
    whose shorter side the network can still take.
    """
    sizes = [(height, width)]
    for step in range(1, 64):
        factor = math.sqrt(2.0) ** step
        smaller = round(height / factor), round(width / factor)
        # 10 %: a frame of 320 px starts at 113 px rather than at 160 px when 128 px are asked for.
        if max(smaller) < 0.85 * coarsest or min(smaller) < 2 * SMALLEST_SIDE:
            break
        sizes.append(smaller)
    return sizes[::-1]


def share_steps(steps: int, scales: int) -> list[int]:
    """`steps` shared among `scales`, coarse to fine, each at least one, most at the coarse ones."""
    weights = [_STEP_RATIO**scale for scale in range(scales)]
    shares = [max(1, round(steps * weight / sum(weights))) for weight in weights]
    shares[-1] = max(1, steps - sum(shares[:-1]))
    return shares


def resize(image: Tensor, height: int, width: int) -> Tensor:
    """An image or map (1, C, H, W) at another size, antialiased where it shrinks."""
    if image.shape[-2:] == (height, width):
        return image
    return F.interpolate(image, (height, width), mode="bicubic", align_corners=False, antialias=True)
