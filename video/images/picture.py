"""A picture as the engine sees it, and as its file has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from video.color.color_space import ColorSpace

DISPLAY_BITS = 16
"""Bits to which a picture is rounded when it is brought to sRGB."""


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
        color = self.pixels[..., :3]
        if not self.space.scene_linear or self.pixels.shape[2] == 3:
            return color
        alpha = self.pixels[..., 3:]
        return np.divide(color, alpha, out=color.copy(), where=alpha > 0.0)

    def display(self) -> np.ndarray:
        """(H, W, 3 or 4) float32, sRGB in 0..1, straight alpha, in levels of `DISPLAY_BITS`."""
        shown = np.concatenate([self.space.to_display(self.straight()), self.pixels[..., 3:]], axis=2)
        return quantize(shown, DISPLAY_BITS)


@dataclass(frozen=True)
class Picture:
    """A picture that was read.

    Attributes:
        image: (H, W, 3) or, with transparency, (H, W, 4) float32 in 0..1, sRGB, straight alpha.
        original: what the file holds; None where that is `image`.
    """

    image: np.ndarray
    original: Original | None = None


def quantize(image: np.ndarray, bits: int = 8) -> np.ndarray:
    """The image as a file of so many bits gives it back: float32 in 0..1, rounded to its levels."""
    levels = float(2**bits - 1)
    return (np.round(np.clip(image, 0.0, 1.0) * levels) / levels).astype(np.float32)
