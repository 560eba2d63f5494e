"""Reads and writes single pictures: arrays of display-referred colour in 0..1."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeVar, cast

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from video.errors import FileError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})

_SIXTEEN_BIT_FORMATS = frozenset({"PNG", "TIFF"})
# EXIF orientations from here on exchange width and height.
_FIRST_ON_ITS_SIDE = 5
# TIFF's tag number.
_BITS_PER_SAMPLE = 258

# No room, no room for this user, no room in a file of the allowed size.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

T = TypeVar("T")


def read_image(path: Path) -> np.ndarray:
    """A picture as (H, W, 3) or, if it has transparency, (H, W, 4) float32 in 0..1, sRGB, straight alpha.

    PNG and TIFF keep 16 bits a channel. A photograph is turned as its EXIF orientation says.

    Raises:
        FileError: missing, a folder, no picture, damaged, or too large to be one in good faith.
    """
    sixteen = _opened(path, _decode)
    if isinstance(sixteen, np.ndarray):
        return sixteen
    decoded = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise FileError(path, "the picture is damaged; make it again")
    decoded = _upright(decoded, _opened(path, _orientation))
    scaled = decoded.astype(np.float32) / (65535.0 if decoded.dtype == np.uint16 else 255.0)
    if scaled.ndim == 2:
        return np.repeat(scaled[..., None], 3, axis=2)
    return cv2.cvtColor(scaled, cv2.COLOR_BGRA2RGBA if scaled.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) of the upright picture, from the header alone; raises FileError as `read_image`."""

    def upright_size(image: Image.Image) -> tuple[int, int]:
        width, height = image.size
        return (height, width) if _orientation(image) >= _FIRST_ON_ITS_SIDE else (width, height)

    return _opened(path, upright_size)


def _opened(path: Path, use: Callable[[Image.Image], T]) -> T:
    if path.is_dir():
        raise FileError(path, "is a folder; name a picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return use(image)
    except FileNotFoundError:
        raise FileError(path, "does not exist; check the name") from None
    except UnidentifiedImageError:
        raise FileError(path, "is no picture; PNG, JPEG, WebP and TIFF can be read") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise FileError(path, "has too many pixels; the limit is about 89 million") from None
    except PermissionError:
        raise FileError(path, "may not be read; check its permissions") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise FileError(path, f"the picture is damaged ({error}); make it again") from None


def _decode(image: Image.Image) -> np.ndarray | None:
    """The picture, or None for 16 bits a channel, which Pillow would cut to 8."""
    if image.format == "TIFF" and max(image.tag_v2.get(_BITS_PER_SAMPLE, (8,))) > 16:  # type: ignore[attr-defined]
        raise ValueError("32 bits a channel cannot be read; save it with 16")
    if image.format in _SIXTEEN_BIT_FORMATS and _has_sixteen_bits(image):
        return None
    upright = ImageOps.exif_transpose(image)
    converted = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    return np.asarray(converted, dtype=np.float32) / 255.0


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
    return int(image.getexif().get(ExifTags.Base.Orientation, 1))


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """What `ImageOps.exif_transpose` does, for an array (H, W, …)."""
    if orientation >= _FIRST_ON_ITS_SIDE:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def quantize(image: np.ndarray, bits: int = 8) -> np.ndarray:
    """The image as a file of so many bits gives it back: float32 in 0..1, rounded to its levels."""
    levels = float(2**bits - 1)
    return (np.round(np.clip(image, 0.0, 1.0) * levels) / levels).astype(np.float32)


def write_png(path: Path, image: np.ndarray, bits: int = 8) -> None:
    """Writes (H, W, 3 or 4) float in 0..1 as PNG of 8 or 16 bits; the file is whole or not there at all.

    Raises:
        FileError: the file cannot be written.
    """
    kind = np.uint16 if bits == 16 else np.uint8
    pixels = np.round(np.clip(image, 0.0, 1.0) * np.iinfo(kind).max).astype(kind)
    order = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
    encoded = cv2.imencode(".png", cv2.cvtColor(pixels, order))[1].tobytes()
    write_atomically(path, lambda temporary: temporary.write_bytes(encoded))


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a temporary file beside `path`, then moves it there in one step.

    Raises:
        FileError: the file cannot be written; what was at `path` before is still there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        _settle(temporary)
        temporary.replace(path)
    except OSError as error:
        raise FileError(path, _why_unwritten(error)) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _settle(path: Path) -> None:
    """Has the file on the disk before its name is: after a power cut a name may outlive its content."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _why_unwritten(error: OSError) -> str:
    if error.errno in _FULL:
        return "the disk is full; make room, then run it again to go on"
    return f"cannot be written ({error.strerror or error}); choose another output folder"


def check_writable(folder: Path) -> None:
    """Makes the output folder and tries it out, so that no work is lost later.

    Raises:
        FileError: it cannot be made or written to.
    """
    probe = folder / f".blender-nst.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FileError(
            folder, f"cannot be written to ({error.strerror}); choose another output folder"
        ) from None
