"""AVIF and HEIC pictures, in 8 bits: read by Pillow, since OpenImageIO's wheels have no reader of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, features

from video.color.cicp import code_point_space
from video.errors import FileError
from video.files.decode_limits import check_decode_limits
from video.files.free_memory import check_memory
from video.files.image_io import check_readable
from video.files.native_output import suppress_native_output
from video.images.file_color import FileColor
from video.images.headers.isobmff import StillKind, code_points, still_kind
from video.images.picture import PictureHeader
from video.images.picture_formats import ANIMATION

# Flat pictures are coded in almost no bytes.
_EXPANSION = 20_000
# Of memory: what the decoder holds, what Pillow does, and the picture as floats.
_BYTES_PER_PIXEL = 48
_FORMATS = {StillKind.AVIF: ("AVIF",), StillKind.HEIC: ("HEIF",)}
_ORIENTATION = 0x112
_FIRST_ON_ITS_SIDE = 5


def is_heif(path: Path) -> bool:
    """Whether a file is an AVIF or a HEIC; raises FileError if it cannot be read at all."""
    check_readable(path)
    return still_kind(path) is not None


def heif_header(path: Path) -> PictureHeader:
    """Size, upright, and alpha, from the header; raises FileError as `read_heif`."""
    with _opened(path) as image:
        _meaning(path, image.info.get("icc_profile"))
        sideways = image.getexif().get(_ORIENTATION, 1) >= _FIRST_ON_ITS_SIDE
        width, height = (image.height, image.width) if sideways else image.size
        return PictureHeader(width, height, image.has_transparency_data)


def read_heif(path: Path) -> tuple[np.ndarray, FileColor]:
    """The upright picture, (H, W, 3) or, with alpha, (H, W, 4) float32 in 0..1, and what its numbers mean.

    Raises:
        FileError: no library reads it, it is damaged, animated or too large, or in colors that are not known.
    """
    with _opened(path) as image:
        meaning = _meaning(path, image.info.get("icc_profile"))
        with _damage_told(path):
            upright = ImageOps.exif_transpose(image)
            pixels = np.asarray(upright.convert("RGBA" if upright.has_transparency_data else "RGB"))
    return pixels.astype(np.float32) / np.float32(255.0), meaning


def _meaning(path: Path, profile: bytes | None) -> FileColor:
    points = code_points(path)
    # A profile goes before code points, as in libavif.
    if profile or points is None:
        return FileColor(profile or None)
    try:
        # Pillow has undone matrix and range.
        return FileColor(space=code_point_space(*points))
    except ValueError as error:
        raise FileError(path, f"{error} are not known; save it as an sRGB PNG") from None


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    kind = still_kind(path)
    if kind is None:
        raise FileError(path, "is no AVIF or HEIC picture; check the name")
    if kind is StillKind.AVIF and not features.check("avif"):
        raise FileError(path, "is an AVIF picture, which this Pillow does not read; save it as PNG or JPEG")
    if kind is StillKind.HEIC:
        _register_heic(path)
    with _damage_told(path):
        image = Image.open(path, formats=_FORMATS[kind])
    with image:
        pixels = image.width * image.height
        check_decode_limits(path, pixels, 4 * pixels, _EXPANSION)
        check_memory(path, _BYTES_PER_PIXEL * pixels)
        # A HEIC may hold several photographs, the first of which is meant.
        if kind is StillKind.AVIF and getattr(image, "is_animated", False):
            raise FileError(path, ANIMATION)
        yield image


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    """Raises FileError for whatever Pillow raises."""
    try:
        with suppress_native_output(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MemoryError:
        raise  # the picture may be whole
    except Exception as error:  # decoders raise whatever a damaged file makes them raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise FileError(path, f"the {still_kind(path)} is damaged ({reason[:200]}); make it again") from None


def _register_heic(path: Path) -> None:
    """Teaches Pillow HEIC, by a package that is not installed by default."""
    if find_spec("pillow_heif") is None:
        raise FileError(
            path,
            "is a HEIC picture, as phones take them; save it as PNG or JPEG, or install pillow-heif for the"
            " engine",
        )
    import pillow_heif  # pyright: ignore[reportMissingImports]

    pillow_heif.register_heif_opener()
