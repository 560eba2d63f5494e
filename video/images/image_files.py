"""Reads and writes single pictures: arrays of display-referred color in 0..1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO as oiio

from video.color.color_space import ColorSpace
from video.color.icc import ProfileError, convert_by_table, parse_profile
from video.color.named_space import named_space
from video.errors import FileError
from video.files.atomic import check_writable, write_atomically
from video.files.decode_limits import check_decode_limits
from video.files.image_io import DecodeError, open_image, read_pixels
from video.files.native_output import suppress_native_output
from video.images.exr import exr_size, finite_light, is_exr
from video.images.picture import Original, Picture, quantize
from video.images.picture_formats import FORMATS, IMAGE_SUFFIXES, PictureFormat
from video.images.png_chunks import with_chunks
from video.images.printed import is_cmyk, read_managed_cmyk
from video.images.scene_linear import read_light

__all__ = [
    "IMAGE_SUFFIXES",
    "check_writable",
    "image_size",
    "quantize",
    "read_image",
    "read_picture",
    "write_atomically",
    "write_png",
]

# EXIF orientations from here on exchange width and height.
_FIRST_ON_ITS_SIDE = 5
# Of TIFF's PhotometricInterpretation: what is gray, RGB or a palette.
_GRAY_OR_RGB = (0, 1, 2, 3)
_INTEGERS = {oiio.UINT8: "uint8", oiio.UINT16: "uint16"}
_FLOATS = (oiio.HALF, oiio.FLOAT)


def read_image(path: Path) -> np.ndarray:
    """A picture as (H, W, 3) or, if it has transparency, (H, W, 4) float32 in 0..1, sRGB, straight alpha.

    Raises:
        FileError: as `read_picture`.
    """
    return read_picture(path).image


def read_picture(path: Path) -> Picture:
    """A picture in sRGB, and what its file holds where that is something else.

    Integers keep their 8 to 16 bits, an EXR, HDR or DPX its light. A photograph is turned as its EXIF
    orientation says. An embedded ICC profile is followed; the file's own colors come along if there is a way
    back to them (a profile of a matrix and curves, as every display's); if not, the picture is plain sRGB.

    Raises:
        FileError: missing, a folder, no picture, damaged, animated, or too large to be one in good faith.
    """
    if is_exr(path):
        original = read_light(path)
        return Picture(original.display(), original)
    with _opened(path) as (image, spec, kind):
        if kind.is_animation is not None and kind.is_animation(image, path):
            raise FileError(path, "is an animation; save the picture that is meant as a file of its own")
        _check_colors(path, spec, kind)
        icc = _profile(spec)
        if icc and is_cmyk(spec):
            return Picture(_upright(read_managed_cmyk(path, icc), _orientation(spec)))
        pixels = read_pixels(image, spec, _INTEGERS.get(spec.format.basetype, "float"))
    color = _upright(_as_color(pixels, spec.alpha_channel), _orientation(spec))
    if kind.space is None and icc and spec.nchannels >= 3:
        return _profiled(color, icc)
    scaled = _scaled(color)
    space = kind.space or named_space(spec.get_string_attribute("oiio:ColorSpace"))
    return _in_space(finite_light(scaled) if space is not None and space.scene_linear else scaled, space)


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) of the upright picture, from the header alone; raises FileError as `read_picture`."""
    if is_exr(path):
        return exr_size(path)
    with _opened(path) as (_, spec, _):
        sideways = _orientation(spec) >= _FIRST_ON_ITS_SIDE
        return (spec.height, spec.width) if sideways else (spec.width, spec.height)


def write_png(
    path: Path,
    image: np.ndarray,
    bits: int = 8,
    *,
    metadata: Mapping[str, str] | None = None,
    profile: bytes | None = None,
    pixel_aspect: Fraction = Fraction(1),
) -> None:
    """Writes (H, W, 3 or 4) float in 0..1 as PNG of 8 or 16 bits; the file is whole or not there at all.

    It is encoded in memory by OpenCV: OpenImageIO writes PNGs to files alone, and reports success on a disk
    that is full (`tests/video/driver/test_full_disk.py`).

    Args:
        metadata: texts by keyword.
        profile: the ICC profile that the colors are in; None for sRGB.
        pixel_aspect: width over height of a pixel.

    Raises:
        FileError: the file cannot be written.
    """
    kind = np.uint16 if bits == 16 else np.uint8
    pixels = np.round(np.clip(image, 0.0, 1.0) * np.iinfo(kind).max).astype(kind)
    order = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    encoded = cv2.imencode(".png", cv2.cvtColor(pixels, order))[1].tobytes()
    whole = with_chunks(encoded, metadata or {}, profile, pixel_aspect)
    write_atomically(path, lambda temporary: temporary.write_bytes(whole))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[oiio.ImageInput, oiio.ImageSpec, PictureFormat]]:
    """The file, its header, which promises nothing that the file cannot hold, and its format."""
    try:
        # libpng prints what it finds in damaged files.
        with suppress_native_output(), open_image(path) as image:
            kind = FORMATS.get(image.format_name())
            if kind is None:
                raise FileError(path, _NO_PICTURE)
            spec = image.spec()
            if spec.width < 1 or spec.height < 1 or spec.depth > 1 or spec.nchannels < 1:
                raise DecodeError("its size is none")
            pixels = spec.width * spec.height
            check_decode_limits(path, pixels, 4 * spec.nchannels * pixels, kind.expansion)
            yield image, spec, kind
    except DecodeError as error:
        raise FileError(path, _why_unreadable(str(error))) from None


