"""From the samples of a pixel, as a file stores them, to color and straight alpha."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from video.errors import FileError

_INTEGERS = {oiio.UINT8: "uint8", oiio.UINT16: "uint16"}
_FLOATS = (oiio.HALF, oiio.FLOAT, oiio.DOUBLE)
_PHOTOMETRIC = "tiff:PhotometricInterpretation"
# OpenImageIO gives RGB of inks and palettes; a further channel is one that it took along as it was.
_CHANNELS_OF_INKS = 3
# Samples of so many bits are unpacked wrongly by OpenImageIO (`tests/video/images/test_tiff.py`).
_PACKED_BADLY = 24


class Photometric(IntEnum):
    """Of TIFF's PhotometricInterpretation, what can be read."""

    WHITE_IS_ZERO = 0
    BLACK_IS_ZERO = 1
    RGB = 2
    PALETTE = 3
    SEPARATED = 5
    YCBCR = 6


_DEEP = (Photometric.WHITE_IS_ZERO, Photometric.BLACK_IS_ZERO, Photometric.RGB)


def has_float_samples(spec: oiio.ImageSpec) -> bool:
    """Whether the file stores floating point numbers, of 16, 32 or 64 bits."""
    return spec.format.basetype in _FLOATS


def check_samples(path: Path, spec: oiio.ImageSpec, *, floats: bool) -> None:
    """Checks that it is known what the samples of a picture mean.

    Args:
        floats: whether the format may have samples of floating point.

    Raises:
        FileError: it is not, though the picture is whole.
    """
    depth = spec.format.basetype
    if spec.get_string_attribute("tiff:ColorSpace") == "CIELAB":
        raise FileError(path, "is in CIE Lab colors; save it as RGB")
    if depth in _FLOATS and not floats:
        raise FileError(path, f"has samples of the type {spec.format}; save it with 16 bits, or as EXR")
    if spec.get_int_attribute("oiio:BitsPerSample") == _PACKED_BADLY:
        raise FileError(path, "has samples of 24 bits; save it with 16 bits")
    if depth not in (*_INTEGERS, *_FLOATS, oiio.UINT32):
        raise FileError(
            path, f"has samples of the type {spec.format}, data and no colors; save it with 16 bits"
        )
    photometric = spec.get_int_attribute(_PHOTOMETRIC, Photometric.BLACK_IS_ZERO)
    if photometric not in tuple(Photometric):
        raise FileError(path, f"its TIFF colors, of the kind {photometric}, are not known; save it as RGB")
    if depth != oiio.UINT8 and photometric not in _DEEP:
        raise FileError(path, "more than 8 bits can be read in gray and RGB alone; save it as RGB")
    extra = spec.nchannels > _CHANNELS_OF_INKS or spec.alpha_channel >= 0
    if photometric in (Photometric.SEPARATED, Photometric.PALETTE) and extra:
        raise FileError(path, "has inks or a palette with alpha; save it as RGB")


def read_type(spec: oiio.ImageSpec) -> str:
    """The type in which the samples are read: 8 and 16 bits as they are, all others as float."""
    return _INTEGERS.get(spec.format.basetype, "float")


def color_of(pixels: np.ndarray, spec: oiio.ImageSpec, *, premultiplied: bool) -> np.ndarray:
    """The color of all samples of a file.

    Args:
        pixels: (H, W, C) of `read_type`.
        premultiplied: whether the file's colors are multiplied by its alpha.

    Returns:
        (H, W, 3) or, with alpha, (H, W, 4) float32, straight; integers in 0..1, gray in all three channels.
    """
    samples = pixels.astype(np.float32)
    if pixels.dtype.kind == "u":
        samples /= np.float32(np.iinfo(pixels.dtype).max)
    color = samples[..., :3] if samples.shape[2] >= 3 else np.repeat(samples[..., :1], 3, axis=2)
    alpha = _alpha(samples, spec.alpha_channel)
    if spec.get_int_attribute(_PHOTOMETRIC, Photometric.BLACK_IS_ZERO) == Photometric.WHITE_IS_ZERO:
        # OpenImageIO inverts samples of 8 bits, alpha among them, and no others.
        if pixels.dtype != np.uint8:
            np.subtract(1.0, color, out=color)
        elif alpha is not None:
            np.subtract(1.0, alpha, out=alpha)
    if alpha is None:
        return color
    if premultiplied:
        hidden = alpha[..., 0] <= 0.0
        np.divide(color, alpha, out=color, where=~hidden[..., None])
        color[hidden] = 0.0
    # In place, as all of this: a picture of the largest size takes a gigabyte.
    in_order = samples.shape[2] == 4 and alpha.base is samples and spec.alpha_channel == 3
    return samples if in_order else np.concatenate([color, alpha], axis=2)


def _alpha(samples: np.ndarray, channel: int) -> np.ndarray | None:
    """(H, W, 1), None if there is none."""
    if channel < 1:
        return None
    # Of a GIF OpenImageIO counts alpha's place from one.
    place = min(channel, samples.shape[2] - 1)
    return samples[..., place : place + 1]
