"""Image pyramid: scales of a frame, coarse to fine, with their steps; octaves of a scale.

Coarse scales make strokes that are larger than the network's receptive field at full size. Octaves keep them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from compositor.image_ops.arrays import SMALLEST_SIDE
from compositor.settings import StyleSettings

Size = tuple[int, int]
"""Height and width in px."""

# Share of the steps that the full size of a small frame gets; the coarser scales share the rest evenly.
_FULL_SIZE_SHARE = 0.5
# The least share of a cold frame's steps that a scale with coarser octaves gets: it begins with detail that
# is painted already (`painted_detail.py`), and a step at 960 px takes four times as long as one at 480 px.
_LEAST_SHARE = 0.045
# Share of a warm frame's steps that are taken where there are octaves, all of them at the coarsest one.
_WARM_SHARE = 0.45

# Pixels: the longer side of the coarsest octave, whatever the size of the frame.
_COARSEST_OCTAVE = 480
# Pixels: the longer side from which on there is a coarser octave; one more wherever it doubles.
_COARSER_FROM = 640


@dataclass(frozen=True)
class Scale:
    """A scale that a frame is optimized at, and for how many steps; with none it is only enlarged to it."""

    size: Size
    steps: int


def frame_scales(
    height: int, width: int, settings: StyleSettings, steps: int, *, is_warm_start: bool
) -> list[Scale]:
    """The scales of a frame, coarse to fine, up to the size that it is optimized at."""
    # The published objective has no octaves.
    has_octaves = settings.local_weight > 0.0
    if is_warm_start:
        sizes = warm_scale_sizes(height, width) if has_octaves else [(height, width)]
        shares = share_warm_steps(steps, len(sizes))
    else:
        sizes = scale_sizes(height, width, settings.coarsest_size, has_octaves=has_octaves)
        shares = share_steps(steps, sizes, has_octaves=has_octaves)
    return [Scale(*each) for each in zip(sizes, shares, strict=True)]


def scale_sizes(height: int, width: int, coarsest: int, *, has_octaves: bool = True) -> list[Size]:
    """(height, width) of each scale of a cold start, coarse to fine; the last is the full size.

    They are the octaves, and from the coarsest one down each is √2 smaller than the next, down to the last
    one whose longer side is about `coarsest` px at least and whose shorter side is large enough for the
    network.
    """
    sizes = octave_sizes(height, width) if has_octaves else [(height, width)]
    height, width = sizes[-1]
    for step in range(1, 64):
        factor = math.sqrt(2.0) ** step
        smaller = round(height / factor), round(width / factor)
        # 15 %: a frame of 320 px starts at 226 px rather than at full size when 256 px are asked for.
        if max(smaller) < 0.85 * coarsest or min(smaller) < 2 * SMALLEST_SIDE:
            break
        sizes.append(smaller)
    return sizes[::-1]


def warm_scale_sizes(height: int, width: int) -> list[Size]:
    """(height, width) of each scale of a warm frame: the coarsest octave, if there is any, and full size."""
    full, *coarser = octave_sizes(height, width)
    return [coarser[-1], full] if coarser else [full]


def octave_sizes(height: int, width: int) -> list[Size]:
    """(height, width) of each octave that an image's features are compared at (`StyleObjective`).

    The first is the image's own, the last the same for frames of any size, so that these are painted alike.
    Each is about half as large as the one before: below 640 px there is one octave, below 1280 px two.
    """
    longer = max(height, width)
    count = max(0, 1 + math.floor(math.log2(longer / _COARSER_FROM)))
    factors = [(_COARSEST_OCTAVE / longer) ** (octave / count) for octave in range(1, count + 1)]
    smaller = [(round(height * factor), round(width * factor)) for factor in factors]
    return [(height, width), *(size for size in smaller if min(size) >= SMALLEST_SIDE)]


def share_steps(steps: int, sizes: Sequence[Size], *, has_octaves: bool = True) -> list[int]:
    """The steps of each scale of a cold start, coarse to fine, each at least one.

    What is laid out coarsely in many steps needs few at finer scales. At a large frame's scales with coarser
    octaves they fall with the area, so that each would take as long as the coarsest scale. Up to the coarsest
    octave they fall with the side: there the strokes are painted that are seen in the whole frame.

    Args:
        sizes: see `scale_sizes`.
        has_octaves: whether large scales are compared at coarser octaves too.
    """
    fine = [has_octaves and len(octave_sizes(*size)) > 1 for size in sizes]
    if not any(fine):
        return _halved(steps, len(sizes))
    weights = [1.0 / (height * width) for height, width in sizes]
    first = fine.index(True)
    shares = [max(weight / sum(weights), _LEAST_SHARE) for weight in weights[first:]]
    finer = [max(1, round(steps * share)) for share in shares]
    return [*_proportionally(steps - sum(finer), [math.sqrt(each) for each in weights[:first]]), *finer]


def share_warm_steps(steps: int, scales: int) -> list[int]:
    """The steps of each scale of a warm frame, coarse to fine: none at full size if it has octaves."""
    if scales == 1:
        return [max(1, steps)]
    return [max(1, round(steps * _WARM_SHARE)), 0]


def _halved(steps: int, scales: int) -> list[int]:
    """Half of the steps at full size, and the rest evenly at the coarser scales."""
    if scales == 1:
        return [max(1, steps)]
    coarse = max(scales - 1, steps - round(steps * _FULL_SIZE_SHARE))
    return [*_proportionally(coarse, [1.0] * (scales - 1)), max(1, steps - coarse)]


def _proportionally(steps: int, weights: Sequence[float]) -> list[int]:
    """The steps in these proportions, each at least one."""
    total, steps = sum(weights), max(steps, len(weights))
    ends = [round(steps * end / total) for end in accumulate(weights, initial=0.0)]
    shares = [end - begin for begin, end in pairwise(ends)]
    while min(shares) < 1:
        shares[shares.index(max(shares))] -= 1
        shares[shares.index(min(shares))] += 1
    return shares
