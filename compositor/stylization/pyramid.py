"""The scales of a cold start: coarse first, for strokes larger than the network sees at full size."""

from __future__ import annotations

import math
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor

from compositor.networks.features import SMALLEST_SIDE

# Share of the steps that the full size gets; the coarser scales share the rest evenly.
_FULL_SIZE_SHARE = 0.5


def scale_sizes(height: int, width: int, coarsest: int) -> list[tuple[int, int]]:
    """(height, width) of each scale, coarse to fine; the last is the full size.

    Each is √2 smaller than the next, down to the last one whose longer side is at least `coarsest` px and
    whose shorter side the network can still take.
    """
    sizes = [(height, width)]
    for step in range(1, 64):
        factor = math.sqrt(2.0) ** step
        smaller = round(height / factor), round(width / factor)
        # 15 %: a frame of 320 px starts at 226 px rather than at full size when 256 px are asked for.
        if max(smaller) < 0.85 * coarsest or min(smaller) < 2 * SMALLEST_SIDE:
            break
        sizes.append(smaller)
    return sizes[::-1]


def share_steps(steps: int, scales: int) -> list[int]:
    """`steps` shared among `scales`, coarse to fine, each at least one, half of them at full size."""
    if scales == 1:
        return [max(1, steps)]
    coarse = max(scales - 1, steps - round(steps * _FULL_SIZE_SHARE))
    ends = [round(coarse * scale / (scales - 1)) for scale in range(scales)]
    return [*(end - begin for begin, end in pairwise(ends)), max(1, steps - coarse)]


def fit(image: Tensor, longer_side: float) -> Tensor:
    """An image (1, C, H, W) in 0..1, made smaller until its longer side is so long; never enlarged."""
    height, width = image.shape[-2:]
    factor = min(1.0, longer_side / max(height, width))
    size = (max(SMALLEST_SIDE, round(side * factor)) for side in (height, width))
    return resize(image, *size).clamp(0.0, 1.0)


def resize(image: Tensor, height: int, width: int) -> Tensor:
    """An image or map (1, C, H, W) at another size, antialiased where it shrinks."""
    if image.shape[-2:] == (height, width):
        return image
    return F.interpolate(image, (height, width), mode="bicubic", align_corners=False, antialias=True)
