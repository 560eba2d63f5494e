"""A picture as the engine sees it, and as its file has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from video.color.color_space import ColorSpace

DISPLAY_BITS = 16
"""Bits to which a picture is rounded when it is brought to sRGB."""

# Pixels that are converted at a time: a conversion takes ten times the memory of what it converts.
_BLOCK = 1 << 18


class PictureHeader(NamedTuple):
    """What a picture's header tells: its size, upright, in px, and whether it has transparency."""

    width: int
    height: int
    alpha: bool

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.width, self.height

    def __str__(self) -> str:
        return f"{self.width}×{self.height} px" + (" with alpha" if self.alpha else "")


@dataclass(frozen=True)
class Original:
    """What a file holds, where that is something else than sRGB.

    Attributes:
        pixels: (H, W, 3 or 4) float32 in the file's own space; premultiplied if that is scene-linear.
        space: what the colors mean.
    """

    pixels: np.ndarray
    space: ColorSpace

    def straight(self) -> np.ndarray:
        """(H, W, 3) float32, not premultiplied; as it is where alpha is zero."""
        return self._straight(self.pixels)

    def display(self) -> np.ndarray:
        """(H, W, 3 or 4) float32, sRGB in 0..1, straight alpha, in levels of `DISPLAY_BITS`."""
        return displayed(self.pixels, lambda block: self.space.to_display(self._straight(block)))

    def _straight(self, pixels: np.ndarray) -> np.ndarray:
        color = pixels[..., :3]
        if not self.space.scene_linear or pixels.shape[2] == 3:
            return color
        alpha = pixels[..., 3:]
        return np.divide(color, alpha, out=color.copy(), where=alpha > 0.0)


@dataclass(frozen=True)
class Picture:
    """A picture that was read.

    Attributes:
        image: (H, W, 3) or, with transparency, (H, W, 4) float32 in 0..1, sRGB, straight alpha.
        original: what the file holds; None where that is `image`.
    """

    image: np.ndarray
    original: Original | None = None


class Shown(Protocol):
    """What a file's colors look like, where nothing is written in them again."""

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """sRGB in 0..1 of (…, 3) float32, straight; what a display cannot show is clipped."""
        ...


def displayed(pixels: np.ndarray, convert: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """A picture in sRGB, in levels of `DISPLAY_BITS`.

    Args:
        pixels: (H, W, 3 or 4) float32.
        convert: the color of some rows of them in sRGB.
    """
    shown = np.empty(pixels.shape, np.float32)
    height, width = pixels.shape[:2]
    rows = max(1, _BLOCK // width)
    for first in range(0, height, rows):
        block, target = pixels[first : first + rows], shown[first : first + rows]
        target[..., :3] = convert(block)
        target[..., 3:] = block[..., 3:]
        target[...] = quantize(target, DISPLAY_BITS)
    return shown


def quantize(image: np.ndarray, bits: int = 8) -> np.ndarray:
    """The image as a file of so many bits gives it back: float32 in 0..1, rounded to its levels."""
    levels = float(2**bits - 1)
    return (np.round(np.clip(image, 0.0, 1.0) * levels) / levels).astype(np.float32)
