"""Framing: what a frame's picture shows of the scene. A render region, and panoramas whose edges meet.

Both are noted beside the passes of a frame that Blender has rendered (`video.frames.render_passes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from video.errors import FileError
from video.frames.render_passes import Passes
from video.frames.sequence import SourceFrame
from video.images.sidecar import read_note
from video.settings import Panorama

# Margins of a panorama: a share of its width, and at least so many pixels, since what the network sees around
# a pixel does not shrink with the frame. More than a quarter would cost more than it gives.
_MARGIN_SHARE, _MIN_MARGIN, _MAX_MARGIN_SHARE = 1 / 8, 48, 1 / 4


@dataclass(frozen=True)
class FramedSequence:
    """The frames of a sequence as they are stylized: with what a render region has left out, and margins."""

    frames: Iterable[SourceFrame]
    panorama: Panorama = Panorama.AUTO

    def __iter__(self) -> Iterator[SourceFrame]:
        for frame in self.frames:
            yield framed(frame, self.panorama)


def framed(frame: SourceFrame, panorama: Panorama) -> SourceFrame:
    """A frame that keeps what is outside of its render region, and a panorama with margins."""
    noted: dict[str, Any] = {}
    if frame.passes is not None:
        with suppress(FileError):  # told where the passes themselves are read
            noted = read_note(frame.passes)
    size = frame.image.shape[:2]
    # Of a picture that was scaled since, it is not known what has become of the region.
    outside = _outside(noted.get("border"), size) if noted.get("size") == [size[1], size[0]] else None
    if outside is not None:
        frame = replace(frame, keep=outside if frame.keep is None else np.maximum(frame.keep, outside))
    if panorama is Panorama.ALWAYS or (panorama is Panorama.AUTO and noted.get("panorama") is True):
        return _with_margin(frame)
    return frame


def _outside(border: Any, size: tuple[int, int]) -> np.ndarray | None:
    """(H, W) float32: 1 outside of a render region [left, top, right, bottom], in px; None without one."""
    if not (isinstance(border, list) and len(border) == 4 and all(type(each) is int for each in border)):
        return None
    (left, top, right, bottom), (height, width) = border, size
    outside = np.ones((height, width), np.float32)
    outside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 0.0
    return outside


def _with_margin(frame: SourceFrame) -> SourceFrame:
    width = frame.image.shape[1]
    margin = min(max(round(width * _MARGIN_SHARE), _MIN_MARGIN), int(width * _MAX_MARGIN_SHARE))
    return replace(
        frame,
        image=with_margin(frame.image, margin),
        masks={name: with_margin(mask, margin) for name, mask in frame.masks.items()},
        keep=None if frame.keep is None else with_margin(frame.keep, margin),
        margin=margin,
    )


def without_margin(frame: SourceFrame) -> SourceFrame:
    """The frame as it came."""
    if frame.margin == 0:
        return frame
    return replace(
        frame,
        image=cropped(frame.image, frame.margin),
        masks={name: cropped(mask, frame.margin) for name, mask in frame.masks.items()},
        keep=None if frame.keep is None else cropped(frame.keep, frame.margin),
        margin=0,
    )


def with_margin(array: np.ndarray, margin: int) -> np.ndarray:
    """An array (H, W, …) with so many columns of its other side on the left and right."""
    if margin == 0:
        return array
    return np.concatenate([array[:, -margin:], array, array[:, :margin]], axis=1)


def cropped(array: np.ndarray, margin: int) -> np.ndarray:
    """An array (H, W + 2 margin, …) without its margins."""
    return array if margin == 0 else np.ascontiguousarray(array[:, margin:-margin])


def passes_with_margin(passes: Passes, margin: int) -> Passes:
    """The passes of a panorama with margins. What has moved over the edge has moved by less than half around.

    Blender's vectors are differences of columns, so that those of what crosses the edge are a width too long.
    """
    if margin == 0:
        return passes
    vector = passes.vector
    if vector is not None:
        width = vector.shape[1]
        vector = vector.copy()
        vector[..., ::2] -= width * np.round(vector[..., ::2] / width)
    camera = passes.camera
    if camera is not None and passes.depth is not None:
        camera = replace(camera, margin=margin / (passes.depth.shape[1] + 2 * margin))
    return replace(
        passes,
        camera=camera,
        vector=None if vector is None else with_margin(vector, margin),
        depth=None if passes.depth is None else with_margin(passes.depth, margin),
        index=None if passes.index is None else with_margin(passes.index, margin),
    )
