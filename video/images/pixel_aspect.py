"""Pixels that are not square: how wide they are, by an EXR's header."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

from video.images.exr import PIXEL_ASPECT, is_exr, open_exr

# What is beyond is a mistake of the program that wrote it.
_WIDEST = 16


def read_pixel_aspect(path: Path) -> Fraction:
    """Width over height of a pixel, as an EXR's header says; 1 for other files.

    Raises:
        FileError: as `open_exr`.
    """
    if not is_exr(path):
        return Fraction(1)
    with open_exr(path) as (_, parts):
        return pixel_aspect(parts[0].get_float_attribute(PIXEL_ASPECT, 1.0))


def pixel_aspect(value: float) -> Fraction:
    """The ratio of small whole numbers that a width over height stands for; 1 where it makes no sense."""
    if not math.isfinite(value) or not 1 / _WIDEST <= value <= _WIDEST:
        return Fraction(1)
    return Fraction(value).limit_denominator(1000)
