"""Coding-independent code points (ITU-T H.273): what a still picture's numbers for its colors mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from video.color.video_signal import Primaries, Transfer, VideoColors

# All but digital cinema's, which are light in XYZ.
_KNOWN_PRIMARIES = {*Primaries} - {Primaries.SMPTE428}
_KNOWN_TRANSFERS = {*Transfer}
_NARROW = 16.0 / 255.0, 235.0 / 255.0


@dataclass(frozen=True)
class CodePointSpace:
    """A picture's RGB by code points.

    Attributes:
        colors: primaries and transfer curve.
        narrow: whether black and white are those of video, 16 and 235 of 255.
    """

    colors: VideoColors
    narrow: bool = False

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """See `video.images.picture.Shown`."""
        black, white = _NARROW if self.narrow else (0.0, 1.0)
        values = np.clip((color - black) / (white - black), 0.0, 1.0)
        return self.colors.to_srgb(values.astype(np.float32))


def code_point_space(primaries: int, transfer: int, *, narrow: bool = False) -> CodePointSpace | None:
    """The space of these code points; None where that is sRGB, or they are unspecified.

    Raises:
        ValueError: they mean nothing that is known here; the message names them.
    """
    if primaries not in _KNOWN_PRIMARIES or transfer not in _KNOWN_TRANSFERS:
        raise ValueError(f"the color code points {primaries}, {transfer}")
    space = CodePointSpace(VideoColors(primaries, transfer), narrow)
    return None if space.colors.is_srgb and not narrow else space
