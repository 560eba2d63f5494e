"""Sequence driver: stylizes a sequence frame by frame, each with a warm start from the frames before.

A frame is read, and its motion and reliability are found, while the frame before is optimized (`prepare`).
Then the earlier results are warped to a start image, the engine optimizes it, and the result is finished and
written while the next frame is optimized (`finish`). The image that the next frame warps is rounded to the
file's levels, so that a run which resumes from disk continues with the same numbers (see `FrameFormat.bits`).
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from compositor.engine import StyleEngine
from compositor.errors import DivergenceError, ImageError, SettingsError
from compositor.progress import Stopped
from compositor.stages import Stage, timed
from compositor.stylization.temporal import StylizedFrame
from video.coherence.other_view import detail_constraint
from video.coherence.warm_start import WarmStart
from video.driver.checkpoint import Checkpoint
from video.driver.engine_inputs import frame_callbacks, frame_inputs, temporal_constraint
from video.driver.finish import FinishedFrame, FrameFinisher, UnfinishedFrame
from video.driver.frame_writer import FrameWriter, styled_pattern
from video.driver.other_views import ViewRun
from video.driver.pass_plan import PassPlan, pass_plans
from video.driver.pass_state import PassState
from video.driver.pipelining import BackgroundTask, prefetch_one
from video.driver.prepare import FramePrefetcher, PreparedFrame
from video.driver.run_outputs import RunOutputs
from video.errors import ChangedFrameError, FrameError, SequenceError
from video.files.folder_lock import folder_locked
from video.files.leftovers import remove_leftovers
from video.files.output_folder import check_run_length
from video.frames.framing import FramedSequence
from video.frames.metadata import frame_metadata
from video.frames.sequence import SourceFrame, frame_path
from video.results import RunCallbacks, SequenceResult
from video.resume.earlier_run import EarlierRun
from video.resume.fingerprint import run_identity
from video.resume.journal_file import Entry
from video.resume.machine import machine_here, warn_of_another
from video.settings import SequenceSettings


@dataclass
class SequenceDriver:
    """Stylizes one sequence into a folder, or resumes where an earlier run has stopped.

    Args:
        engine: for one frame.
        settings: for the sequence.
        output: the folder of `styled/styled_####.png` (or `.exr`), the movie, the contact sheet and the
            journal.
        initial: (H, W, 3) float32 in 0..1, the image that the first frame's pyramid starts from.
        restart: begin anew; finished frames stay until they are replaced.
        put_aside: put finished frames aside, see `video.resume.put_aside`, rather than replace them
            (`restart`) or refuse the folder (where they are of other settings, styles or pictures).
        source: what the frames are made from, JSON values by name; a run is resumed only if it is the same.
        total: how many frames will come, where that is known.
        view: if there are several views of each frame, the one that this run is over.
    """

    engine: StyleEngine
    settings: SequenceSettings
    output: Path
    callbacks: RunCallbacks = field(default_factory=RunCallbacks)
    initial: np.ndarray | None = None
    restart: bool = False
    put_aside: bool = False
    source: Mapping[str, Any] = field(default_factory=dict)
    total: int | None = None
    view: ViewRun | None = None

    def __post_init__(self) -> None:
        # Filled on other threads; the callback is called on the caller's.
        self._warnings: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._writer = FrameWriter(
            self.settings.output_format,
            self.settings.dynamic_range,
            frame_metadata(self.engine.settings, self.settings, self.engine.style_digest),
            self._warnings.put,
        )
        self._finisher = FrameFinisher(self.settings, self.output, self._writer, self._styled_path)
        self._background: BackgroundTask[FinishedFrame] = BackgroundTask(self._on_finished)
        self._outputs = self._new_outputs()
        self.checkpoint: Checkpoint | None = None
        """Of the run; None before it."""

    def run(self, frames: Iterable[SourceFrame]) -> SequenceResult:
        """Stylizes the frames as they come, all but those that an earlier run has finished.

        The frames are prefetched: asked for on another thread, one ahead of the one that is optimized.

        Raises:
            JournalError: the folder holds frames of other settings, styles or pictures.
            ChangedFrameError: a finished frame has other pictures by now. With `put_aside` it and those after
                it have been put aside: `run` can be called once more, with all frames from the first on.
            FrameError: a frame of another size than the first, or one that cannot be stylized.
            FileError: a frame cannot be read or written, or another run is at work in the folder.
                Finished frames stay in every case.
            SequenceError: there are more frames than a run can have.
        """
        begun = time.perf_counter()
        error = None if self.total is None else check_run_length(self.total)
        if error is not None:
            raise SequenceError(error)
        self._outputs = self._new_outputs()
        with folder_locked(self.output, self.callbacks.warning):
            remove_leftovers(self.output)
            checkpoint = self.checkpoint = self._open_checkpoint()
            try:
                return self._run(frames, checkpoint, begun)
            except ChangedFrameError as error:
                if self.put_aside:
                    self._earlier.put_aside_from(checkpoint.journal, error)
                raise
            finally:
                if not self.source:
                    checkpoint.journal.remove_if_empty()

    def finished_count(self) -> int:
        """How many of the first frames an earlier run has finished for good; stylizes nothing.

        Raises:
            JournalError, FileError: as `run`.
        """
        with folder_locked(self.output, self.callbacks.warning):
            checkpoint = self._open_checkpoint()
            settled = checkpoint.is_complete or self.settings.pass_count == 1
            return len(checkpoint.journal.entries) if settled else 0

    def put_aside_from(self, error: ChangedFrameError) -> None:
        """Puts the frames aside that were finished from the changed one of another view on.

        Raises:
            JournalError, FileError: as `run`.
        """
        with folder_locked(self.output, self.callbacks.warning):
            self._earlier.put_aside_from(self._open_checkpoint().journal, error)

    def _run(self, frames: Iterable[SourceFrame], checkpoint: Checkpoint, begun: float) -> SequenceResult:
        self.callbacks.opened(checkpoint.journal.continues, checkpoint.finished_frames)
        self._compare_machine(checkpoint)
        cancelled = False
        framed_frames = FramedSequence(frames, self.settings.panorama)
        for plan in pass_plans(framed_frames, checkpoint, self.settings):
            cancelled = not self._run_pass(plan) or self.callbacks.cancelled()
            if cancelled:
                break
        result = self._outputs.end(begun, cancelled=cancelled)
        if not result.cancelled:
            checkpoint.close()
        return result

    def _compare_machine(self, checkpoint: Checkpoint) -> None:
        """Says if what is left to do is computed with something else than what is done; of one view alone."""
        begun_on, count = checkpoint.journal.machine, len(checkpoint.journal.entries)
        all_done = checkpoint.is_complete and count == self.total
        if begun_on is not None and not all_done and self._view.styled is None:
            warn_of_another(begun_on, machine_here(self.engine), self.callbacks.warning)

    def _new_outputs(self) -> RunOutputs:
        metadata, view = self._writer.metadata, self._view
        return RunOutputs(self.settings, view.results, self.callbacks, metadata, suffix=view.suffix)

    def _open_checkpoint(self) -> Checkpoint:
        settings = self.engine.settings, self.settings
        identity = run_identity(settings, self.engine.styles, initial=self.initial, source=self.source)
        return Checkpoint(
            self._earlier.open_journal(identity, machine_here(self.engine), restart=self.restart),
            self.output,
            self.settings,
            self._styled_path,
            self.callbacks.warning,
            total=self.total,
            needed_from=self._view.needed_from,
        )

    @property
    def _view(self) -> ViewRun:
        return self.view or ViewRun("", self.output)

    @property
    def _earlier(self) -> EarlierRun:
        view = self._view
        return EarlierRun(self.output, view.results, view.suffix, self.put_aside, self.callbacks.warning)

    def _styled_path(self, number: int) -> Path:
        pattern = styled_pattern(self.settings.output_format, self._view.suffix)
        return frame_path(self._view.results / pattern, number)

    def _run_pass(self, plan: PassPlan) -> bool:
        """Goes through the frames of one pass; False if it was cancelled on the way."""
        state = PassState(self.settings, self._view.styled)
        count, idle_since = 0, time.perf_counter()
        with self._prefetched(plan) as upcoming:
            for position, prepared in enumerate(upcoming):
                begun, count = time.perf_counter(), position + 1
                self.callbacks.stage_done(prepared.frame.number, Stage.WAITING, begun - idle_since, None)
                self._outputs.note_source(prepared.frame)
                (height, width), margin = prepared.frame.image.shape[:2], prepared.frame.margin
                if plan.number == 0 and position == 0:
                    self.callbacks.planned(self.engine.plan_text(height, width, margin))
                working_size = self.engine.working_size(height, width, margin)
                entry = plan.resumed(position, prepared, working_size)
                if entry is not None:
                    self._resume(plan, position, prepared, entry, state)
                    if self.callbacks.cancelled():
                        return False
                    idle_since = time.perf_counter()
                    continue
                unfinished = self._optimize(plan, position, prepared, state, begun)
                if unfinished is None:
                    return False
                state.history.add(unfinished.optimized, unfinished.detailed)
                self._background.hand_over(
                    partial(self._finish, plan, position, prepared.fingerprint, unfinished)
                )
                idle_since = time.perf_counter()
        plan.check_length(count)
        return True

    def _resume(
        self, plan: PassPlan, position: int, prepared: PreparedFrame, entry: Entry, state: PassState
    ) -> None:
        """Takes over a frame that an earlier run has finished in this pass."""
        if plan.is_cold_start(entry):
            state.shot_content = state.first_content(plan, position, prepared)
        if plan.adapts_style_gain:
            state.follow_style(prepared.frame, entry.report, begins_shot=entry.begins_shot)
        results = plan.checkpoint.take_preloaded(plan.number, plan.index(position))
        if results is not None:
            optimized, styled, detailed = results
            prepared.check_resumed(*results)
            state.history.add(optimized, detailed)
            self._finisher.resume_after(styled, prepared.light, prepared.frame.own_settings)
        plan.store_resumed(prepared.frame, entry)
        if plan.is_last:
            self._outputs.take_in_resumed(plan.checkpoint.resumed_result(entry), prepared.frame)

    def _optimize(
        self, plan: PassPlan, position: int, prepared: PreparedFrame, state: PassState, begun: float
    ) -> UnfinishedFrame | None:
        """Stylizes a frame; None if it was cancelled on the way."""
        done = partial(self.callbacks.stage_done, prepared.frame.number)
        with timed(done, Stage.WARPING):
            warm_start = state.warm_start(prepared)
        begins_shot = warm_start is None or warm_start.begins_shot
        start = plan.warm_start_image(position, warm_start)
        # Without a start image the engine matches the style pictures to the frame by itself.
        if start is not None:
            shot = state.first_content(plan, position, prepared) if begins_shot else state.shot_content
            if shot is not None:
                self.engine.match_colors_to(shot)
        state.shot_content = None
        initial = self.initial if plan.number == 0 and position == 0 else None
        stylized = self._stylize(prepared, warm_start, start, initial, state.style_gain)
        if stylized is None:
            return None
        if plan.adapts_style_gain:
            state.follow_style(prepared.frame, stylized.report, begins_shot=begins_shot)
        return self._finisher.unfinished(prepared, warm_start, stylized, begun)

    def _finish(
        self, plan: PassPlan, position: int, fingerprint: Mapping[str, str], unfinished: UnfinishedFrame
    ) -> FinishedFrame:
        """Writes a frame and stores it in the checkpoint; on the background thread."""
        with timed(partial(self.callbacks.stage_done, unfinished.frame.number), Stage.WRITING):
            finished = self._finisher.finish(unfinished)
            plan.store(position, fingerprint, finished)
        return finished

    @contextmanager
    def _prefetched(self, plan: PassPlan) -> Iterator[Iterator[PreparedFrame]]:
        """The frames of a pass; one thread prepares the next, another finishes the last."""
        style = self.engine.settings
        prefetcher = FramePrefetcher(
            self.settings,
            self.engine.working_size,
            self._warnings.put,
            style.device,
            styled_view=self._view.styled,
            stage_done=self.callbacks.stage_done,
        )
        prepared = prefetcher.prepare(plan.frames(), plan.resumed_cold_starts(), plan.known_lights())
        with BackgroundTask(partial(self._on_finished, notify=plan.is_last)) as self._background:
            if prefetcher.computes_on_engine_device:
                yield prepared
                return
            with prefetch_one(
                prepared, waiting=self._waiting, interrupt=self.callbacks.interrupt
            ) as upcoming:
                yield upcoming

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        # The next frame may take long to come: the last one is reported before.
        self._background.finish()
        with self.callbacks.waiting():
            yield

    def _on_finished(self, finished: FinishedFrame, *, notify: bool = True) -> None:
        self._forward_warnings()
        self._outputs.take_in(finished, notify=notify)

    def _forward_warnings(self) -> None:
        while not self._warnings.empty():
            self.callbacks.warning(self._warnings.get())

    def _cancelled(self) -> bool:
        """Asked between two steps; reports the last frame as soon as it is finished."""
        self._background.poll()
        self._forward_warnings()
        return self.callbacks.cancelled()

    def _stylize(
        self,
        prepared: PreparedFrame,
        warm_start: WarmStart | None,
        start: np.ndarray | None,
        initial: np.ndarray | None,
        style_gain: float,
    ) -> StylizedFrame | None:
        """The engine's result; None if it was cancelled on the way.

        Args:
            start: see `PassPlan.warm_start_image`.
            initial: see `SequenceDriver`.
        """
        if self._cancelled():
            return None
        done = partial(self.callbacks.stage_done, prepared.frame.number)
        with timed(done, Stage.WARPING):
            detail = detail_constraint(warm_start)
        try:
            stylized = self.engine.stylize(
                frame_inputs(prepared, initial, start),
                temporal=temporal_constraint(warm_start, self.settings.temporal_weight, style_gain),
                detail=detail,
                steps=None if start is None else self.settings.warm_steps,
                callbacks=frame_callbacks(prepared, self.callbacks, self._cancelled),
            )
        except (ImageError, DivergenceError, SettingsError) as error:
            raise FrameError(prepared.frame.number, str(error)) from None
        with timed(done, Stage.WAITING):
            self._background.finish()
        cancelled = stylized.report.stopped is Stopped.CANCELLED or self.callbacks.cancelled()
        return None if cancelled else stylized
