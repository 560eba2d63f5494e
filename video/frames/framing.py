"""Framing: what a frame's picture shows of the scene, where a render region has left out the rest.

It is noted beside the passes of a frame that Blender has rendered (`video.frames.render_passes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from video.errors import FileError
from video.frames.sequence import SourceFrame
from video.images.sidecar import read_note


@dataclass(frozen=True)
class FramedSequence:
    """The frames of a sequence, each of which keeps what is outside of its render region."""

    frames: Iterable[SourceFrame]

    def __iter__(self) -> Iterator[SourceFrame]:
        for frame in self.frames:
            yield framed(frame)


def framed(frame: SourceFrame) -> SourceFrame:
    """A frame that keeps what is outside of its render region."""
    noted: dict[str, Any] = {}
    if frame.passes is not None:
        with suppress(FileError):  # told where the passes themselves are read
            noted = read_note(frame.passes)
    outside = _outside(noted.get("border"), frame.image.shape[:2])
    if outside is None:
        return frame
    return replace(frame, keep=outside if frame.keep is None else np.maximum(frame.keep, outside))


def _outside(border: Any, size: tuple[int, int]) -> np.ndarray | None:
    """(H, W) float32: 1 outside of a render region [left, top, right, bottom], in px; None without one."""
    if not (isinstance(border, list) and len(border) == 4 and all(type(each) is int for each in border)):
        return None
    (left, top, right, bottom), (height, width) = border, size
    outside = np.ones((height, width), np.float32)
    outside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 0.0
    return outside
