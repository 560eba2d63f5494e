"""Display-referred color spaces that are described by their primaries and a transfer curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from video.color.color_space import REC_709, decode_srgb, encode_srgb, rgb_to_xyz

# Of primaries that lie in a line, or almost: a hundred times as much as the widest in use have.
_CONDITION = 1e6


class TransferCurve(Protocol):
    """Between a file's values and light. Arrays are float32 of any shape; 1 is the display's white."""

    def decode(self, values: np.ndarray) -> np.ndarray:
        """Light."""
        ...

    def encode(self, light: np.ndarray) -> np.ndarray:
        """Values of light."""
        ...


@dataclass(frozen=True)
class SrgbCurve:
    """IEC 61966-2-1; also what stands for the curves of Rec. 601, 709 and 2020, see `video.color.cicp`."""

    def decode(self, values: np.ndarray) -> np.ndarray:
        """See `TransferCurve`."""
        return decode_srgb(values)

    def encode(self, light: np.ndarray) -> np.ndarray:
        """See `TransferCurve`."""
        return encode_srgb(light)


@dataclass(frozen=True)
class GammaCurve:
    """A power: light is value to the power of `exponent`."""

    exponent: float

    def decode(self, values: np.ndarray) -> np.ndarray:
        """See `TransferCurve`."""
        return np.power(np.maximum(values, 0.0), self.exponent).astype(np.float32)

    def encode(self, light: np.ndarray) -> np.ndarray:
        """See `TransferCurve`."""
        return np.power(np.maximum(light, 0.0), 1.0 / self.exponent).astype(np.float32)


@dataclass(frozen=True)
class EncodedSpace:
    """A file's RGB.

    Attributes:
        curve: from its values to light.
        chromaticities: x and y of red, green, blue and white.
        black, white: the values that mean 0 and 1; other than 0 and 1 in the range of video.
    """

    curve: TransferCurve
    chromaticities: tuple[float, ...] = REC_709
    black: float = 0.0
    white: float = 1.0
    scene_linear = False

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """See `video.color.color_space.ColorSpace`."""
        values = np.clip((color - self.black) / (self.white - self.black), 0.0, 1.0)
        return encode_srgb(self.curve.decode(values) @ self._to_rec_709.T)

    def from_display(self, display: np.ndarray) -> np.ndarray:
        """See `video.color.color_space.ColorSpace`; in 0..1."""
        light = np.clip(decode_srgb(display) @ np.linalg.inv(self._to_rec_709).T, 0.0, 1.0)
        values = self.curve.encode(light) * (self.white - self.black) + self.black
        return np.clip(values, 0.0, 1.0).astype(np.float32)

    @property
    def is_srgb(self) -> bool:
        """Whether the values are sRGB as they are."""
        plain = self.curve == SrgbCurve() and (self.black, self.white) == (0.0, 1.0)
        return plain and bool(np.allclose(self.chromaticities, REC_709, atol=2e-3))

    @cached_property
    def _to_rec_709(self) -> np.ndarray:
        here, there = rgb_to_xyz(REC_709), rgb_to_xyz(self.chromaticities)
        return (np.linalg.inv(here) @ there).astype(np.float32)


def encoded_space(
    curve: TransferCurve, chromaticities: tuple[float, ...] = REC_709, *, narrow: bool = False
) -> EncodedSpace | None:
    """The space; None where that is sRGB, or where the primaries span no colors.

    Args:
        narrow: whether black and white are those of video, 16 and 235 of 255.
    """
    black, white = (16.0 / 255.0, 235.0 / 255.0) if narrow else (0.0, 1.0)
    space = EncodedSpace(curve, chromaticities, black, white)
    if not span_colors(chromaticities) or space.is_srgb:
        return None
    return space


def span_colors(chromaticities: tuple[float, ...]) -> bool:
    """Whether primaries and white are such that every color within has an amount of each primary."""
    if not all(0.0 <= x <= 1.0 for x in chromaticities) or min(chromaticities[1::2]) <= 0.0:
        return False
    xy = np.array(chromaticities, np.float64).reshape(4, 2)
    xyz = np.stack([xy[:, 0], xy[:, 1], 1.0 - xy.sum(axis=1)]) / xy[:, 1]
    if np.linalg.cond(xyz[:, :3]) > _CONDITION:
        return False
    # Of a white outside of the primaries one of them is less than nothing.
    return bool((np.linalg.solve(xyz[:, :3], xyz[:, 3]) > 0.0).all())
