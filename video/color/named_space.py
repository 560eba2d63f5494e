"""Color spaces that a file names instead of describing them, as PNG's cICP chunk does, by OpenColorIO."""

# pyright: reportAttributeAccessIssue=false
# PyOpenColorIO comes without types.

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import PyOpenColorIO as ocio

from video.color.ocio_processor import apply_processor, float_processor

_CONFIG = "ocio://default"
_SRGB = "srgb_rec709_scene"
_DISPLAYED = "sdr-video"
"""OpenColorIO's word for spaces of pictures that a display of standard range shows."""


@dataclass(frozen=True)
class NamedColorSpace:
    """A display-referred space of another gamut than sRGB's.

    Attributes:
        name: as in OpenColorIO's built-in configuration, `srgb_p3d65_scene` say.
        forward, inverse: conversions to sRGB and back.
    """

    name: str
    forward: ocio.CPUProcessor = field(repr=False, compare=False)
    inverse: ocio.CPUProcessor = field(repr=False, compare=False)
    scene_linear = False

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """See `video.color.color_space.ColorSpace`."""
        return np.clip(apply_processor(self.forward, color), 0.0, 1.0)

    def from_display(self, display: np.ndarray) -> np.ndarray:
        """See `video.color.color_space.ColorSpace`."""
        return apply_processor(self.inverse, display)


@lru_cache(maxsize=16)
def named_space(name: str) -> NamedColorSpace | None:
    """The space of this name; None if it is unknown, or Rec. 709's, whose pictures are taken for sRGB."""
    if not name or "rec709" in name:
        return None
    config = ocio.Config.CreateFromBuiltinConfig(_CONFIG)
    space = config.getColorSpace(name)
    if space is None or space.getEncoding() != _DISPLAYED:
        return None
    forward, inverse = config.getProcessor(name, _SRGB), config.getProcessor(_SRGB, name)
    return NamedColorSpace(name, float_processor(forward), float_processor(inverse))
