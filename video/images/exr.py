"""OpenEXR in and out: channels by name, the color among them, and pictures in half precision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio

from video.errors import FileError
from video.files.atomic import write_atomically
from video.files.decode_limits import check_decode_limits
from video.files.image_io import DecodeError, open_image, read_pixels, write_image

LARGEST_HALF = 65504.0
EXR = "openexr"
"""OpenImageIO's name of the format."""
PIXEL_ASPECT = "PixelAspectRatio"
"""OpenImageIO's name of the attribute."""

_MAGIC = b"\x76\x2f\x31\x01"
_DAMAGED = "the EXR is damaged or cut short; make it again"
# Of a multilayer file: what Blender's compositor made, then what it rendered.
_COLOR_PASSES = ("Composite.Combined", "Combined", "Image", "rgba", "rgb", "beauty")
_COLORS = (("R", "G", "B", "A"), ("r", "g", "b", "a"), ("red", "green", "blue", "alpha"))
_GRAYS = ("Y", "V", "L", "y", "v", "gray", "grey")
# OpenImageIO maps integers to 0..1.
_LARGEST_INTEGER = 2.0**32 - 1.0


def is_exr(path: Path) -> bool:
    """Whether a file is an EXR, by its first bytes, or, where it has too few of them, by its name."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except (OSError, ValueError):
        return False
    return magic == _MAGIC or (path.suffix.lower() == ".exr" and len(magic) < len(_MAGIC))


@contextmanager
def open_exr(path: Path) -> Iterator[tuple[oiio.ImageInput, list[oiio.ImageSpec]]]:
    """The file and the header of each of its parts; no pixel has been decoded.

    Raises:
        FileError: missing, no EXR, damaged, deep, subsampled, or too large to be one in good faith.
    """
    with _opened(path) as image:
        if image.format_name() != EXR:
            raise FileError(path, "is no EXR, whatever its name says")
        count = image.spec().get_int_attribute("oiio:subimages", 1)
        parts = [image.spec(part) for part in range(count)]
        for part in parts:
            if part.deep:
                raise FileError(path, "is a deep EXR; flatten it, or save it without deep pixels")
            if part.width < 1 or part.height < 1 or part.nchannels < 1:
                raise FileError(path, _DAMAGED)
        # Each channel comes as a float for every pixel of the picture.
        decoded = sum(4 * part.nchannels * _pixels(part) for part in parts)
        check_decode_limits(path, max(map(_pixels, parts)), decoded)
        yield image, parts


def read_channels(path: Path) -> dict[str, np.ndarray]:
    """Every channel by its full name, as `ViewLayer.Combined.R`, of the first part that has it.

    Returns:
        (H, W) float32 each, of the display window: what lies outside the data window is zero. The arrays
        are views of what the file's part holds, not contiguous.

    Raises:
        FileError: as `open_exr`, or the pixels are damaged.
    """
    found: dict[str, np.ndarray] = {}
    with open_exr(path) as (image, parts):
        for number, part in enumerate(parts):
            whole = _in_display_window(read_pixels(image, part, "float", number), part)
            for place, name in enumerate(part.channelnames):
                channel = whole[..., place]
                if part.channelformat(place) == oiio.UINT32:
                    channel = np.rint(channel * np.float32(_LARGEST_INTEGER))
                found.setdefault(name, channel)
    return found


def read_attributes(path: Path) -> dict[str, Any]:
    """The attributes of the file by name; of several parts the first that has one gives it.

    Raises:
        FileError: as `open_exr`.
    """
    attributes: dict[str, Any] = {}
    with open_exr(path) as (_, parts):
        for part in parts:
            attributes = {each.name: each.value for each in part.extra_attribs} | attributes
    return attributes


def read_color(path: Path) -> np.ndarray:
    """The picture in an EXR: R, G, B, or those of Blender's Combined pass, or a gray channel for all three.

    Returns:
        (H, W, 3) or, with an alpha channel, (H, W, 4) float32, scene-linear in the file's primaries, colors
        premultiplied. What is not a number is zero, what is infinite the largest half.

    Raises:
        FileError: as `read_channels`, or no channels of the file are a picture.
    """
    channels = read_channels(path)
    names = color_channels(channels)
    if names is None:
        listed = ", ".join(list(channels)[:8]) + (", …" if len(channels) > 8 else "")
        raise FileError(path, f"has no R, G, B channels, nor a Combined pass; it has {listed}")
    return finite_light(np.stack([channels[name] for name in names], axis=2))


def finite_light(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3 or 4) scene-linear: NaN as zero, infinities as the largest half, alpha clipped to 0..1."""
    pixels = np.nan_to_num(pixels, nan=0.0, posinf=LARGEST_HALF, neginf=-LARGEST_HALF)
    if pixels.shape[2] == 4:
        pixels[..., 3] = np.clip(pixels[..., 3], 0.0, 1.0)
    return pixels


