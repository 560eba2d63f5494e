"""Style pictures for frames whose pixels are not square: strokes are as round on the screen as theirs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np

from compositor.stylization.style_library import Style


def styles_in_pixels_of(styles: Iterable[Style], aspect: Fraction) -> list[Style]:
    """The styles with their pictures in pixels of this width over height; theirs are square."""
    return [replace(style, image=in_pixels_of(style.image, aspect)) for style in styles]


def in_pixels_of(picture: np.ndarray, aspect: Fraction) -> np.ndarray:
    """A picture of square pixels resampled to pixels of this aspect: it looks the same on the screen.

    Args:
        picture: (H, W, C) float32.

    Returns:
        (H, w, C) for wide pixels, (h, W, C) for tall ones: never enlarged.
    """
    if aspect == 1:
        return picture
    height, width = picture.shape[:2]
    size = (width / aspect, height) if aspect > 1 else (width, height * aspect)
    target = max(round(size[0]), 1), max(round(size[1]), 1)
    resized = cv2.resize(picture, target, interpolation=cv2.INTER_AREA)
    return resized.reshape(target[1], target[0], -1)
