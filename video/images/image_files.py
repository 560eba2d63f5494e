"""Reads and writes single pictures: arrays of display-referred color in 0..1."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TypeVar, cast

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from video.color.icc import DisplayProfile, ProfileError, parse_profile
from video.errors import FileError
from video.files.atomic import check_writable, write_atomically
from video.files.decode_limits import check_decode_limits
from video.files.native_output import suppress_native_output
from video.images.exr import exr_size, is_exr
from video.images.picture import Original, Picture, quantize
from video.images.png_chunks import with_chunks
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

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".exr"})

# Nothing else is tried: some of Pillow's readers start other programs.
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
_SIXTEEN_BIT_FORMATS = frozenset({"PNG", "TIFF"})
# EXIF orientations from here on exchange width and height.
_FIRST_ON_ITS_SIDE = 5
# TIFF's tag numbers, and those values of the second that are gray or RGB.
_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262
_GRAY_OR_RGB = (0, 1, 2)

T = TypeVar("T")


def read_image(path: Path) -> np.ndarray:
    """A picture as (H, W, 3) or, if it has transparency, (H, W, 4) float32 in 0..1, sRGB, straight alpha.

    Raises:
        FileError: as `read_picture`.
    """
    return read_picture(path).image


def read_picture(path: Path) -> Picture:
    """A picture in sRGB, and what its file holds where that is something else.

    PNG and TIFF keep 16 bits a channel, an EXR its light. A photograph is turned as its EXIF orientation
    says. An embedded ICC profile is followed; the file's own colors come along if there is a way back to
    them (a profile of a matrix and curves, as every display's); if not, the picture is plain sRGB.

    Raises:
        FileError: missing, a folder, no picture, damaged, animated, or too large to be one in good faith.
    """
    if is_exr(path):
        original = read_light(path)
        return Picture(original.display(), original)
    decoded = _opened(path, _decode)
    if decoded is None:
        return _profiled(_decode_sixteen(path), _opened(path, _profile))
    return decoded


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) of the upright picture, from the header alone; raises FileError as `read_picture`."""

    def upright_size(image: Image.Image) -> tuple[int, int]:
        width, height = image.size
        return (height, width) if _orientation(image) >= _FIRST_ON_ITS_SIDE else (width, height)

    return exr_size(path) if is_exr(path) else _opened(path, upright_size)


def write_png(
    path: Path,
    image: np.ndarray,
    bits: int = 8,
    *,
    metadata: Mapping[str, str] | None = None,
    profile: bytes | None = None,
) -> None:
    """Writes (H, W, 3 or 4) float in 0..1 as PNG of 8 or 16 bits; the file is whole or not there at all.

    Args:
        metadata: texts by keyword.
        profile: the ICC profile that the colors are in; None for sRGB.

    Raises:
        FileError: the file cannot be written.
    """
    kind = np.uint16 if bits == 16 else np.uint8
    pixels = np.round(np.clip(image, 0.0, 1.0) * np.iinfo(kind).max).astype(kind)
    order = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    encoded = cv2.imencode(".png", cv2.cvtColor(pixels, order))[1].tobytes()
    whole = with_chunks(encoded, metadata or {}, profile)
    write_atomically(path, lambda temporary: temporary.write_bytes(whole))


def _opened(path: Path, use: Callable[[Image.Image], T]) -> T:
    # Not `path.is_dir()`, which fails for a name that no file system takes.
    if os.path.isdir(path):  # noqa: PTH112
        raise FileError(path, "is a folder; name a picture")
    try:
        # The filters are process-wide; `suppress_native_output` has one file decoded at a time.
        with suppress_native_output(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                check_decode_limits(path, image.width * image.height, 4 * image.width * image.height)
                return use(image)
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError(path, "does not exist; check the name") from None
    except UnidentifiedImageError:
        raise FileError(path, "is no picture; PNG, JPEG, WebP, TIFF and EXR can be read") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise FileError(path, "has too many pixels; the limit is about 89 million") from None
    except PermissionError:
        raise FileError(path, "may not be read; check its permissions") from None
    except _UnsupportedError as error:
        raise FileError(path, str(error)) from None
    except MemoryError:
        raise  # the picture may be whole
    except Exception as error:  # Pillow's decoders raise whatever a damaged file makes them raise
        if isinstance(error, OSError) and error.strerror is not None:
            raise FileError(path, f"cannot be read ({error.strerror}); check the name") from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise FileError(path, f"the picture is damaged ({reason}); make it again") from None


class _UnsupportedError(Exception):
    """The picture is whole and cannot be used."""


def _decode(image: Image.Image) -> Picture | None:
    """The picture, or None for 16 bits a channel, which Pillow would cut to 8."""
    if image.format not in {"TIFF", "MPO"} and getattr(image, "is_animated", False):
        raise _UnsupportedError("is an animation; save the picture that is meant as a file of its own")
    if image.format == "TIFF" and max(image.tag_v2.get(_BITS_PER_SAMPLE, (8,))) > 16:  # type: ignore[attr-defined]
        raise _UnsupportedError("32 bits a channel cannot be read in a TIFF; save it with 16, or as EXR")
    if image.mode == "LAB":
        raise _UnsupportedError("is in CIE Lab colors; save it as RGB")
    if image.format in _SIXTEEN_BIT_FORMATS and _has_sixteen_bits(image):
        if image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC) not in _GRAY_OR_RGB:  # type: ignore[attr-defined]
            raise _UnsupportedError("16 bits a channel can be read in gray and RGB alone; save it as RGB")
        return None
    icc = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    if icc and image.mode == "CMYK":
        upright = _managed(upright, icc)
    converted = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    pixels = np.asarray(converted, dtype=np.float32) / 255.0
    profile = _parsed(icc)
    if icc and profile is None and image.mode in ("RGB", "RGBA"):
        managed = _managed(converted, icc)
        return Picture(np.asarray(managed, dtype=np.float32) / 255.0)
    return _profiled(pixels, profile if image.mode in ("RGB", "RGBA", "P") else None)


def _profile(image: Image.Image) -> DisplayProfile | None:
    return _parsed(image.info.get("icc_profile"))


def _parsed(icc: bytes | None) -> DisplayProfile | None:
    """None where there is none, where it is sRGB, or where it is of another kind or damaged."""
    try:
        profile = parse_profile(icc) if icc else None
    except ProfileError:
        return None
    return None if profile is None or profile.is_srgb else profile


def _profiled(pixels: np.ndarray, profile: DisplayProfile | None) -> Picture:
    if profile is None:
        return Picture(pixels)
    original = Original(pixels, profile)
    return Picture(original.display(), original)


def _managed(image: Image.Image, icc: bytes) -> Image.Image:
    """The picture in sRGB by littleCMS, in 8 bits; as it is where the profile does not fit it."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        converted = ImageCms.profileToProfile(
            image, io.BytesIO(icc), ImageCms.createProfile("sRGB"), outputMode=mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if converted is None else converted


def _decode_sixteen(path: Path) -> np.ndarray:
    orientation = _opened(path, _orientation)
    width, height = _opened(path, lambda image: image.size)
    try:
        with suppress_native_output():
            decoded = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    except (cv2.error, OSError):
        decoded = None
    if decoded is None or decoded.shape[:2] != (height, width) or decoded.dtype != np.uint16:
        raise FileError(path, "the picture is damaged; make it again")
    scaled = _upright(decoded, orientation).astype(np.float32) / 65535.0
    if scaled.ndim == 2:
        return np.repeat(scaled[..., None], 3, axis=2)
    return cv2.cvtColor(scaled, cv2.COLOR_BGRA2RGBA if scaled.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def _has_sixteen_bits(image: Image.Image) -> bool:
    if image.mode.startswith("I"):
        return True
    if image.format == "PNG":
        # Pillow opens 16-bit RGB as "RGB": the bit depth stands in byte 24 of every PNG, in its IHDR chunk.
        stream = cast(IO[bytes], image.fp)  # type: ignore[attr-defined]
        position = stream.tell()
        stream.seek(24)
        depth = stream.read(1)
        stream.seek(position)
        return depth == b"\x10"
    return image.tag_v2.get(_BITS_PER_SAMPLE, (8,))[0] == 16  # type: ignore[attr-defined]


def _orientation(image: Image.Image) -> int:
    """EXIF's number, 1 (upright) to 8."""
    try:
        orientation = int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (ValueError, TypeError, SyntaxError, OSError):
        return 1
    return orientation if 1 <= orientation <= 8 else 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """What `ImageOps.exif_transpose` does, for an array (H, W, …)."""
    if orientation >= _FIRST_ON_ITS_SIDE:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