_NO_PICTURE = "is no picture; PNG, JPEG, WebP, TIFF, EXR, HDR, DPX, Cineon, TGA, BMP and others can be read"


def _why_unreadable(reason: str) -> str:
    if "limits:" in reason:
        return "has too many pixels; the limit is about 89 million"
    if "no known format" in reason or "could not find a format reader" in reason:
        return _NO_PICTURE
    return f"is no picture, or a damaged one ({reason[:200]}); make it again"


def _check_colors(path: Path, spec: oiio.ImageSpec, kind: PictureFormat) -> None:
    """Raises FileError for a whole picture whose values have a meaning that is not known here."""
    if spec.get_string_attribute("tiff:ColorSpace") == "CIELAB":
        raise FileError(path, "is in CIE Lab colors; save it as RGB")
    photometric = spec.get_int_attribute("tiff:PhotometricInterpretation", _GRAY_OR_RGB[0])
    if spec.format.basetype == oiio.UINT16 and photometric not in _GRAY_OR_RGB:
        raise FileError(path, "16 bits a channel can be read in gray and RGB alone; save it as RGB")
    light = kind.space is not None and kind.space.scene_linear
    if spec.format.basetype not in (*_INTEGERS, *(_FLOATS if light else ())):
        raise FileError(path, "32 bits a channel cannot be read in this format; save it with 16, or as EXR")


def _profile(spec: oiio.ImageSpec) -> bytes | None:
    """The embedded ICC profile, as the file has it."""
    icc = spec.getattribute("ICCProfile")
    return icc.astype(np.uint8).tobytes() if isinstance(icc, np.ndarray) else None


def _as_color(pixels: np.ndarray, alpha: int) -> np.ndarray:
    """(H, W, 3), or (H, W, 4) with alpha, of all channels of a file; gray is repeated."""
    color = pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)
    # Of a GIF OpenImageIO counts alpha's place from one.
    place = alpha if alpha < pixels.shape[2] else pixels.shape[2] - 1
    return color if alpha < 1 else np.concatenate([color, pixels[..., place : place + 1]], axis=2)


def _profiled(color: np.ndarray, icc: bytes) -> Picture:
    """The picture of uint8 or uint16 values in the space of an ICC profile."""
    try:
        profile = parse_profile(icc)
    except ProfileError:
        return Picture(_scaled(convert_by_table(color, icc) if color.dtype == np.uint8 else color))
    return _in_space(_scaled(color), None if profile.is_srgb else profile)


def _in_space(color: np.ndarray, space: ColorSpace | None) -> Picture:
    """The picture of float32 values in a space; None for sRGB."""
    if space is None:
        return Picture(color)
    original = Original(color, space)
    return Picture(original.display(), original)


def _scaled(color: np.ndarray) -> np.ndarray:
    """float32; integers in 0..1."""
    levels = np.float32(np.iinfo(color.dtype).max if color.dtype.kind == "u" else 1.0)
    return color.astype(np.float32) / levels


def _orientation(spec: oiio.ImageSpec) -> int:
    """EXIF's number, 1 (upright) to 8."""
    orientation = spec.get_int_attribute("Orientation", 1)
    return orientation if 1 <= orientation <= 8 else 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """(H, W, C) as EXIF's orientation says that it is meant."""
    if orientation >= _FIRST_ON_ITS_SIDE:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
