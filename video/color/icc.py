"""ICC profiles of RGB displays: a matrix and three curves, which lead to sRGB and back without loss.

Read by hand, since littleCMS in Pillow takes 8 bits a channel alone. ICC.1:2022, sections 8.3.3 and 10.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageCms

from video.color.color_space import decode_srgb, encode_srgb, srgb_to_xyz

_STEPS = 4096
# Levels of 0..1 by which a profile may differ from sRGB and still be it: half a level of 8 bits.
_SAME = 0.002
_CURVES = ("rTRC", "gTRC", "bTRC")
_COLORANTS = ("rXYZ", "gXYZ", "bXYZ")
_FUNCTION_PARAMETERS = (1, 3, 4, 5, 7)


class ProfileError(ValueError):
    """The profile is damaged, or is not made of a matrix and curves."""


@dataclass(frozen=True)
class DisplayProfile:
    """The colors of an embedded profile.

    Attributes:
        data: the profile itself.
        matrix: (3, 3), linear RGB to CIE XYZ (D50).
        curves: (3, steps) light in 0..1 over evenly spaced values in 0..1, rising.
    """

    data: bytes
    matrix: np.ndarray
    curves: np.ndarray
    scene_linear = False

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """See `video.color.color_space.ColorSpace`."""
        steps = np.linspace(0.0, 1.0, self.curves.shape[1])
        return encode_srgb(self._through(color, [(steps, curve) for curve in self.curves]) @ self._to_srgb.T)

    def from_display(self, display: np.ndarray) -> np.ndarray:
        """See `video.color.color_space.ColorSpace`; in 0..1."""
        steps = np.linspace(0.0, 1.0, self.curves.shape[1])
        light = np.clip(decode_srgb(display) @ np.linalg.inv(self._to_srgb).T, 0.0, 1.0)
        return self._through(light, [(curve, steps) for curve in self.curves])

    @property
    def is_srgb(self) -> bool:
        """Whether this is sRGB under whatever name."""
        axis = np.linspace(0.0, 1.0, 9, dtype=np.float32)
        colors = np.stack(np.meshgrid(axis, axis, axis), axis=-1)
        return bool(np.abs(self.to_display(colors) - colors).max() < _SAME)

    @cached_property
    def _to_srgb(self) -> np.ndarray:
        return (np.linalg.inv(srgb_to_xyz()) @ self.matrix).astype(np.float32)

    @staticmethod
    def _through(color: np.ndarray, curves: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        channels = [np.interp(color[..., place], *curve) for place, curve in enumerate(curves)]
        return np.stack(channels, axis=-1).astype(np.float32)


def parse_profile(data: bytes) -> DisplayProfile:
    """The profile, if it is one of RGB by a matrix and curves.

    Raises:
        ProfileError: it is another, or damaged.
    """
    try:
        if data[16:20] != b"RGB " or data[20:24] != b"XYZ ":
            raise ProfileError("no RGB profile over XYZ")
        tags = _tags(data)
        matrix = np.stack([_xyz(tags[name]) for name in _COLORANTS], axis=1)
        curves = np.stack([_curve(tags[name]) for name in _CURVES])
        if abs(np.linalg.det(matrix)) < 1e-6 or not np.isfinite(curves).all():
            raise ProfileError("the primaries span no colors")
    except (struct.error, KeyError, IndexError, ValueError, OverflowError, FloatingPointError) as error:
        raise ProfileError(str(error)) from None
    return DisplayProfile(data, matrix, curves)


def convert_by_table(color: np.ndarray, icc: bytes) -> np.ndarray:
    """(H, W, 3 or 4) uint8 in sRGB by littleCMS, for profiles made of tables; as it is where none fits."""
    image = Image.fromarray(np.ascontiguousarray(color))
    try:
        converted = ImageCms.profileToProfile(
            image, io.BytesIO(icc), ImageCms.createProfile("sRGB"), outputMode=image.mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return color
    return color if converted is None else np.asarray(converted)


def _tags(data: bytes) -> dict[str, bytes]:
    (count,) = struct.unpack_from(">I", data, 128)
    if count > 1000:
        raise ProfileError("too many tags")
    entries = [struct.unpack_from(">4sII", data, 132 + 12 * index) for index in range(count)]
    return {name.decode("ascii", "replace"): data[start : start + size] for name, start, size in entries}


def _xyz(tag: bytes) -> np.ndarray:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536.0


def _curve(tag: bytes) -> np.ndarray:
    """(steps,) light, made to rise by the smallest bit where it rests, so that there is a way back."""
    x = np.linspace(0.0, 1.0, _STEPS)
    if tag[:4] == b"para":
        light = _parametric(tag, x)
    else:
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            light = x
        elif count == 1:
            light = x ** (struct.unpack_from(">H", tag, 12)[0] / 256.0)
        else:
            table = np.frombuffer(tag, ">u2", count, 12) / 65535.0
            light = np.interp(x, np.linspace(0.0, 1.0, count), table)
    rising = np.maximum.accumulate(np.clip(light, 0.0, 1.0))
    return rising + 1e-9 * np.arange(_STEPS)


def _parametric(tag: bytes, x: np.ndarray) -> np.ndarray:
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = _FUNCTION_PARAMETERS[kind]
    g, *rest = (value / 65536.0 for value in struct.unpack_from(f">{count}i", tag, 12))
    if kind == 0:
        return x**g
    a, b = rest[0], rest[1]
    c = rest[2] if kind >= 2 else 0.0
    curve = np.maximum(a * x + b, 0.0) ** g
    if kind == 1:
        return np.where(x >= -b / a, curve, 0.0)
    if kind == 2:
        return np.where(x >= -b / a, curve + c, c)
    d = rest[3]
    e, f = (rest[4], rest[5]) if kind == 4 else (0.0, 0.0)
    return np.where(x >= d, curve + e, c * x + f)
