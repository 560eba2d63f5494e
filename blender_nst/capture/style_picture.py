"""Style pictures that are images of Blender: the file that holds one, or a PNG that is written from it.

What is packed into the .blend is written as the file that it was. What was generated or painted in Blender
becomes a PNG by value: a byte image of 8 bits, 0 levels off; a float image of 16 bits through the sRGB
transfer function. The name of a written file is a hash of its content.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..output_folder import STYLE_PICTURES
from ..properties.styles import can_be_style
from .whole_file import whole_file

if TYPE_CHECKING:
    import numpy as np

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGBA = 6
"""PNG's color type."""
_LINEAR_SPACES = ("Linear", "scene_linear")
_MOST_PIXELS = 1 << 28


ImageKey = tuple[str, str | None]
"""Name of an image of Blender, and its library's file; such a reference outlives undo."""


class StylePictureError(Exception):
    """An image of Blender cannot be a style picture; one line that says which and why."""


def image_key(image: bpy.types.Image) -> ImageKey:
    """The key by which `find_image` finds it."""
    return image.name, None if image.library is None else image.library.filepath


def find_image(key: ImageKey) -> bpy.types.Image:
    """The image of this key; raises StylePictureError if there is none any more."""
    images: Any = bpy.data.images
    image = images.get(key)
    if image is None:
        raise StylePictureError(f"image {key[0]!r} is gone; choose another style")
    return image


def check_image(image: bpy.types.Image) -> None:
    """Raises StylePictureError if an image cannot be a style picture, as far as that is known at once."""
    if not can_be_style(image):
        raise StylePictureError(f"image {image.name!r} is no single picture; choose another style")
    file = image_file(image)
    # Not `Path.is_file`, which fails for a name that no file system takes.
    if file is not None and not os.path.isfile(file):  # noqa: PTH113
        raise StylePictureError(f"{file}: the picture of image {image.name!r} is not there; choose another")


def image_file(image: bpy.types.Image) -> Path | None:
    """The file that shows what the image does; None if it is in Blender alone."""
    if image.source != "FILE" or image.is_dirty or image.packed_file is not None or not image.filepath:
        return None
    path = bpy.path.abspath(image.filepath, library=image.library)
    return Path(os.path.normpath(path))


def write_image(image: bpy.types.Image, output: Path) -> Path:
    """The image's file, or one that is written into an output folder for it.

    Raises:
        StylePictureError: there is nothing in the image, or the file cannot be written.
    """
    check_image(image)
    file = image_file(image)
    if file is not None:
        return file
    packed = None if image.is_dirty else image.packed_file
    if packed is not None:
        content, suffix = bytes(packed.data), Path(image.filepath).suffix.lower()
        suffix = suffix or f".{image.file_format.lower().replace('jpeg2000', 'jp2')}"
    else:
        content, suffix = _png(image), ".png"
    digest = hashlib.blake2b(content, digest_size=8).hexdigest()
    path = output / STYLE_PICTURES / f"{digest}{suffix}"
    try:
        if not path.is_file() or path.read_bytes() != content:
            with whole_file(path) as unfinished:
                unfinished.write_bytes(content)
    except OSError as error:
        raise StylePictureError(f"{path}: the style picture cannot be written: {error.strerror}") from None
    return path


def _png(image: bpy.types.Image) -> bytes:
    """What the image shows as a PNG with straight alpha."""
    try:
        import numpy as np
    except ImportError:  # some systems' Blender comes without
        raise StylePictureError(
            f"image {image.name!r}: this Blender has no numpy to write it with; save the image to a file"
        ) from None
    width, height = image.size
    channels = image.channels
    if not 0 < width * height <= _MOST_PIXELS or channels == 0:
        raise StylePictureError(f"image {image.name!r} holds no pixels; choose another style")
    values = np.empty(width * height * channels, np.float32)
    image.pixels.foreach_get(values)
    # The first row is the lowest one.
    pixels = _rgba(values.reshape(height, width, channels)[::-1])
    if image.is_float and image.alpha_mode != "CHANNEL_PACKED":
        alpha = pixels[..., 3:]
        pixels[..., :3] /= np.where(alpha > 0.0, alpha, 1.0)
    if image.is_float or image.colorspace_settings.name.startswith(_LINEAR_SPACES):
        pixels[..., :3] = _display(pixels[..., :3])
    top, kind = (65535.0, ">u2") if image.is_float else (255.0, "u1")
    levels = np.rint(np.clip(pixels, 0.0, 1.0) * top).astype(kind)
    return _encoded(levels, 16 if image.is_float else 8)


def _rgba(pixels: np.ndarray) -> np.ndarray:
    """The pixels (H, W, 4), of one to four channels."""
    import numpy as np

    height, width, channels = pixels.shape
    whole = np.ones((height, width, 4), np.float32)
    if channels < 3:
        whole[..., :3] = pixels[..., :1]
        whole[..., 3] = pixels[..., 1] if channels == 2 else 1.0
    else:
        whole[..., :channels] = pixels
    return whole


def _display(linear: np.ndarray) -> np.ndarray:
    """sRGB of linear light, the negative of it cut off."""
    import numpy as np

    light = np.clip(linear, 0.0, None)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1.0 / 2.4) - 0.055)


def _encoded(levels: np.ndarray, bits: int) -> bytes:
    """A PNG of RGBA levels (H, W, 4): Blender's own saving goes through the scene's color management."""
    import numpy as np

    height, width = levels.shape[:2]
    rows = levels.reshape(height, -1).view("u1").reshape(height, -1)
    filtered = np.concatenate([np.zeros((height, 1), "u1"), rows], axis=1)
    header = struct.pack(">IIBBBBB", width, height, bits, _RGBA, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 6)), (b"IEND", b""))
    return _PNG_SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
