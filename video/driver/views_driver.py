"""Views driver: stylizes several views of the same frames, as two eyes, coherent with each other.

The first view is stylized like any sequence. Each further one is a sequence of its own, with its own past,
and every frame of it also starts from the first view's result of that moment, moved by the disparity. So the
whole first view comes first; its results are kept until the others are done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from compositor.engine import StyleEngine
from video.driver.frame_writer import styled_pattern
from video.driver.other_views import StyledView, ViewRun
from video.driver.sequence_driver import SequenceDriver
from video.errors import ChangedFrameError, ProtocolError
from video.files.folder_lock import folder_locked
from video.files.leftovers import remove_leftovers
from video.files.output_folder import check_view_suffixes, view_folder
from video.frames.metadata import frame_metadata
from video.frames.sequence import SourceFrame, frame_path
from video.frames.stereo import StereoFormat
from video.reports.stereo_writer import StereoWriter
from video.results import FrameResult, RunCallbacks, SequenceResult
from video.settings import SequenceSettings


@dataclass(frozen=True)
class ViewFrames:
    """The frames of one view.

    Attributes:
        suffix: of its files, as Blender has it: `_L`.
        frames: in order; those of a further view are asked for when the first view is done.
        read: reads a frame again.
        callbacks: see `SequenceDriver`.
    """

    suffix: str
    frames: Iterable[SourceFrame]
    read: Callable[[int], SourceFrame]
    callbacks: RunCallbacks


@dataclass
class ViewsDriver:
    """Stylizes the views of a sequence into a folder, or resumes where an earlier run has stopped.

    Args:
        output: as of a `SequenceDriver`; the files of each view have its suffix, and its journal lies in
            `views/_L`.
        stereo: how two views are put together in one picture; None for no such pictures.
        engine, settings, restart, put_aside, source: as of a `SequenceDriver`.
        total: how many frames of each view will come, where that is known.
    """

    engine: StyleEngine
    settings: SequenceSettings
    output: Path
    restart: bool = False
    source: Mapping[str, Any] = field(default_factory=dict)
    total: int | None = None
    put_aside: bool = False
    stereo: StereoFormat | None = None

    def run(self, views: Sequence[ViewFrames]) -> SequenceResult:
        """Stylizes the views, one after the other.

        Returns:
            The first view's frames, with the stereo movie where there is one.

        Raises:
            ProtocolError: two views would have the same files, or a suffix is none.
            VideoError: as `SequenceDriver.run`; after a ChangedFrameError, too, it can be called once more.
        """
        suffixes = [view.suffix for view in views]
        error = check_view_suffixes(suffixes)
        if error is not None or (self.stereo is not None and len(views) != 2):
            raise ProtocolError(error or "a stereo picture has two views")
        begun = time.perf_counter()
        with folder_locked(self.output, views[0].callbacks.warning):
            remove_leftovers(self.output)
            return replace(self._run(views), seconds=time.perf_counter() - begun)

    def _run(self, views: Sequence[ViewFrames]) -> SequenceResult:
        others = [self._driver(views, view, ViewRun(view.suffix, self.output)) for view in views[1:]]
        # Before anything is stylized: also whether their folders can be gone on with.
        needed_from = min((driver.finished_count() for driver in others), default=None)
        first_run = ViewRun(views[0].suffix, self.output, needed_from=needed_from)
        first = self._driver(views, views[0], first_run)
        try:
            result = first.run(views[0].frames)
        except ChangedFrameError as error:
            if self.put_aside:
                for driver in others:  # they start from the first view's results
                    driver.put_aside_from(error)
            raise
        if result.cancelled or first.checkpoint is None:
            return result
        entries, kept = first.checkpoint.journal.entries, first.checkpoint.results
        styled = StyledView(entries, kept, views[0].read, self.settings.panorama)
        stereo = self._stereo_writer()
        for driver, view in zip(others, views[1:], strict=True):
            driver.view = ViewRun(view.suffix, self.output, styled)
            driver.callbacks = self._further_callbacks(views, view, stereo)
            further = driver.run(view.frames)
            if further.cancelled:
                return replace(result, cancelled=True, movie=None, contact_sheet=None)
        first.checkpoint.release()
        if stereo is not None and self.settings.movie:
            numbers = [frame.number for frame in result.frames]
            result = replace(result, movie=stereo.write_movie(numbers, views[0].callbacks.warning))
        return result

    def _driver(self, views: Sequence[ViewFrames], view: ViewFrames, run: ViewRun) -> SequenceDriver:
        return SequenceDriver(
            self.engine,
            self.settings,
            view_folder(self.output, view.suffix),
            view.callbacks,
            restart=self.restart,
            put_aside=self.put_aside,
            source={**self.source, "view": view.suffix, "first view": views[0].suffix},
            total=self.total,
            view=run,
        )

    def _stereo_writer(self) -> StereoWriter | None:
        if self.stereo is None:
            return None
        metadata = frame_metadata(self.engine.settings, self.settings, self.engine.style_digest)
        return StereoWriter(self.settings, self.output, self.stereo, metadata)

    def _further_callbacks(
        self, views: Sequence[ViewFrames], view: ViewFrames, stereo: StereoWriter | None
    ) -> RunCallbacks:
        """A further view's callbacks: the run was opened and planned before."""
        pattern = self.output / styled_pattern(self.settings.output_format, views[0].suffix)

        def frame_done(result: FrameResult) -> None:
            if stereo is not None:
                stereo.write(result.number, frame_path(pattern, result.number), result.path)
            view.callbacks.frame_done(result)

        return replace(
            view.callbacks,
            frame_done=frame_done,
            opened=lambda continues, frames: None,
            planned=lambda text: None,
        )
