"""Between the numbers of a file and display-referred sRGB, which the style engine works on, and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

# From CIE XYZ to the cone responses of Bradford's chromatic adaptation.
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.96422, 1.0, 0.82521])
REC_709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
"""x and y of red, green, blue and the white D65."""

# Of `CineonLog`: the largest code, that of white, decades of exposure per code, and the exposure of black.
_CINEON_CODES, _CINEON_WHITE = 1023.0, 685.0
_CINEON_SLOPE = 0.002 / 0.6
_CINEON_OFFSET = 10.0 ** ((95.0 - _CINEON_WHITE) * _CINEON_SLOPE)


class ColorSpace(Protocol):
    """How a file's colors are meant. Arrays are (…, 3) float32, straight, not premultiplied."""

    @property
    def scene_linear(self) -> bool:
        """Whether the values are light: proportional to it, and without an upper end."""
        ...

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """sRGB in 0..1; what a display cannot show is clipped."""
        ...

    def from_display(self, display: np.ndarray) -> np.ndarray:
        """The file's numbers for sRGB in 0..1: what `to_display` would show so."""
        ...


@dataclass(frozen=True)
class SceneLinear:
    """Light, seen without a view transform: sRGB's curve, clipped at display white.

    Attributes:
        chromaticities: x and y of the primaries and the white, as an EXR names them; None for Rec. 709.
    """

    chromaticities: tuple[float, ...] | None = None
    scene_linear = True

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """See `ColorSpace`."""
        return encode_srgb(color if self._to_rec_709 is None else color @ self._to_rec_709.T)

    def from_display(self, display: np.ndarray) -> np.ndarray:
        """See `ColorSpace`."""
        linear = decode_srgb(display)
        return linear if self._to_rec_709 is None else linear @ np.linalg.inv(self._to_rec_709).T

    @cached_property
    def _to_rec_709(self) -> np.ndarray | None:
        if self.chromaticities is None or np.allclose(self.chromaticities, REC_709, atol=1e-3):
            return None
        there, here = rgb_to_xyz(self.chromaticities), rgb_to_xyz(REC_709)
        return (np.linalg.inv(here) @ there).astype(np.float32)


@dataclass(frozen=True)
class CineonLog:
    """Printing density of scanned film in 10 bits, as Cineon files hold it, of display-referred sRGB.

    So Blender writes and reads them. Code 95 is black, code 685 white, a code is 0.002 of density and film's
    gamma is 0.6 (Kennel and Snider 1993, "Gray-Scale Transformations of Digital Film Data").
    """

    scene_linear = False

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """See `ColorSpace`."""
        exposure = np.power(10.0, (color * _CINEON_CODES - _CINEON_WHITE) * _CINEON_SLOPE)
        return np.clip((exposure - _CINEON_OFFSET) / (1.0 - _CINEON_OFFSET), 0.0, 1.0).astype(np.float32)

    def from_display(self, display: np.ndarray) -> np.ndarray:
        """See `ColorSpace`."""
        exposure = np.clip(display, 0.0, 1.0) * (1.0 - _CINEON_OFFSET) + _CINEON_OFFSET
        return ((np.log10(exposure) / _CINEON_SLOPE + _CINEON_WHITE) / _CINEON_CODES).astype(np.float32)


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """sRGB in 0..1 of Rec. 709 light, float32 (IEC 61966-2-1)."""
    light = np.clip(linear, 0.0, 1.0).astype(np.float32)
    curve = 1.055 * np.power(np.maximum(light, 0.0031308), 1.0 / 2.4) - 0.055
    return np.where(light <= 0.0031308, 12.92 * light, curve).astype(np.float32)


def decode_srgb(display: np.ndarray) -> np.ndarray:
    """Rec. 709 light of sRGB in 0..1, float32."""
    curve = np.power((np.maximum(display, 0.04045) + 0.055) / 1.055, 2.4)
    return np.where(display <= 0.04045, display / 12.92, curve).astype(np.float32)


def rgb_to_xyz(chromaticities: tuple[float, ...]) -> np.ndarray:
    """(3, 3): linear RGB of these primaries to CIE XYZ, its white adapted to D50.

    Raises:
        numpy.linalg.LinAlgError: the primaries span no colors.
    """
    xy = np.array(chromaticities, np.float64).reshape(4, 2)
    xyz = np.stack([xy[:, 0] / xy[:, 1], np.ones(4), (1.0 - xy.sum(axis=1)) / xy[:, 1]])
    primaries, white = xyz[:, :3], xyz[:, 3]
    matrix = primaries * np.linalg.solve(primaries, white)
    cones = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    return np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD @ matrix


def srgb_to_xyz() -> np.ndarray:
    """(3, 3): Rec. 709 light to CIE XYZ with the white D50, the connection space of ICC profiles."""
    return rgb_to_xyz(REC_709)
