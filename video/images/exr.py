"""OpenEXR in and out: channels by name, the color among them, and pictures in half precision."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR

from video.errors import FileError
from video.files.atomic import write_atomically
from video.files.native_output import suppress_native_output
from video.images.exr_header import Part, read_header

LARGEST_HALF = 65504.0

# Of a multilayer file: what Blender's compositor made, then what it rendered.
_COLOR_PASSES = ("Composite.Combined", "Combined", "Image", "rgba", "rgb", "beauty")
_COLORS = (("R", "G", "B", "A"), ("r", "g", "b", "a"), ("red", "green", "blue", "alpha"))
_GRAYS = ("Y", "V", "L", "y", "v", "gray", "gray")


def read_channels(path: Path) -> dict[str, np.ndarray]:
    """Every channel by its full name, as `ViewLayer.Combined.R`, of the first part that has it.

    Returns:
        (H, W) float32 each, of the display window: what lies outside the data window is zero.

    Raises:
        FileError: as `video.images.exr_header.read_header`, or the pixels are damaged.
    """
    promised = read_header(path)
    try:
        with suppress_native_output(), OpenEXR.File(str(path), separate_channels=True) as file:
            # OpenEXR leaves a part that it cannot read out.
            if len(file.parts) < len(promised):
                raise ValueError("a part is missing")
            found: dict[str, np.ndarray] = {}
            for part, header in zip(file.parts, promised, strict=True):
                for name, channel in part.channels.items():
                    if name not in found:
                        found[name] = _in_display_window(np.asarray(channel.pixels, np.float32), header)
    except MemoryError:
        raise  # the picture may be whole
    except Exception:  # OpenEXR raises whatever it has
        raise FileError(path, "the EXR is damaged or cut short; make it again") from None
    return found


def read_attributes(path: Path) -> dict[str, Any]:
    """The attributes of the file by name; of several parts the first that has one gives it.

    Raises:
        FileError: as `video.images.exr_header.read_header`, or the header is damaged.
    """
    read_header(path)
    attributes: dict[str, Any] = {}
    try:
        with suppress_native_output(), OpenEXR.File(str(path), header_only=True) as file:
            for part in file.parts:
                attributes = dict(part.header) | attributes
    except Exception:  # OpenEXR raises whatever it has
        raise FileError(path, "the EXR is damaged or cut short; make it again") from None
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
    pixels = np.stack([channels[name] for name in names], axis=2)
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
    """(width, height) of the display window, from the header alone; raises FileError as `read_header`."""
    return read_header(path)[0].display.size


def write_exr(
    path: Path,
    image: np.ndarray,
    metadata: Mapping[str, str] | None = None,
    chromaticities: tuple[float, ...] | None = None,
) -> None:
    """Writes (H, W, 3 or 4) float, scene-linear and premultiplied, in half precision, whole or not at all.

    Args:
        metadata: attributes of the file.
        chromaticities: of the colors' primaries; those of Rec. 709 need not be named.

    Raises:
        FileError: the file cannot be written.
    """
    half = np.clip(image, -LARGEST_HALF, LARGEST_HALF).astype(np.float16)
    header: dict[str, Any] = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        **(metadata or {}),
    }
    if chromaticities is not None:
        header["chromaticities"] = chromaticities
    channels = {"RGBA" if image.shape[2] == 4 else "RGB": np.ascontiguousarray(half)}

    def write(temporary: Path) -> None:
        try:
            OpenEXR.File(header, channels).write(str(temporary))
        except RuntimeError as error:
            raise OSError(" ".join(str(error).split())) from None

    write_atomically(path, write)


def _prefixes(channels: Mapping[str, Any]) -> list[str]:
    """What may stand before the channels' letters, best first."""
    layers = dict.fromkeys(name.rpartition(".")[0] for name in channels)
    ranked = [""]
    for wanted in _COLOR_PASSES:
        ranked += [f"{layer}." for layer in layers if layer == wanted or layer.rpartition(".")[2] == wanted]
    # Of other layers only one that is alone with its colors is the picture for sure.
    colored = [layer for layer in layers if layer and f"{layer}.R" in channels]
    return ranked + ([f"{colored[0]}."] if len(colored) == 1 else [])


def _in_display_window(pixels: np.ndarray, part: Part) -> np.ndarray:
    if part.data == part.display:
        return pixels
    width, height = part.display.size
    whole = np.zeros((height, width), np.float32)
    left, top = part.data.left - part.display.left, part.data.top - part.display.top
    right, bottom = left + pixels.shape[1], top + pixels.shape[0]
    if right > 0 and bottom > 0 and left < width and top < height:
        rows = slice(max(top, 0), min(bottom, height))
        columns = slice(max(left, 0), min(right, width))
        whole[rows, columns] = pixels[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
    return whole
