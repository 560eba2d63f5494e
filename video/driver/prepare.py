"""Makes frames ready to be stylized: all about them that does not ask for a result of the frames before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from compositor.settings import DeviceChoice
from video.coherence.frame_history import FrameCorrespondence, FrameHistory
from video.coherence.working_resolution import Size, downscale
from video.errors import FileError, FrameError
from video.frames.render_passes import Passes, read_passes
from video.frames.sequence import SourceFrame
from video.motion.motion_field import RenderedFrame
from video.motion.motion_source import MotionFinder
from video.resume.fingerprint import frame_fingerprint
from video.settings import MotionSource, SequenceSettings


@dataclass(frozen=True)
class PreparedFrame:
    """A frame with what was found out about it.

    Attributes:
        picture: the hashes of what it is made from, by part (see `frame_fingerprint`).
        content: (h, w, 3 or 4), its picture at the size that it is painted at.
        sight: by the frames before; None if it begins a shot, and for a frame that is done already.
    """

    frame: SourceFrame
    picture: dict[str, str]
    content: np.ndarray
    correspondence: FrameCorrespondence | None


class FramePrefetcher:
    """Prepares the frames of one pass.

    Args:
        working_size: the (height, width) that a frame of a height and a width is painted at.
        warning: told why something else is used than what would be best.
        device: what an optical flow network computes on.
    """

    def __init__(
        self,
        settings: SequenceSettings,
        working_size: Callable[[int, int], Size],
        warning: Callable[[str], None],
        device: DeviceChoice = DeviceChoice.AUTO,
    ) -> None:
        self._source = settings.motion
        self._finder = MotionFinder(settings.motion, warning, device)
        self._working_size = working_size
        self._frame_history = FrameHistory(self._finder, settings.memory)
        self._warning = warning

    def of(self, frames: Iterable[SourceFrame], done: Sequence[bool] = ()) -> Iterator[PreparedFrame]:
        """The frames as they come.

        Args:
            done: of the first frames, which an earlier run has finished, whether each began a shot.

        Raises:
            FrameError: a frame has another size than the first, or none of the motion that was asked for.
        """
        first: np.ndarray | None = None
        for index, frame in enumerate(frames):
            first = frame.image if first is None else first
            if first.shape != frame.image.shape:
                raise FrameError(frame.number, _size_change(first, frame.image))
            rendered = self._rendered(frame)
            correspondence = None
            if index >= len(done):
                correspondence = self._frame_history.at(rendered)
            elif done[index]:
                self._frame_history.forget()
            self._frame_history.add(rendered)
            yield PreparedFrame(frame, frame_fingerprint(frame, rendered), rendered.image, correspondence)

    def _rendered(self, frame: SourceFrame) -> RenderedFrame:
        passes: Passes | None = None
        if frame.passes is not None and self._finder.reads_passes:
            try:
                passes = read_passes(frame.passes)
            except FileError as error:
                if self._source is MotionSource.VECTORS:
                    raise FrameError(frame.number, str(error)) from None
                self._warning(f"{error}; optical flow is used instead")
        rendered = RenderedFrame(frame.number, frame.image, passes)
        return downscale(rendered, self._working_size(*frame.image.shape[:2]))


def _size_change(before: np.ndarray, now: np.ndarray) -> str:
    def describe(image: np.ndarray) -> str:
        return f"{image.shape[1]}×{image.shape[0]} px" + (" with alpha" if image.shape[2] == 4 else "")

    return f"is {describe(now)} but the frames before are {describe(before)}; all must have one size"
