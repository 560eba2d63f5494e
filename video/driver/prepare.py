"""Prefetching: reads a frame's passes and finds its motion and reliability before it is stylized.

Nothing here needs the result of a frame, so that it can be done while the frame before is optimized.
"""

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
from video.motion.coverage import Coverage
from video.motion.motion_field import RenderedFrame
from video.motion.motion_source import MotionFinder
from video.resume.fingerprint import frame_fingerprint
from video.settings import SequenceSettings


@dataclass(frozen=True)
class PreparedFrame:
    """A frame that is ready to be stylized.

    Attributes:
        fingerprint: the hashes of what it is made from, by part (see `frame_fingerprint`).
        content: (h, w, 3 or 4) float32 in 0..1, its image at the working size.
        correspondence: to the frames before; None if it begins a shot, and for a frame that is done already.
        coverage: of its silhouettes at its own size; None if not known, and for a frame that is done already.
    """

    frame: SourceFrame
    fingerprint: dict[str, str]
    content: np.ndarray
    correspondence: FrameCorrespondence | None
    coverage: Coverage | None = None


class FramePrefetcher:
    """Prepares the frames of one pass.

    Args:
        working_size: (height, width) at which a frame of that height and width is stylized.
        warning: called with the reason when optical flow is used in place of the render's vectors.
        device: what the engine computes on.
        finishing: whether frames have finishing steps at full size.
    """

    def __init__(
        self,
        settings: SequenceSettings,
        working_size: Callable[[int, int], Size],
        warning: Callable[[str], None],
        device: DeviceChoice = DeviceChoice.AUTO,
        *,
        finishing: bool = True,
    ) -> None:
        self._finder = MotionFinder(settings.motion, warning, device)
        self._working_size = working_size
        self._frame_history = FrameHistory(self._finder, settings.history_length, finishing=finishing)
        self._warning = warning

    @property
    def computes_on_engine_device(self) -> bool:
        """Whether preparing a frame would compete with the optimization for the engine's device."""
        return self._finder.method.computes_on_engine_device

    def prepare(
        self, frames: Iterable[SourceFrame], resumed_cold_starts: Sequence[bool] = ()
    ) -> Iterator[PreparedFrame]:
        """Prepares the frames one by one, as they are asked for.

        Args:
            resumed_cold_starts: for each of the first frames, which an earlier run has finished, whether it
                was a cold start; their motion is not looked for.

        Raises:
            FrameError: a frame has another size than the first, or none of the motion that was asked for.
        """
        first: np.ndarray | None = None
        for index, frame in enumerate(frames):
            first = frame.image if first is None else first
            if first.shape != frame.image.shape:
                raise FrameError(frame.number, _size_change(first, frame.image))
            rendered = self._rendered(frame)
            correspondence = coverage = None
            if index >= len(resumed_cold_starts):
                correspondence = self._frame_history.correspondence(rendered)
                coverage = (rendered.full or rendered).coverage
            elif resumed_cold_starts[index]:
                self._frame_history.clear()
            self._frame_history.add(rendered)
            fingerprint = frame_fingerprint(frame, rendered)
            yield PreparedFrame(frame, fingerprint, rendered.image, correspondence, coverage)

    def _rendered(self, frame: SourceFrame) -> RenderedFrame:
        passes: Passes | None = None
        if frame.passes is not None and self._finder.method.reads_passes:
            try:
                passes = read_passes(frame.passes)
            except FileError as error:
                if self._finder.method.requires_vectors:
                    raise FrameError(frame.number, str(error)) from None
                self._warning(f"{error}; optical flow is used instead")
        rendered = RenderedFrame(frame.number, frame.image, passes)
        return downscale(rendered, self._working_size(*frame.image.shape[:2]))


def _size_change(before: np.ndarray, now: np.ndarray) -> str:
    def describe(image: np.ndarray) -> str:
        return f"{image.shape[1]}×{image.shape[0]} px" + (" with alpha" if image.shape[2] == 4 else "")

    return f"is {describe(now)} but the frames before are {describe(before)}; all must have one size"
