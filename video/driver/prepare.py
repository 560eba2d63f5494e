"""Prefetching: reads a frame's passes and finds its motion and reliability before it is stylized.

Nothing here needs the result of a frame, so that it can be done while the frame before is optimized.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from compositor.image_ops.light import is_too_dark, without_light
from compositor.settings import DeviceChoice, changes_optimization
from compositor.stages import Stage, timed
from video.coherence.frame_history import FrameCorrespondence, FrameHistory, correspondence_to_view
from video.coherence.other_view import OtherView
from video.coherence.working_resolution import Size, downscale
from video.driver.other_views import StyledView
from video.errors import BEGIN_ANEW, FileError, FrameError, JournalError
from video.frames.framing import cropped, passes_with_margin
from video.frames.render_passes import Passes, read_passes
from video.frames.sequence import SourceFrame
from video.motion.coverage import Coverage
from video.motion.motion_field import RenderedFrame
from video.motion.motion_source import MotionFinder
from video.motion.shot_light import LightTracker, ShotLight
from video.results import FrameStageCallback, ignored_stage
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
        other_view: the same moment in a view that is styled; None without, and for a frame that is done.
        begins_shot: nothing of the frames before has any effect on it or on a later one; of a frame that is
            to be stylized.
    """

    frame: SourceFrame
    fingerprint: dict[str, str]
    light: ShotLight
    content: np.ndarray
    correspondence: FrameCorrespondence | None
    coverage: Coverage | None = None
    other_view: OtherView | None = None
    begins_shot: bool = False

    def check_resumed(self, optimized: np.ndarray, styled: np.ndarray, detailed: np.ndarray | None) -> None:
        """Raises JournalError if what an earlier run has kept of the frame is of another size."""
        full, working = self.frame.image.shape, self.content.shape
        expected = [(*working[:2], 3), full, (*full[:2], 3)]
        for found, shape in zip((optimized, styled, detailed), expected, strict=True):
            if found is not None and found.shape != shape:
                raise JournalError(
                    f"frame {self.frame.number}: what the output folder holds of it is of another size:"
                    f" {BEGIN_ANEW}"
                )


class FramePrefetcher:
    """Prepares the frames of one pass.

    Args:
        working_size: (height, width) at which a frame of that height, width and margin is stylized.
        warning: called with the reason when optical flow is used in place of the render's vectors.
        device: what the engine computes on.
        styled_view: a view that is styled; None if the frames are those of the first one, or the only one.
        stage_done: see `RunCallbacks`.
    """

    def __init__(
        self,
        settings: SequenceSettings,
        working_size: Callable[[int, int, int], Size],
        warning: Callable[[str], None],
        device: DeviceChoice = DeviceChoice.AUTO,
        *,
        styled_view: StyledView | None = None,
        stage_done: FrameStageCallback = ignored_stage,
    ) -> None:
        self._styled_view, self._stage_done = styled_view, stage_done
        self._finder = MotionFinder(settings.motion, warning, device)
        self._working_size = working_size
        self._frame_history = FrameHistory(self._finder, settings.history_length)
        self._warning = warning
        self._tracker = LightTracker() if settings.follow_light else None
        self._light = ShotLight()
        self._margin = 0
        self._number: int | None = None
        self._own_settings: Mapping[str, float] = {}
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
        for index, frame in enumerate(self._read(frames)):
            image = cropped(frame.image, frame.margin)
            first = image if first is None else first
            if first.shape != image.shape:
                raise FrameError(frame.number, _size_change(first, image))
            known = self._known_light(frame, known_lights, index)
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

    def _read(self, frames: Iterable[SourceFrame]) -> Iterator[SourceFrame]:
        upcoming = iter(frames)
        while True:
            begun = time.perf_counter()
            frame = next(upcoming, None)
            if frame is None:
                return
            self._stage_done(frame.number, Stage.READING, time.perf_counter() - begun, None)
            yield frame

    def _prepared(self, frame: SourceFrame, known: ShotLight | None) -> PreparedFrame:
        """A frame that is to be stylized."""
        done = partial(self._stage_done, frame.number)
        with timed(done, Stage.READING):
            passes = self._passes(frame)
        with timed(done, Stage.MOTION):
            return self._with_motion(frame, passes, known)

    def _with_motion(
        self, frame: SourceFrame, passes: Passes | None, known: ShotLight | None
    ) -> PreparedFrame:
        before, history = self._light, self._frame_history
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
        if self._begins_shot_there(frame):
            history.clear()
        correspondence = history.correspondence(rendered)
        if correspondence is not None and changes_optimization(self._own_settings, frame.own_settings):
            correspondence = correspondence.free_of_static()
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
        other_view = self._other_view(prepared, rendered)
        return replace(prepared, other_view=other_view, begins_shot=is_first or begins_shot)

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
        self._light, self._margin, self._number = light, frame.margin, frame.number
        self._own_settings = frame.own_settings
        self._frame_history.add(rendered)
        view = self._styled_view
        other = None if view is None else view.entry(frame.number).styled_file
        fingerprint = frame_fingerprint(frame, rendered, other)
        return PreparedFrame(frame, fingerprint, light, rendered.image, correspondence, coverage)

    def _known_light(self, frame: SourceFrame, known: Sequence[ShotLight], index: int) -> ShotLight | None:
        """The light of a frame, if it was found already; all views have the first one's."""
        if index < len(known):
            return known[index]
        return None if self._styled_view is None else self._styled_view.entry(frame.number).light

    def _begins_shot_there(self, frame: SourceFrame) -> bool:
        """Whether the styled view begins a shot with this frame, seen forwards."""
        forwards = self._number is not None and frame.number > self._number
        return (
            forwards and self._styled_view is not None and self._styled_view.entry(frame.number).begins_shot
        )

    def _other_view(self, prepared: PreparedFrame, rendered: RenderedFrame) -> OtherView | None:
        """The frame's moment in the styled view."""
        view, number = self._styled_view, prepared.frame.number
        if view is None or not self._finder.finds_motion:
            return None
        entry, other = view.entry(number), view.frame(number)
        if other.image.shape != prepared.frame.image.shape:
            raise FrameError(number, _size_change(other.image, prepared.frame.image))
        there = self._rendered(other, self._passes(other), entry.light)
        correspondence = correspondence_to_view(self._finder, there, rendered)
        optimized, _, detailed = view.results(number)
        return correspondence and OtherView(correspondence, optimized, detailed, entry.report)

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
