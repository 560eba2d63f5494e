"""What the numbers of a file mean: by its chunks, code points or profile."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from video.color.cicp import code_point_space
from video.color.color_space import REC_709
from video.color.encoded_space import EncodedSpace, span_colors
from video.errors import FileError
from video.images.headers.png_chunks import read_chunks, unpack_profile
from video.images.picture import Shown

_KINDS = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
# gAMA and cHRM are integers, in units of 1/100000.
_UNIT = 100_000
# gAMA of sRGB, and how far off, in proportion, it still is that: 1/2.2 is rounded in several ways.
_SRGB_GAMMA, _SAME_GAMMA = 0.45455, 0.002
# What is no more or less is no gamma.
_LEAST_GAMMA, _LARGEST_GAMMA = 0.01, 100.0


@dataclass(frozen=True)
class FileColor:
    """What a file says about its colors.

    Attributes:
        profile: the ICC profile that says it.
        space: what else says it; None for sRGB, or where the profile does.
    """

    profile: bytes | None = None
    space: Shown | None = None


def read_file_color(path: Path, spec: oiio.ImageSpec, kind: str) -> FileColor:
    """By code points, or else by a profile, or else it is sRGB; a PNG may say more.

    Args:
        spec: of the open file.
        kind: OpenImageIO's name of the format.

    Raises:
        FileError: the code points name colors that are not known here.
    """
    if kind == "png":
        return _of_png(path)
    points = spec.getattribute("CICP")
    if isinstance(points, tuple) and len(points) == 4:
        return FileColor(space=_by_code_points(path, *points))
    profile = spec.getattribute("ICCProfile")
    return FileColor(profile.astype(np.uint8).tobytes() if isinstance(profile, np.ndarray) else None)


def _of_png(path: Path) -> FileColor:
    """By cICP, or else iCCP, or else sRGB, or else gAMA and cHRM (PNG 3, section 4.3)."""
    chunks = read_chunks(path, _KINDS)
    if len(chunks.get(b"cICP", b"")) == 4:
        return FileColor(space=_by_code_points(path, *chunks[b"cICP"]))
    profile = unpack_profile(chunks.get(b"iCCP", b""))
    if profile is not None:
        return FileColor(profile)
    if b"sRGB" in chunks:
        return FileColor()
    space = EncodedSpace(_exponent(chunks), _chromaticities(chunks) or REC_709)
    return FileColor(space=None if space.is_srgb else space)


def _by_code_points(path: Path, primaries: int, transfer: int, _matrix: int, full_range: int) -> Shown | None:
    try:
        return code_point_space(primaries, transfer, narrow=not full_range)
    except ValueError as error:
        raise FileError(path, f"{error} (cICP) are not known; save it as sRGB") from None


def _exponent(chunks: Mapping[bytes, bytes]) -> float | None:
    """Of gAMA; None for sRGB's curve."""
    if len(chunks.get(b"gAMA", b"")) != 4:
        return None
    gamma = struct.unpack(">I", chunks[b"gAMA"])[0] / _UNIT
    if not _LEAST_GAMMA <= gamma <= _LARGEST_GAMMA:
        return None
    return None if abs(gamma / _SRGB_GAMMA - 1.0) < _SAME_GAMMA else 1.0 / gamma


def _chromaticities(chunks: Mapping[bytes, bytes]) -> tuple[float, ...] | None:
    """x and y of red, green, blue and white; None where the chunk is not there, or names no colors."""
    if len(chunks.get(b"cHRM", b"")) != 32:
        return None
    white_x, white_y, *primaries = (value / _UNIT for value in struct.unpack(">8I", chunks[b"cHRM"]))
    values = (*primaries, white_x, white_y)
    return values if span_colors(values) else None
