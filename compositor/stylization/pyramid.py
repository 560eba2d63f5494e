"""Image pyramid: scales of a cold start, coarse to fine, with their steps; octaves of a scale.

Coarse scales make strokes that are larger than the network's receptive field at full size. Octaves keep them.
"""

from __future__ import annotations

import math
from itertools import pairwise

from compositor.image_ops.arrays import SMALLEST_SIDE

# Share of the steps that the full size gets; the coarser scales share the rest evenly.
_FULL_SIZE_SHARE = 0.5

# Pixels: the longer side of the coarsest octave, whatever the size of the frame.
_COARSEST_OCTAVE = 480
# Pixels: the longer side from which on there is a coarser octave; one more wherever it doubles.
_COARSER_FROM = 640


def scale_sizes(height: int, width: int, coarsest: int) -> list[tuple[int, int]]:
    """(height, width) of each scale, coarse to fine; the last is the full size.

    Each is √2 smaller than the next, down to the last one whose longer side is about `coarsest` px at least
    and whose shorter side is large enough for the network.
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


def octave_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """(height, width) of each octave that an image's features are compared at (`StyleObjective`).

    The first is the image's own, the last the same for frames of any size, so that these are painted alike.
    Each is about half as large as the one before: below 640 px there is one octave, below 1280 px two.
    """
    longer = max(height, width)
    count = max(0, 1 + math.floor(math.log2(longer / _COARSER_FROM)))
    factors = [(_COARSEST_OCTAVE / longer) ** (octave / count) for octave in range(1, count + 1)]
    smaller = [(round(height * factor), round(width * factor)) for factor in factors]
    return [(height, width), *(size for size in smaller if min(size) >= SMALLEST_SIDE)]


def share_steps(steps: int, scales: int) -> list[int]:
    """The steps of each of `scales` scales, coarse to fine, each at least one, half of them at full size."""
    if scales == 1:
        return [max(1, steps)]
    coarse = max(scales - 1, steps - round(steps * _FULL_SIZE_SHARE))
    ends = [round(coarse * scale / (scales - 1)) for scale in range(scales)]
    return [*(end - begin for begin, end in pairwise(ends)), max(1, steps - coarse)]
