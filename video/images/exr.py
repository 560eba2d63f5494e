"""OpenEXR in and out: channels by name, the color among them, and pictures in half precision."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio

from video.errors import FileError
from video.files.atomic import write_atomically
from video.files.decode_limits import check_decode_limits
from video.files.free_memory import check_memory
from video.files.image_io import DecodeError, check_readable, open_image, read_pixels, write_image
from video.images.exr_channels import Place, color_channels, colored_layers, name_channels, view_names
from video.images.picture import PictureHeader

LARGEST_HALF = 65504.0
EXR = "openexr"
"""OpenImageIO's name of the format."""
PIXEL_ASPECT = "PixelAspectRatio"
"""OpenImageIO's name of the attribute."""

_MAGIC = b"\x76\x2f\x31\x01"
_DAMAGED = "the EXR is damaged or cut short; make it again"
# Bytes of memory for a float that is read: the channels as they come, a copy of them, and the picture.
_BYTES_PER_SAMPLE = 12
# A chunk is decoded with all of its channels, whichever are wanted: as it is stored, unpacked, and in order.
_BYTES_PER_CHUNK_BYTE = 3
_ROWS_OF_CHUNK = {"zip": 16, "pxr24": 16, "piz": 32, "b44": 32, "b44a": 32, "dwaa": 32, "dwab": 256}
# OpenImageIO maps integers to 0..1.
_LARGEST_INTEGER = 2.0**32 - 1.0


def is_exr(path: Path) -> bool:
    """Whether a file is an EXR, by its first bytes, or, where it has too few of them, by its name.

    Raises:
        FileError: it cannot be read at all.
    """
    check_readable(path)
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
        stored = sum(part.pixel_bytes(True) * _pixels(part) for part in parts)
        check_decode_limits(path, max(map(_pixels, parts)), stored)
        yield image, parts


def read_channels(
    path: Path, wanted: Callable[[Mapping[str, Place]], Collection[str] | None] = list
) -> dict[str, np.ndarray]:
    """Channels by their full names, as `ViewLayer.Combined.R`, see `exr_channels.name_channels`.

    Args:
        wanted: chooses some of the names; by default all of them. None refuses the file.

    Returns:
        (H, W) float32 each, of the display window: what lies outside the data window is zero. The arrays
        are views of what the file's part holds, not contiguous.

    Raises:
        FileError: as `open_exr`, or the pixels are damaged.
        MemoryShortageError: there is not enough memory.
    """
    found: dict[str, np.ndarray] = {}
    with open_exr(path) as (image, parts):
        places = name_channels(parts)
        names = wanted(places)
        if names is None:
            raise FileError(path, _no_picture(places))
        chosen = sorted((places[name], name) for name in names)
        samples = sum(_BYTES_PER_SAMPLE * _pixels(parts[place.part]) for place, _ in chosen)
        chunk = max((_chunk_bytes(parts[place.part]) for place, _ in chosen), default=0)
        check_memory(path, samples + _BYTES_PER_CHUNK_BYTE * chunk)
        for run in _runs(chosen):
            (part, first), (_, last) = run[0][0], run[-1][0]
            spec = parts[part]
            pixels = read_pixels(image, spec, "float", part, range(first, last + 1))
            whole = _in_display_window(pixels, spec)
            for (_, place), name in run:
                channel = whole[..., place - first]
                if spec.channelformat(place) == oiio.UINT32:
                    channel = np.rint(channel * np.float32(_LARGEST_INTEGER))
                found[name] = channel
    return found


def _chunk_bytes(spec: oiio.ImageSpec) -> int:
    """Bytes of the samples of what a part decodes at once: a tile, or some rows, with every channel."""
    if spec.tile_width > 0:
        pixels = spec.tile_width * spec.tile_height
    else:
        compression = spec.get_string_attribute("compression").partition(":")[0]
        pixels = spec.width * min(spec.height, _ROWS_OF_CHUNK.get(compression, 1))
    return pixels * spec.pixel_bytes(True)


def _runs(chosen: Sequence[tuple[Place, str]]) -> Iterator[list[tuple[Place, str]]]:
    """The channels, in order, in groups that lie beside each other in one part."""
    run: list[tuple[Place, str]] = []
    for place, name in chosen:
        if run and place != (run[-1][0].part, run[-1][0].channel + 1):
            yield run
            run = []
        run.append((place, name))
    if run:
        yield run


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
    channels = read_channels(path, color_channels)
    names = color_channels(channels)
    if names is None:
        raise FileError(path, _no_picture(channels))
    light = np.stack([channels[name] for name in names], axis=2)
    del channels
    return finite_light(light)


def left_out_views(path: Path) -> str | None:
    """What is left out of a file that holds several views (stereo), in one line; None of any other file.

    Raises:
        FileError: as `open_exr`.
    """
    if not is_exr(path):
        return None
    with open_exr(path) as (_, parts):
        first, *others = view_names(parts) or [""]
    if not others:
        return None
    return (
        f"{path.name} holds the views {', '.join([first, *others])}: {first!r} is stylized; save each view in"
        " a file of its own to stylize the others"
    )


def _no_picture(names: Collection[str]) -> str:
    layers = colored_layers(names)
    if len(layers) > 1:
        return (
            f"has several pictures ({_few(layers)}) and none that is called Combined or beauty; save it alone"
        )
    return f"has no R, G, B channels, nor a Combined pass; it has {_few(names)}"


def _few(names: Collection[str]) -> str:
    return ", ".join(list(names)[:8]) + (", …" if len(names) > 8 else "")


def finite_light(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3 or 4) light, changed in place: NaN is zero, infinities the largest half, alpha in 0..1."""
    for channel in range(pixels.shape[2]):
        # One after the other: it takes memory of its own.
        one = pixels[..., channel]
        np.nan_to_num(one, copy=False, nan=0.0, posinf=LARGEST_HALF, neginf=-LARGEST_HALF)
    if pixels.shape[2] == 4:
        np.clip(pixels[..., 3], 0.0, 1.0, out=pixels[..., 3])
    return pixels


def exr_header(path: Path) -> PictureHeader:
    """Size of the picture's display window and alpha, from the header; raises FileError as `read_color`."""
    with open_exr(path) as (_, parts):
        places = name_channels(parts)
        names = color_channels(places)
        if names is None:
            raise FileError(path, _no_picture(places))
        part = parts[places[names[0]].part]
        check_memory(path, len(names) * _BYTES_PER_SAMPLE * _pixels(part))
        return PictureHeader(part.full_width, part.full_height, len(names) == 4)


def display_size(path: Path) -> tuple[int, int]:
    """(width, height) of an EXR that need not hold a picture, from the header; raises FileError."""
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


def _in_display_window(pixels: np.ndarray, part: oiio.ImageSpec) -> np.ndarray:
    """(H, W, C) of the data window, moved into the display window."""
    left, top = part.x - part.full_x, part.y - part.full_y
    height, width = part.full_height, part.full_width
    if (left, top) == (0, 0) and pixels.shape[:2] == (height, width):
        return pixels
    whole = np.zeros((height, width, pixels.shape[2]), np.float32)
    right, bottom = left + part.width, top + part.height
    if right > 0 and bottom > 0 and left < width and top < height:
        rows = slice(max(top, 0), min(bottom, height))
        columns = slice(max(left, 0), min(right, width))
        whole[rows, columns] = pixels[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
    return whole
