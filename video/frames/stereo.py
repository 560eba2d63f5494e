"""Stereo 3D pictures: both eyes in one picture, as Blender saves them.

The orders are those of Blender's `stereoimbuf.cc`, which counts rows from below: the tests compare with what
Blender writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from video.errors import ProtocolError


class StereoMode(StrEnum):
    """How the eyes are put together; the values are Blender's."""

    ANAGLYPH = "ANAGLYPH"
    INTERLACE = "INTERLACE"
    SIDE_BY_SIDE = "SIDEBYSIDE"
    TOP_BOTTOM = "TOPBOTTOM"


class AnaglyphType(StrEnum):
    """The colors of the glasses; the values are Blender's."""

    RED_CYAN = "RED_CYAN"
    GREEN_MAGENTA = "GREEN_MAGENTA"
    YELLOW_BLUE = "YELLOW_BLUE"


class InterlaceType(StrEnum):
    """What the eyes take by turns; the values are Blender's."""

    ROWS = "ROW_INTERLEAVED"
    COLUMNS = "COLUMN_INTERLEAVED"
    CHECKERBOARD = "CHECKERBOARD_INTERLEAVED"


_LEFT_CHANNELS = {
    AnaglyphType.RED_CYAN: (True, False, False),
    AnaglyphType.GREEN_MAGENTA: (False, True, False),
    AnaglyphType.YELLOW_BLUE: (True, True, False),
}


@dataclass(frozen=True)
class StereoFormat:
    """How stereo pictures are made, by the fields of Blender's `Stereo3dFormat`.

    Attributes:
        use_interlace_swap: the right eye has the first row or column.
        use_sidebyside_crosseyed: the right eye is on the left.
        use_squeezed_frame: both eyes have the size of one picture together.
    """

    display_mode: StereoMode = StereoMode.SIDE_BY_SIDE
    anaglyph_type: AnaglyphType = AnaglyphType.RED_CYAN
    interlace_type: InterlaceType = InterlaceType.ROWS
    use_interlace_swap: bool = False
    use_sidebyside_crosseyed: bool = False
    use_squeezed_frame: bool = False

    @classmethod
    def from_values(cls, values: Mapping[str, str | bool]) -> StereoFormat:
        """The format with these fields; raises ProtocolError for one that there is not."""
        try:
            kinds = {
                "display_mode": StereoMode,
                "anaglyph_type": AnaglyphType,
                "interlace_type": InterlaceType,
            }
            return cls(**{name: kinds.get(name, bool)(value) for name, value in values.items()})
        except (TypeError, ValueError) as error:
            raise ProtocolError(f"the stereo format {dict(values)} is none: {error}") from None

    @property
    def name(self) -> str:
        """For people."""
        return self.display_mode.name.lower().replace("_", " ")

    def combined(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """One picture of both eyes.

        Args:
            left, right: (H, W, C) float32, of one shape.

        Returns:
            (H, W, C); (H, 2W, C) side by side and (2H, W, C) one upon the other, unless squeezed.
        """
        return _MODES[self.display_mode](self, left, right)


def _anaglyph(kind: StereoFormat, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    result = right.copy()
    for channel, from_left in enumerate(_LEFT_CHANNELS[kind.anaglyph_type]):
        if from_left:
            result[..., channel] = left[..., channel]
    result[..., 3:] = np.maximum(left[..., 3:], right[..., 3:])
    return result


def _interlace(kind: StereoFormat, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    height, width = left.shape[:2]
    # Blender's first row is the lowest one.
    rows, columns = (height - 1 - np.arange(height))[:, None], np.arange(width)[None]
    number = {
        InterlaceType.ROWS: rows + 0 * columns,
        InterlaceType.COLUMNS: columns + 0 * rows,
        InterlaceType.CHECKERBOARD: rows + columns,
    }[kind.interlace_type]
    from_right = (number + kind.use_interlace_swap) % 2 == 1
    return np.where(from_right[..., None], right, left)


def _side_by_side(kind: StereoFormat, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    pair = (right, left) if kind.use_sidebyside_crosseyed else (left, right)
    return _squeezed(kind, np.concatenate(pair, axis=1), left)


def _top_bottom(kind: StereoFormat, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return _squeezed(kind, np.concatenate((left, right), axis=0), left)


def _squeezed(kind: StereoFormat, both: np.ndarray, one: np.ndarray) -> np.ndarray:
    if not kind.use_squeezed_frame:
        return both
    height, width = one.shape[:2]
    return cv2.resize(both, (width, height), interpolation=cv2.INTER_AREA).reshape(one.shape)


_MODES: dict[StereoMode, Callable[[StereoFormat, np.ndarray, np.ndarray], np.ndarray]] = {
    StereoMode.ANAGLYPH: _anaglyph,
    StereoMode.INTERLACE: _interlace,
    StereoMode.SIDE_BY_SIDE: _side_by_side,
    StereoMode.TOP_BOTTOM: _top_bottom,
}
