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
from video.color.icc import ProfileError, convert_by_table, parse_gray_profile, parse_profile
from video.errors import FileError
from video.files.atomic import check_writable, write_atomically
from video.files.decode_limits import check_decode_limits
from video.files.free_memory import check_memory
from video.files.image_io import DecodeError, open_image, read_pixels
from video.files.native_output import suppress_native_output
from video.images.exr import exr_header, finite_light, is_exr
from video.images.file_color import FileColor, read_file_color
from video.images.headers.other_formats import what_it_is
from video.images.headers.png_chunks import with_chunks
from video.images.heif import heif_header, is_heif, read_heif
from video.images.picture import Original, Picture, PictureHeader, displayed, quantize
from video.images.picture_formats import ANIMATION, FORMATS, IMAGE_SUFFIXES, PictureFormat
from video.images.printed import is_cmyk, read_managed_cmyk
from video.images.sample_values import check_samples, color_of, read_type
from video.images.scene_linear import read_light

__all__ = [
    "IMAGE_SUFFIXES",
    "check_writable",
    "image_size",
    "quantize",
    "read_header",
    "read_image",
    "read_picture",
    "write_atomically",
    "write_png",
]

# EXIF orientations from here on exchange width and height.
_FIRST_ON_ITS_SIDE = 5


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
    if is_heif(path):
        color, meaning = read_heif(path)
        return _as_meant(color, meaning, gray=False)
    with _opened(path) as (image, spec, kind):
        meaning = read_file_color(path, spec, kind.name)
        if meaning.profile is not None and is_cmyk(spec):
            return Picture(_upright(read_managed_cmyk(path, meaning.profile), _orientation(spec)))
        pixels = read_pixels(image, spec, read_type(spec))
    color = color_of(pixels, spec, premultiplied=kind.premultiplied(path))
    del pixels
    color = _upright(color, _orientation(spec))
    space = kind.space(spec)
    if space is not None:
        return _in_space(finite_light(color) if space.scene_linear else color, space)
    return _as_meant(color, meaning, gray=spec.nchannels < 3)


def read_header(path: Path) -> PictureHeader:
    """Size and alpha of the upright picture, from its header alone.

    Raises:
        FileError: as `read_picture`, as far as the header tells: no pixel is decoded.
    """
    if is_exr(path):
        return exr_header(path)
    if is_heif(path):
        return heif_header(path)
    with _opened(path) as (_, spec, kind):
        read_file_color(path, spec, kind.name)
        sideways = _orientation(spec) >= _FIRST_ON_ITS_SIDE
        width, height = (spec.height, spec.width) if sideways else (spec.width, spec.height)
        return PictureHeader(width, height, spec.alpha_channel >= 1)


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) of the upright picture, from its header alone; raises FileError as `read_header`."""
    return read_header(path).size


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
    """The file, its header and its format: a picture that can be read, as far as its header tells.

    Raises:
        FileError: it cannot.
        MemoryShortageError: there is not enough memory for it.
    """
    try:
        # libpng prints what it finds in damaged files.
        with suppress_native_output(), open_image(path) as image:
            kind = FORMATS.get(image.format_name())
            if kind is None:
                raise FileError(path, what_it_is(path) or _NO_PICTURE)
            spec = image.spec()
            if spec.width < 1 or spec.height < 1 or spec.depth > 1 or spec.nchannels < 1:
                raise DecodeError("its size is none")
            pixels = spec.width * spec.height
            check_decode_limits(path, pixels, _stored_bits(spec) * pixels // 8, kind.expansion)
            _check_header(path, image, spec, kind)
            check_memory(path, _memory(spec) * pixels)
            if spec.alpha_channel >= 0 and kind.without_alpha(path):
                spec.alpha_channel = -1
            yield image, spec, kind
    except DecodeError as error:
        raise FileError(path, what_it_is(path) or _why_unreadable(str(error))) from None


def _check_header(path: Path, image: oiio.ImageInput, spec: oiio.ImageSpec, kind: PictureFormat) -> None:
    """Raises FileError if the header tells that the file is not read, though it may be whole."""
    if kind.is_animation is not None and kind.is_animation(image, path):
        raise FileError(path, ANIMATION)
    refusal = kind.refusal(path, spec)
    if refusal is not None:
        raise FileError(path, refusal)
    check_samples(path, spec, floats=kind.floats)


def _stored_bits(spec: oiio.ImageSpec) -> int:
    """Bits of a pixel's samples in the file."""
    bits = spec.get_int_attribute("oiio:BitsPerSample", 8 * spec.format.size())
    return max(1, min(bits, 8 * spec.format.size())) * spec.nchannels


def _memory(spec: oiio.ImageSpec) -> int:
    """Bytes for each pixel while a picture is read: samples, twice, these as floats, and the colors."""
    return spec.nchannels * (2 * spec.format.size() + 4) + 4 * (4 if spec.alpha_channel >= 0 else 3)


_NO_PICTURE = "is no picture; PNG, JPEG, WebP, TIFF, EXR, HDR, DPX, Cineon, TGA, BMP and others can be read"


def _why_unreadable(reason: str) -> str:
    if "limits:" in reason:
        return "has too many pixels; the limit is about 89 million"
    if "no known format" in reason or "could not find a format reader" in reason:
        return _NO_PICTURE
    if "bits per sample" in reason:
        return f"has samples that cannot be read ({reason[:200]}); save it with 8 or 16 bits"
    return f"is no picture, or a damaged one ({reason[:200]}); make it again"


def _as_meant(color: np.ndarray, meaning: FileColor, *, gray: bool) -> Picture:
    """The picture of float32 values as their file says that they are meant."""
    if meaning.profile is not None:
        return _profiled(color, meaning.profile, gray=gray)
    space = meaning.space
    if space is None:
        return _in_space(color, None)
    return Picture(displayed(color, lambda block: space.to_display(block[..., :3])))


def _profiled(color: np.ndarray, icc: bytes, *, gray: bool) -> Picture:
    """The picture of float32 values in the space of an ICC profile, that of a gray picture if `gray`."""
    try:
        profile = parse_gray_profile(icc) if gray else parse_profile(icc)
    except ProfileError:
        shown = convert_by_table(color[..., :3], icc)
        return _in_space(np.concatenate([shown, color[..., 3:]], axis=2), None)
    if gray:
        # No profile of gray fits a picture in color.
        return Picture(Original(color, profile).display())
    return _in_space(color, None if profile.is_srgb else profile)


def _in_space(color: np.ndarray, space: ColorSpace | None) -> Picture:
    """The picture of float32 values in a space; None for sRGB. The array becomes the picture's."""
    if space is None:
        # `fmax` takes what is a number: NaN becomes zero.
        return Picture(np.fmin(np.fmax(color, 0.0, out=color), 1.0, out=color))
    original = Original(color, space)
    return Picture(original.display(), original)


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
