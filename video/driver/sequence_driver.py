"""Stylizes a sequence frame after frame, each warm-started from the ones before.

One frame's way: read, motion to the frames before, reliability (`preparation`, while the frame before is
stylized), warp, start image, engine, file and journal (`finish`, while the next one is stylized). The result
that the next frame starts from is rounded to the file's levels, so that a run which reads it back from disk
goes on with the same numbers (see `FrameFormat.bits`).
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from compositor.engine import StyleEngine
from compositor.errors import ImageError
from compositor.progress import FrameCallbacks, Stopped
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.temporal import StylizedFrame, TemporalConstraint
from video.coherence.style_gain import StyleGainController
from video.coherence.warm_start import StyledHistory, WarmStart
from video.coherence.working_resolution import moved_detail
from video.driver.checkpoint import Checkpoint
from video.driver.finish import FinishedFrame, FrameFinisher
from video.driver.pipelining import BackgroundTask, prefetch_one
from video.driver.prepare import FramePrefetcher, PreparedFrame
from video.driver.run_outputs import RunOutputs
from video.errors import FrameError
from video.files.folder_lock import folder_locked
from video.files.leftovers import remove_leftovers
from video.frames.frame_writer import FrameWriter, styled_pattern
from video.frames.metadata import frame_metadata
from video.frames.sequence import SourceFrame, frame_path
from video.results import RunCallbacks, SequenceResult
from video.resume.fingerprint import run_identity
from video.resume.frame_store import FrameStore
from video.resume.journal import Journal
from video.settings import FrameFormat, MotionSource, SequenceSettings

STYLED_PATTERN = styled_pattern(FrameFormat.PNG)
SNAPSHOTS = "snapshots"
"""Folder beside them where whoever listens to the snapshots keeps them."""


@dataclass
class SequenceDriver:
    """Stylizes one sequence into a folder, or goes on with it where an earlier run has stopped.

    Args:
        engine: for one frame.
        settings: for the sequence.
        output: the folder; `styled/styled_####.png` (or `.exr`), the movie, the contact sheet and the journal
            go there.
        initial: (H, W, 3) float32 in 0..1, the image that the first frame starts from.
        restart: begin anew; finished frames stay until they are replaced.
        source: what the frames are made from, JSON values by name; a run goes on only where it is the same.
        total: how many frames will come, where that is known.
    """

    engine: StyleEngine
    settings: SequenceSettings
    output: Path
    callbacks: RunCallbacks = field(default_factory=RunCallbacks)
    initial: np.ndarray | None = None
    restart: bool = False
    source: Mapping[str, Any] = field(default_factory=dict)
    total: int | None = None

    def __post_init__(self) -> None:
        # What the other threads have to say is told on this one.
        self._warnings: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._writer = FrameWriter(
            self.settings.output_format,
            self.settings.dynamic_range,
            frame_metadata(self.engine.settings, self.settings, self.engine.style_digest),
            self._warnings.put,
        )
        self._finisher = FrameFinisher(self.settings, self.output, self._writer, self._styled_path)
        self._background: BackgroundTask[FinishedFrame] = BackgroundTask(self._take_in)
        self._outputs = self._begin()

    def run(self, frames: Iterable[SourceFrame]) -> SequenceResult:
        """Stylizes the frames as they come, all but those that an earlier run has finished.

        The frames are asked for on another thread, one ahead of the one that is stylized.

        Raises:
            JournalError: the folder holds frames of other settings, styles or pictures.
            FrameError: a frame of another size than the first, or one that cannot be stylized.
            FileError: a frame cannot be read or written, or another run is at work in the folder. Finished
                frames stay in every case.
        """
        begun = time.perf_counter()
        self._outputs = self._begin()
        with folder_locked(self.output, self.callbacks.warning):
            remove_leftovers(self.output)
            checkpoint = self._open_checkpoint()
            try:
                return self._run(frames, checkpoint, begun)
            finally:
                if not self.source:
                    checkpoint.journal.remove_if_empty()

    def _run(self, frames: Iterable[SourceFrame], checkpoint: Checkpoint, begun: float) -> SequenceResult:
        self.callbacks.opened(checkpoint.journal.continues, checkpoint.finished_frames)
        finished = self._first_pass(frames, checkpoint)
        if checkpoint.frame_store is not None:
            for number in range(1, self.settings.pass_count):
                finished = (
                    finished
                    and not self.callbacks.cancelled()
                    and self._further_pass(number, checkpoint, checkpoint.frame_store)
                )
        result = self._outputs.end(begun, cancelled=not finished or self.callbacks.cancelled())
        if not result.cancelled:
            checkpoint.close(complete=self.total is not None and len(result.frames) >= self.total)
        return result

    def _begin(self) -> RunOutputs:
        return RunOutputs(self.settings, self.output, self.callbacks, self._writer.metadata)

    def _open_checkpoint(self) -> Checkpoint:
        settings = self.engine.settings, self.settings
        identity = run_identity(settings, self.engine.styles, initial=self.initial, source=self.source)
        journal = Journal.open(self.output, identity, restart=self.restart)
        return Checkpoint(
            journal, self.output, self.settings, self._styled_path, self.callbacks.warning, total=self.total
        )

    def _styled_path(self, number: int) -> Path:
        return frame_path(self.output / styled_pattern(self.settings.output_format), number)

    def _first_pass(self, frames: Iterable[SourceFrame], checkpoint: Checkpoint) -> bool:
        """Goes through the frames as they come; False when it was cancelled on the way."""
        styled_history = StyledHistory(self.settings.memory)
        gain_controller = StyleGainController(self.settings.warm_style_gain)
        frame_store, complete, count, shot = checkpoint.frame_store, checkpoint.is_complete, 0, None
        done = [entry.begins_shot for entry in checkpoint.journal.entries]
        with self._prepared(frames, done, notify=frame_store is None) as upcoming:
            for index, prepared in enumerate(upcoming):
                begun, frame, count = time.perf_counter(), prepared.frame, index + 1
                if index == 0:
                    self.callbacks.planned(self.engine.plan_text(*frame.image.shape[:2]))
                painted = self.engine.working_size(*frame.image.shape[:2])
                entry = checkpoint.journal.resumed(index, frame.number, prepared.picture, painted)
                if entry is not None:
                    gain_controller.update(entry.report, begins_shot=entry.begins_shot)
                    shot = frame.image if entry.begins_shot else shot
                    self._remember(styled_history, checkpoint, 0, index)
                    if frame_store is None:
                        self._outputs.take_in_resumed(checkpoint.resumed_result(entry), frame)
                    else:
                        frame_store.add(frame, begins_shot=entry.begins_shot, again=True)
                    if self.callbacks.cancelled():
                        return False
                    continue
                if shot is not None:
                    self.engine.match_colors_to(shot)
                    shot = None
                warm_start = styled_history.warm_start(prepared.content, prepared.correspondence)
                start = None if warm_start is None else warm_start.start
                initial = self.initial if index == 0 else None
                stylized = self._stylize(frame, warm_start, start, initial, gain_controller.gain)
                if stylized is None:
                    return False
                gain_controller.update(stylized.report, begins_shot=warm_start is None)
                unfinished = self._finisher.unfinished(frame, warm_start, stylized, begun)
                styled_history.add(unfinished.optimized, unfinished.detailed)
                self._background.hand_over(
                    partial(checkpoint.keep, self._finisher, index, prepared.picture, unfinished)
                )
        if not complete:
            checkpoint.journal.check_length(count)
        return not self.callbacks.cancelled()

    def _further_pass(self, number: int, checkpoint: Checkpoint, frame_store: FrameStore) -> bool:
        """Goes through the frames again, backwards by turns, from their own results and their neighbors'.

        Ruder, Dosovitskiy, Brox 2016, section 4.4: what only later frames show gets back to earlier ones.
        """
        styled_history, gain_controller = (
            StyledHistory(self.settings.memory),
            StyleGainController(self.settings.warm_style_gain),
        )
        entries, done = checkpoint.journal.entries, checkpoint.done(number)
        last, alone = number == self.settings.pass_count - 1, None
        order = checkpoint.order(number, len(frame_store))
        frames = (frame_store.frame(index) for index in order)
        with self._prepared(
            frames, [entries[index].alone for index in order[:done]], notify=last
        ) as upcoming:
            for position, (index, prepared) in enumerate(zip(order, upcoming, strict=True)):
                begun, frame, entry = time.perf_counter(), prepared.frame, entries[index]
                if position < done:
                    alone = index if entry.alone else alone
                    self._remember(styled_history, checkpoint, number, index)
                    if last:
                        self._outputs.take_in_resumed(checkpoint.resumed_result(entry), frame)
                    if self.callbacks.cancelled():
                        return False
                    continue
                own = checkpoint.optimized(number - 1, index)
                warm_start = styled_history.warm_start(prepared.content, prepared.correspondence)
                adopted = index if warm_start is None else alone
                if adopted is not None:
                    self.engine.match_colors_to(frame_store.shot_content(adopted))
                    alone = None
                start = own if warm_start is None else warm_start.blended_with(own)
                stylized = self._stylize(frame, warm_start, start, None, gain_controller.initial)
                if stylized is None:
                    return False
                unfinished = self._finisher.unfinished(frame, warm_start, stylized, begun)
                styled_history.add(unfinished.optimized, unfinished.detailed)
                self._background.hand_over(
                    partial(checkpoint.replace, self._finisher, number, position, entry, unfinished)
                )
        return True

    @contextmanager
    def _prepared(
        self, frames: Iterable[SourceFrame], done: Sequence[bool], *, notify: bool
    ) -> Iterator[Iterator[PreparedFrame]]:
        """The frames of one pass, with a hand beside the optimization to prepare and one to finish them.

        Args:
            done: see `FramePrefetcher.of`.
            tell: tell the listener of finished frames; no further pass follows.
        """
        preparation = FramePrefetcher(
            self.settings, self.engine.working_size, self._warnings.put, self.engine.settings.device
        )
        prepared = preparation.of(frames, done)
        with BackgroundTask(partial(self._take_in, notify=notify)) as self._background:
            if self.settings.motion is MotionSource.RAFT:
                yield prepared  # it computes where the engine does, and would only be in its way
                return
            with prefetch_one(
                prepared, waiting=self._waiting, interrupt=self.callbacks.interrupt
            ) as upcoming:
                yield upcoming

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        # The next frame may be long in coming: the last one is told of before.
        self._background.finish()
        with self.callbacks.waiting():
            yield

    def _take_in(self, finished: FinishedFrame, *, notify: bool = True) -> None:
        self._pass_warnings_on()
        self._outputs.take_in(finished, notify=notify)

    def _remember(
        self, styled_history: StyledHistory, checkpoint: Checkpoint, pass_number: int, index: int
    ) -> None:
        """Has a frame that is done remembered, if the frame that the pass goes on with will look at it."""
        results = checkpoint.remembered(pass_number, index)
        if results is not None:
            optimized, styled, detailed = results
            styled_history.add(optimized, detailed)
            self._finisher.remember(styled)

    def _pass_warnings_on(self) -> None:
        while not self._warnings.empty():
            self.callbacks.warning(self._warnings.get())

    def _cancelled(self) -> bool:
        """Asked between two steps: the last frame is told of as soon as it is done."""
        self._background.look()
        self._pass_warnings_on()
        return self.callbacks.cancelled()

    def _stylize(
        self,
        frame: SourceFrame,
        warm_start: WarmStart | None,
        start: np.ndarray | None,
        initial: np.ndarray | None,
        style_gain: float,
    ) -> StylizedFrame | None:
        """The engine's result; None when it was cancelled on the way."""
        if self._cancelled():
            return None
        temporal = warm_start and TemporalConstraint(
            warm_start.target,
            warm_start.reliability,
            self.settings.temporal_weight,
            warm_start.correspondence.static_mask,
            style_gain,
        )
        detail = None
        if warm_start is not None and warm_start.detailed is not None:
            detail = moved_detail(warm_start.detailed, warm_start.correspondence.full_size)
        try:
            stylized = self.engine.stylize(
                FrameInputs(frame.image, frame.masks, frame.keep, initial, start),
                temporal=temporal,
                detail=detail,
                steps=None if start is None else self.settings.warm_steps,
                callbacks=FrameCallbacks(
                    progress=lambda progress: self.callbacks.progress(frame.number, progress),
                    snapshot=lambda snapshot: self.callbacks.snapshot(frame.number, snapshot),
                    cancelled=self._cancelled,
                ),
            )
        except ImageError as error:
            raise FrameError(frame.number, str(error)) from None
        self._background.finish()
        cancelled = stylized.report.stopped is Stopped.CANCELLED or self.callbacks.cancelled()
        return None if cancelled else stylized
