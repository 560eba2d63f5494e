"""Style pictures made by code: paintings in three manners, so that no photograph of a painting is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from video.paintings.brush import Brush, Canvas
from video.paintings.motif import Composition, bright_river, harvest_evening, whirling_night

_REFERENCE_WIDTH = 768
"""The picture width that the brushes' sizes are given for."""


class Painting(StrEnum):
    """Which picture to paint."""

    SWIRLS = "swirls"
    """Thick curved strokes in blue and yellow: a whirling night sky."""
    KNIFE = "knife"
    """Broad slabs of a palette knife in orange, crimson and teal: a harvest evening."""
    DABS = "dabs"
    """Short dabs of unmixed bright color: a river in the morning."""


def paint(painting: Painting, width: int = 768, height: int = 576, seed: int = 0) -> np.ndarray:
    """Paint a picture: HxWx3 float32, 0..1, sRGB. The same arguments give the same pixels."""
    manner = _MANNERS[painting]
    rng = np.random.default_rng(seed)
    composition = manner.composition(width, height, rng)
    canvas = Canvas(width, height, np.array(manner.ground), rng)
    canvas.wash(composition)
    scale = width / _REFERENCE_WIDTH
    for brush in manner.brushes:
        canvas.cover(composition, replace(brush, width=brush.width * scale, length=brush.length * scale))
    return canvas.lit(manner.relief, manner.gloss)


@dataclass(frozen=True)
class _Manner:
    """A style: a composition, the canvas's color (sRGB, 0..1), brushes from broad to fine, the light."""

    composition: Callable[[int, int, np.random.Generator], Composition]
    ground: tuple[float, float, float]
    brushes: tuple[Brush, ...]
    relief: float = 1.0
    gloss: float = 0.25


_KNIFE = Brush(
    40, 80, roundness=0, streak=0.022, wobble=0.18, value_jitter=0.08, double_load=0.14, dryness=0.3
)

_MANNERS = {
    Painting.SWIRLS: _Manner(
        whirling_night,
        (0.36, 0.25, 0.14),
        (
            Brush(34, 170, cover=2.4, edge_tolerance=0.5, thickness=0.7),
            Brush(22, 70, cover=6.0, edge_tolerance=0.5, thickness=0.7, fills_gaps=True),
            Brush(17, 130, cover=1.3, value_jitter=0.07, edge_tolerance=0.35, accent=0.02),
            Brush(11, 80, cover=1.0, value_jitter=0.08, edge_tolerance=0.32, accent=0.05, detail=0.6),
            Brush(7, 40, cover=0.8, value_jitter=0.09, accent=0.05, detail=1.0),
        ),
    ),
    Painting.KNIFE: _Manner(
        harvest_evening,
        (0.20, 0.10, 0.12),
        (
            replace(_KNIFE, width=58, length=150, cover=2.6, edge_tolerance=0.6, thickness=0.8),
            replace(_KNIFE, width=40, length=70, cover=6.0, edge_tolerance=0.6, fills_gaps=True),
            replace(_KNIFE, width=36, length=90, cover=1.0, edge_tolerance=0.35, accent=0.03),
            replace(_KNIFE, width=20, length=56, cover=0.6, accent=0.07, detail=0.7),
            replace(_KNIFE, width=9, length=34, cover=0.5, accent=0.06, detail=1.0),
        ),
        relief=1.3,
    ),
    Painting.DABS: _Manner(
        bright_river,
        (0.90, 0.84, 0.72),
        (
            Brush(23, 38, cover=1.6, hue_jitter=0.05, thickness=0.5),
            Brush(14, 19, cover=1.6, hue_jitter=0.09, value_jitter=0.06, wobble=0.25, accent=0.06),
            Brush(10, 14, cover=1.0, hue_jitter=0.1, value_jitter=0.07, wobble=0.25, accent=0.09),
            Brush(7, 10, cover=0.6, hue_jitter=0.1, value_jitter=0.08, wobble=0.25, accent=0.10, detail=0.8),
        ),
        relief=0.8,
        gloss=0.06,
    ),
}