def color_channels(channels: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The names of a picture's channels: three, or four with alpha; None if there are none."""
    for prefix in _prefixes(channels):
        for red, green, blue, alpha in _COLORS:
            color = (prefix + red, prefix + green, prefix + blue)
            if all(name in channels for name in color):
                return (*color, prefix + alpha) if prefix + alpha in channels else color
    for gray in _GRAYS:
        if gray in channels:
            return (gray, gray, gray, "A") if "A" in channels else (gray, gray, gray)
    return (next(iter(channels)),) * 3 if len(channels) == 1 else None


def exr_size(path: Path) -> tuple[int, int]:
    """(width, height) of the display window, from the header alone; raises FileError as `open_exr`."""
    with open_exr(path) as (_, parts):
        return parts[0].full_width, parts[0].full_height


def write_exr(
    path: Path,
    image: np.ndarray,
    metadata: Mapping[str, str] | None = None,
    chromaticities: tuple[float, ...] | None = None,
    pixel_aspect: float = 1.0,
) -> None:
    """Writes (H, W, 3 or 4) float, scene-linear and premultiplied, in half precision, whole or not at all.

    Args:
        metadata: attributes of the file.
        chromaticities: of the colors' primaries; those of Rec. 709 need not be named.
        pixel_aspect: width over height of a pixel.

    Raises:
        FileError: the file cannot be written.
    """
    height, width, channels = image.shape
    spec = oiio.ImageSpec(width, height, channels, oiio.HALF)
    spec.attribute("compression", "zip")
    if pixel_aspect != 1.0:
        spec.attribute(PIXEL_ASPECT, pixel_aspect)
    for name, text in (metadata or {}).items():
        spec.attribute(name, text)
    if chromaticities is not None:
        spec.attribute("chromaticities", "float[8]", tuple(map(float, chromaticities)))
    half = np.clip(image, -LARGEST_HALF, LARGEST_HALF).astype(np.float16)
    write_atomically(path, lambda temporary: write_image(temporary, EXR, spec, half))


@contextmanager
def _opened(path: Path) -> Iterator[oiio.ImageInput]:
    try:
        with open_image(path) as image:
            yield image
    except DecodeError as error:
        raise FileError(path, _why_unreadable(path, str(error))) from None


def _why_unreadable(path: Path, reason: str) -> str:
    if not is_exr(path):
        return "is no EXR, whatever its name says"
    if "ubsampled" in reason:
        return "has subsampled channels; save it with RGB channels"
    return _DAMAGED


def _pixels(part: oiio.ImageSpec) -> int:
    """Pixels of the larger of the two windows."""
    return max(part.width * part.height, part.full_width * part.full_height)


def _prefixes(channels: Mapping[str, Any]) -> list[str]:
    """What may stand before the channels' letters, best first."""
    layers = dict.fromkeys(name.rpartition(".")[0] for name in channels)
    ranked = [""]
    for wanted in _COLOR_PASSES:
        ranked += [f"{layer}." for layer in layers if layer == wanted or layer.rpartition(".")[2] == wanted]
    # Of other layers only one that is alone with its colors is the picture for sure.
    colored = [layer for layer in layers if layer and f"{layer}.R" in channels]
    return ranked + ([f"{colored[0]}."] if len(colored) == 1 else [])


def _in_display_window(pixels: np.ndarray, part: oiio.ImageSpec) -> np.ndarray:
    """(H, W, C) of the data window, moved into the display window."""
    left, top = part.x - part.full_x, part.y - part.full_y
    height, width = part.full_height, part.full_width
    if (left, top) == (0, 0) and pixels.shape[:2] == (height, width):
        return pixels
    whole = np.zeros((height, width, part.nchannels), np.float32)
    right, bottom = left + part.width, top + part.height
    if right > 0 and bottom > 0 and left < width and top < height:
        rows = slice(max(top, 0), min(bottom, height))
        columns = slice(max(left, 0), min(right, width))
        whole[rows, columns] = pixels[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
    return whole
