"""Prefetching: reads a frame's passes and finds its motion and reliability before it is stylized.

Nothing here needs the result of a frame, so that it can be done while the frame before is optimized.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compositor.image_ops.light import is_too_dark, without_light
from compositor.settings import DeviceChoice
from video.coherence.frame_history import FrameCorrespondence, FrameHistory
from video.coherence.working_resolution import Size, downscale
from video.errors import FileError, FrameError, JournalError
from video.frames.framing import cropped, passes_with_margin
from video.frames.render_passes import Passes, read_passes
from video.frames.sequence import SourceFrame
from video.motion.coverage import Coverage
from video.motion.motion_field import RenderedFrame
from video.motion.motion_source import MotionFinder
from video.motion.shot_light import LightTracker, ShotLight
from video.resume.fingerprint import frame_fingerprint
from video.settings import SequenceSettings


@dataclass(frozen=True)
class PreparedFrame:
    """A frame that is ready to be stylized.

    Attributes:
        fingerprint: the hashes of what it is made from, by part (see `frame_fingerprint`).
        light: of the frame.
        content: (h, w, 3 or 4) float32 in 0..1, its image at the working size, without its light.
        correspondence: to the frames before; None if it begins a shot, and for a frame that is done already.
        coverage: of its silhouettes at its own size; None if not known, and for a frame that is done already.
        begins_shot: nothing of the frames before has any effect on it or on a later one; of a frame that is
            to be stylized.
    """

    frame: SourceFrame
    fingerprint: dict[str, str]
    light: ShotLight
    content: np.ndarray
    correspondence: FrameCorrespondence | None
    coverage: Coverage | None = None
    begins_shot: bool = False

    def check_resumed(self, optimized: np.ndarray, styled: np.ndarray, detailed: np.ndarray | None) -> None:
        """Raises JournalError if what an earlier run has kept of the frame is of another size."""
        full, working = self.frame.image.shape, self.content.shape
        expected = [(*working[:2], 3), full, (*full[:2], 3)]
        for found, shape in zip((optimized, styled, detailed), expected, strict=True):
            if found is not None and found.shape != shape:
                raise JournalError(
                    f"frame {self.frame.number}: what the output folder holds of it is of another size;"
                    " choose another folder, or begin anew (--restart)"
                )


class FramePrefetcher:
    """Prepares the frames of one pass.

    Args:
        working_size: (height, width) at which a frame of that height, width and margin is stylized.
        warning: called with the reason when optical flow is used in place of the render's vectors.
        device: what the engine computes on.
        finishing: whether frames have finishing steps at full size.
    """

    def __init__(
        self,
        settings: SequenceSettings,
        working_size: Callable[[int, int, int], Size],
        warning: Callable[[str], None],
        device: DeviceChoice = DeviceChoice.AUTO,
        *,
        finishing: bool = True,
    ) -> None:
        self._finder = MotionFinder(settings.motion, warning, device)
        self._working_size = working_size
        self._frame_history = FrameHistory(self._finder, settings.history_length, finishing=finishing)
        self._warning = warning
        self._tracker = LightTracker() if settings.follow_light else None
        self._light = ShotLight()
        self._margin = 0
        self._begun = False

    @property
    def computes_on_engine_device(self) -> bool:
        """Whether preparing a frame would compete with the optimization for the engine's device."""
        return self._finder.method.computes_on_engine_device

    def prepare(
        self,
        frames: Iterable[SourceFrame],
        resumed_cold_starts: Sequence[bool] = (),
        known_lights: Sequence[ShotLight] = (),
    ) -> Iterator[PreparedFrame]:
        """Prepares the frames one by one, as they are asked for.

        Args:
            resumed_cold_starts: for each of the first frames, which an earlier run has finished, whether it
                was a cold start; their motion is not looked for.
            known_lights: of the first frames; that of the others is looked for.

        Raises:
            FrameError: a frame has another size than the first, or none of the motion that was asked for.
        """
        first: np.ndarray | None = None
        for index, frame in enumerate(frames):
            image = cropped(frame.image, frame.margin)
            first = image if first is None else first
            if first.shape != image.shape:
                raise FrameError(frame.number, _size_change(first, image))
            known = known_lights[index] if index < len(known_lights) else None
            if index >= len(resumed_cold_starts):
                yield self._prepared(frame, known)
            else:
                yield self._resumed(frame, known, cold_start=resumed_cold_starts[index])

    def _resumed(self, frame: SourceFrame, known: ShotLight | None, *, cold_start: bool) -> PreparedFrame:
        """A frame that an earlier run has finished."""
        light = self._follow_light(frame, known)
        rendered = self._rendered(frame, self._passes(frame), light)
        if cold_start:
            self._frame_history.clear()
        return self._kept(frame, rendered, light, None, None)

    def _prepared(self, frame: SourceFrame, known: ShotLight | None) -> PreparedFrame:
        """A frame that is to be stylized."""
        passes, before, history = self._passes(frame), self._light, self._frame_history
        light = self._follow_light(frame, known)
        rendered = self._rendered(frame, passes, light)
        if is_too_dark(before.factor) and not is_too_dark(light.factor):
            # Strokes that were made in the dark know nothing of the content.
            history.clear()
        follows, other_lens = not history.is_empty, frame.margin != self._margin
        is_first, self._begun = not self._begun, True
        if other_lens:
            # From one frame to the next the camera is a panoramic one, or is none any more.
            history.clear()
        correspondence = history.correspondence(rendered)
        begins_shot = correspondence is None
        if known is None and self._tracker is not None:
            cut = other_lens or self._sees_cut(correspondence, self._tracker)
            # Out of the dark comes a frame without a predecessor, in the light of the shot before.
            begins_shot = follows and cut
            if begins_shot:
                light = self._tracker.begin_shot()
                rendered = self._rendered(frame, passes, light)
        coverage = (rendered.full or rendered).coverage
        prepared = self._kept(frame, rendered, light, correspondence, coverage)
        return replace(prepared, begins_shot=is_first or begins_shot)

    def _sees_cut(self, correspondence: FrameCorrespondence | None, tracker: LightTracker) -> bool:
        return correspondence is None if self._finder.finds_motion else tracker.sees_cut()

    def _kept(
        self,
        frame: SourceFrame,
        rendered: RenderedFrame,
        light: ShotLight,
        correspondence: FrameCorrespondence | None,
        coverage: Coverage | None,
    ) -> PreparedFrame:
        self._light, self._margin = light, frame.margin
        self._frame_history.add(rendered)
        fingerprint = frame_fingerprint(frame, rendered)
        return PreparedFrame(frame, fingerprint, light, rendered.image, correspondence, coverage)

    def _follow_light(self, frame: SourceFrame, known: ShotLight | None) -> ShotLight:
        """The light of the next frame, as one of the same shot.

        Args:
            known: the same, if an earlier run or pass has found it.
        """
        if self._tracker is None:
            return ShotLight()
        image = cropped(frame.image, frame.margin)
        if known is None:
            return self._tracker.follow(image)
        self._tracker.resume(image, known)
        return known

    def _rendered(self, frame: SourceFrame, passes: Passes | None, light: ShotLight) -> RenderedFrame:
        image = without_light(frame.image, light.factor)
        rendered = RenderedFrame(frame.number, image, passes, light=light.factor)
        height, width = image.shape[:2]
        return downscale(rendered, self._working_size(height, width, frame.margin))

    def _passes(self, frame: SourceFrame) -> Passes | None:
        if frame.passes is None or not self._finder.method.reads_passes:
            return None
        try:
            return passes_with_margin(read_passes(frame.passes), frame.margin)
        except FileError as error:
            if self._finder.method.requires_vectors:
                raise FrameError(frame.number, str(error)) from None
            self._warning(f"{error}; optical flow is used instead")
            return None


def _size_change(before: np.ndarray, now: np.ndarray) -> str:
    def describe(image: np.ndarray) -> str:
        return f"{image.shape[1]}×{image.shape[0]} px" + (" with alpha" if image.shape[2] == 4 else "")

    return f"is {describe(now)} but the frames before are {describe(before)}; all must have one size"
