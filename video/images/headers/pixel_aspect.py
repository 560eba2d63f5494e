"""Pixels that are not square: how wide they are, by the header of a picture."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

from video.files.image_io import DecodeError, open_image
from video.files.native_output import suppress_native_output
from video.images.exr import PIXEL_ASPECT

# What is beyond is a mistake of the program that wrote it.
_WIDEST = 16


def read_pixel_aspect(path: Path) -> Fraction:
    """Width over height of a pixel, as the header of a picture says; 1 where it does not, or is unreadable.

    Blender writes it into EXRs and PNGs.

    Raises:
        FileError: missing, or may not be read.
    """
    try:
        with suppress_native_output(), open_image(path) as image:
            return pixel_aspect(image.spec().get_float_attribute(PIXEL_ASPECT, 1.0))
    except DecodeError:
        return Fraction(1)


def pixel_aspect(value: float) -> Fraction:
    """The ratio of small whole numbers that a width over height stands for; 1 where it makes no sense."""
    if not math.isfinite(value) or not 1 / _WIDEST <= value <= _WIDEST:
        return Fraction(1)
    return Fraction(value).limit_denominator(1000)
