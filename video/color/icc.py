"""ICC profiles of RGB displays: a matrix and three curves, which lead to sRGB and back without loss.

OpenColorIO reads them, for any bit depth. It knows no profiles of gray, whose one curve is put into a profile
of RGB here, and none made of tables: littleCMS in Pillow converts those, in 8 bits a channel
(`test_a_profile_of_another_kind_is_none` in `tests/video/color/test_icc.py`).
"""

# pyright: reportAttributeAccessIssue=false
# PyOpenColorIO comes without types.

from __future__ import annotations

import hashlib
import io
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import PyOpenColorIO as ocio
from PIL import Image, ImageCms

from video.color.color_space import srgb_to_xyz
from video.color.ocio_processor import apply_processor, float_processor

# Levels of 0..1 by which a profile may differ from sRGB and still be it: half a level of 8 bits.
_SAME = 0.002
# The profiles that come with displays and cameras have a few kilobytes.
_MAX_BYTES = 1 << 20
_TO_SRGB = "DISPLAY - CIE-XYZ-D65_to_sRGB"
# Header of a profile, then the number of its tags; an entry of their table is (name, offset, length).
_HEADER, _ENTRY = 128, 12
_MAX_TAGS = 200
_COLUMNS, _CURVES = (b"rXYZ", b"gXYZ", b"bXYZ"), (b"rTRC", b"gTRC", b"bTRC")
# A curve of no numbers, and one of the number 1 (as u8Fixed8): both are the identity.
_NO_NUMBERS, _ONE = b"curv" + bytes(8), b"curv" + bytes(4) + b"\0\0\0\1\1\0\0\0"


class ProfileError(ValueError):
    """The profile is damaged, or is not made of a matrix and curves."""


@dataclass(frozen=True)
class DisplayProfile:
    """The colors of an embedded profile.

    Attributes:
        data: the profile itself.
        forward, inverse: OpenColorIO's conversions to sRGB and back.
    """

    data: bytes
    forward: ocio.CPUProcessor = field(repr=False, compare=False)
    inverse: ocio.CPUProcessor = field(repr=False, compare=False)
    scene_linear = False

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """See `video.color.color_space.ColorSpace`."""
        return np.clip(apply_processor(self.forward, color), 0.0, 1.0)

    def from_display(self, display: np.ndarray) -> np.ndarray:
        """See `video.color.color_space.ColorSpace`; in 0..1."""
        return np.clip(apply_processor(self.inverse, display), 0.0, 1.0)

    @property
    def is_srgb(self) -> bool:
        """Whether this is sRGB under whatever name."""
        colors = _grid()
        return bool(np.abs(self.to_display(colors) - colors).max() < _SAME)


def parse_profile(data: bytes) -> DisplayProfile:
    """The profile, if it is one of RGB by a matrix and curves.

    Raises:
        ProfileError: it is another, or damaged.
    """
    if data[16:20] != b"RGB " or data[20:24] != b"XYZ " or len(data) > _MAX_BYTES:
        raise ProfileError("no RGB profile over XYZ")
    try:
        with _one_at_a_time:
            forward = _processor(_without_empty_curves(data))
            inverse = ocio.GroupTransform(list(forward.createGroupTransform()))
            inverse.setDirection(ocio.TRANSFORM_DIR_INVERSE)
            profile = DisplayProfile(
                data, float_processor(forward), float_processor(_config.getProcessor(inverse))
            )
    except (ocio.Exception, UnicodeDecodeError) as error:
        raise ProfileError(" ".join(str(error).split())) from None
    if not np.isfinite([profile.to_display(_grid()), profile.from_display(_grid())]).all():
        raise ProfileError("its curves lead to no color")
    return profile


def parse_gray_profile(data: bytes) -> DisplayProfile:
    """The profile of RGB that has a gray profile's curve in each channel, over sRGB's primaries.

    Raises:
        ProfileError: it is no gray profile with a curve, or damaged.
    """
    if data[16:20] != b"GRAY":
        raise ProfileError("no gray profile")
    curve = _tag(data, b"kTRC")
    if curve is None:
        raise ProfileError("no curve")
    columns = srgb_to_xyz().T
    tags = {
        name: struct.pack(">4s4x3i", b"XYZ ", *(round(65536 * value) for value in column))
        for name, column in zip(_COLUMNS, columns, strict=True)
    }
    return parse_profile(_assembled(data, tags | dict.fromkeys(_CURVES, curve)))


def _without_empty_curves(data: bytes) -> bytes:
    """The profile with a curve of one number for those of none, the identity, which OpenColorIO refuses."""
    tags = {name: _tag(data, name) for name in (*_COLUMNS, *_CURVES)}
    found = {name: content for name, content in tags.items() if content is not None}
    if len(found) < len(tags) or not any(content[:12] == _NO_NUMBERS for content in found.values()):
        return data
    return _assembled(data, found)


def _assembled(data: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    """A profile of RGB with the header of another one."""
    table, body = struct.pack(">I", len(tags)), b""
    start = _HEADER + len(table) + _ENTRY * len(tags)
    for name, content in tags.items():
        whole = _ONE if content[:12] == _NO_NUMBERS else content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, start + len(body), len(whole))
        body += whole
    size = struct.pack(">I", start + len(body))
    return size + data[4:16] + b"RGB XYZ " + data[24:_HEADER] + table + body


def _tag(data: bytes, wanted: bytes) -> bytes | None:
    """The content of a profile's tag, None if it is not there."""
    try:
        (count,) = struct.unpack_from(">I", data, _HEADER)
        for number in range(min(count, _MAX_TAGS)):
            name, offset, length = struct.unpack_from(">4sII", data, _HEADER + 4 + _ENTRY * number)
            if name == wanted:
                return data[offset : offset + length]
    except struct.error:
        pass
    return None


def convert_by_table(color: np.ndarray, icc: bytes) -> np.ndarray:
    """(H, W, 3) float32 in sRGB by littleCMS, for profiles made of tables; as it is where none fits.

    Args:
        color: (H, W, 3) float32 in 0..1; it is rounded to 8 bits.
    """
    levels = np.round(np.clip(color, 0.0, 1.0) * 255.0).astype(np.uint8)
    try:
        converted = ImageCms.profileToProfile(
            Image.fromarray(levels), io.BytesIO(icc), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return color
    return color if converted is None else np.asarray(converted).astype(np.float32) / np.float32(255.0)


class _Memory(ocio.PyConfigIOProxy):
    """Gives OpenColorIO the one profile that is being read, where it would read a file."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def getLutData(self, path: str) -> list[int]:  # noqa: N802
        return list(self.data)

    def getConfigData(self) -> str:  # noqa: N802
        return str(ocio.Config.CreateRaw().serialize())

    def getFastLutFileHash(self, path: str) -> str:  # noqa: N802
        return path


# OpenColorIO asks `_Memory` while it holds a lock of its own: a second thread that waited for that lock would
# never let the first one have Python's.
_one_at_a_time = threading.Lock()
_memory = _Memory()
_config = ocio.Config.CreateFromConfigIOProxy(_memory)


def _processor(data: bytes) -> ocio.Processor:
    _memory.data = data
    # The name is the key of OpenColorIO's cache.
    source = ocio.FileTransform(
        f"{hashlib.sha256(data).hexdigest()}.icc", direction=ocio.TRANSFORM_DIR_INVERSE
    )
    return _config.getProcessor(ocio.GroupTransform([source, ocio.BuiltinTransform(_TO_SRGB)]))


def _grid() -> np.ndarray:
    axis = np.linspace(0.0, 1.0, 9, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis, axis), axis=-1)
