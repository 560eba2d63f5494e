"""ICC profiles of RGB displays: a matrix and three curves, which lead to sRGB and back without loss.

OpenColorIO reads them, for any bit depth. It knows no profiles made of tables: littleCMS in Pillow converts
those, in 8 bits a channel (`test_a_profile_of_another_kind_is_none` in `tests/video/color/test_icc.py`).
"""

# pyright: reportAttributeAccessIssue=false
# PyOpenColorIO comes without types.

from __future__ import annotations

import hashlib
import io
import threading
from dataclasses import dataclass, field

import numpy as np
import PyOpenColorIO as ocio
from PIL import Image, ImageCms

from video.color.ocio_processor import apply_processor, float_processor

# Levels of 0..1 by which a profile may differ from sRGB and still be it: half a level of 8 bits.
_SAME = 0.002
# The profiles that come with displays and cameras have a few kilobytes.
_MAX_BYTES = 1 << 20
_TO_SRGB = "DISPLAY - CIE-XYZ-D65_to_sRGB"


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
            forward = _processor(data)
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


def convert_by_table(color: np.ndarray, icc: bytes) -> np.ndarray:
    """(H, W, 3 or 4) uint8 in sRGB by littleCMS, for profiles made of tables; as it is where none fits."""
    image = Image.fromarray(np.ascontiguousarray(color))
    try:
        converted = ImageCms.profileToProfile(
            image, io.BytesIO(icc), ImageCms.createProfile("sRGB"), outputMode=image.mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return color
    return color if converted is None else np.asarray(converted)


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
