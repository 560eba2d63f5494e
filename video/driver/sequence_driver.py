"""Stylises a sequence frame after frame, each warm-started from the ones before.

One frame's way: read, motion to the frames before, reliability (`preparation`, while the frame before is
stylised), warp, start image, engine, file and journal (`finish`, while the next one is stylised). The result
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
from compositor.progress import Stopped
from compositor.stylization.temporal import Stylized, Temporal
from video.coherence.style_gain import StyleLevel
from video.coherence.warm_start import Memory, Recall
from video.coherence.working_resolution import moved_detail
from video.driver.checkpoint import Record
from video.driver.finish import Finished, Finisher
from video.driver.pipelining import Behind, ahead
from video.driver.prepare import Preparation, Prepared
from video.driver.run_outputs import Gathering
from video.errors import FrameError
from video.files.folder_lock import folder_locked
from video.files.leftovers import remove_leftovers
from video.frames.frame_writer import FrameWriter, styled_pattern
from video.frames.metadata import frame_metadata
from video.frames.sequence import SourceFrame, frame_path
from video.results import Listener, SequenceResult
from video.resume.fingerprint import run_identity
from video.resume.frame_store import Shelf
from video.resume.journal import Journal
from video.settings import FrameFormat, MotionSource, SequenceSettings

STYLED_PATTERN = styled_pattern(FrameFormat.PNG)
SNAPSHOTS = "snapshots"
"""Folder beside them where whoever listens to the snapshots keeps them."""


@dataclass
class SequenceDriver:
    """Stylises one sequence into a folder, or goes on with it where an earlier run has stopped.

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
    listener: Listener = field(default_factory=Listener)
    initial: np.ndarray | None = None
    restart: bool = False
    source: Mapping[str, Any] = field(default_factory=dict)
    total: int | None = None

    def __post_init__(self) -> None:
        # What the other threads have to say is told on this one.
        self._notices: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._writer = FrameWriter(
            self.settings.output_format,
            self.settings.dynamic_range,
            frame_metadata(self.engine.settings, self.settings, self.engine.style_digest),
            self._notices.put,
        )
        self._finisher = Finisher(self.settings, self.output, self._writer, self._styled_path)
        self._behind: Behind[Finished] = Behind(self._take_in)
        self._gathering = self._begin()

    def run(self, frames: Iterable[SourceFrame]) -> SequenceResult:
        """Stylises the frames as they come, all but those that an earlier run has finished.

        The frames are asked for on another thread, one ahead of the one that is stylised.

        Raises:
            JournalError: the folder holds frames of other settings, styles or pictures.
            FrameError: a frame of another size than the first, or one that cannot be stylised.
            FileError: a frame cannot be read or written, or another run is at work in the folder. Finished
                frames stay in every case.
        """
        begun = time.perf_counter()
        self._gathering = self._begin()
        with folder_locked(self.output, self.listener.notice):
            remove_leftovers(self.output)
            record = self._open_record()
            try:
                return self._run(frames, record, begun)
            finally:
                if not self.source:
                    record.journal.remove_if_empty()

    def _run(self, frames: Iterable[SourceFrame], record: Record, begun: float) -> SequenceResult:
        self.listener.opened(record.journal.continues, record.finished_frames)
        finished = self._first_pass(frames, record)
        if record.shelf is not None:
            for number in range(1, self.settings.pass_count):
                finished = (
                    finished
                    and not self.listener.cancelled()
                    and self._further_pass(number, record, record.shelf)
                )
        result = self._gathering.end(begun, cancelled=not finished or self.listener.cancelled())
        if not result.cancelled:
            record.close(complete=self.total is not None and len(result.frames) >= self.total)
        return result

    def _begin(self) -> Gathering:
        return Gathering(self.settings, self.output, self.listener, self._writer.metadata)

    def _open_record(self) -> Record:
        settings = self.engine.settings, self.settings
        identity = run_identity(settings, self.engine.styles, initial=self.initial, source=self.source)
        journal = Journal.open(self.output, identity, restart=self.restart)
        return Record(
            journal, self.output, self.settings, self._styled_path, self.listener.notice, total=self.total
        )

    def _styled_path(self, number: int) -> Path:
        return frame_path(self.output / styled_pattern(self.settings.output_format), number)

    def _first_pass(self, frames: Iterable[SourceFrame], record: Record) -> bool:
        """Goes through the frames as they come; False when it was cancelled on the way."""
        memory = Memory(self.settings.memory)
        level = StyleLevel(self.settings.warm_style_gain)
        shelf, complete, count, shot = record.shelf, record.is_complete, 0, None
        done = [entry.begins_shot for entry in record.journal.entries]
        with self._prepared(frames, done, tell=shelf is None) as upcoming:
            for index, prepared in enumerate(upcoming):
                begun, frame, count = time.perf_counter(), prepared.frame, index + 1
                if index == 0:
                    self.listener.planned(self.engine.plan_text(*frame.image.shape[:2]))
                painted = self.engine.painted_size(*frame.image.shape[:2])
                entry = record.journal.resumed(index, frame.number, prepared.picture, painted)
                if entry is not None:
                    level.learn(entry.report, begins_shot=entry.begins_shot)
                    shot = frame.image if entry.begins_shot else shot
                    self._remind(memory, record, 0, index)
                    if shelf is None:
                        self._gathering.take_in_resumed(record.resumed_result(entry), frame)
                    else:
                        shelf.add(frame, begins_shot=entry.begins_shot, again=True)
                    if self.listener.cancelled():
                        return False
                    continue
                if shot is not None:
                    self.engine.adopt_colours(shot)
                    shot = None
                recall = memory.recall(prepared.content, prepared.sight)
                start = None if recall is None else recall.start
                initial = self.initial if index == 0 else None
                stylized = self._stylize(frame, recall, start, initial, level.gain)
                if stylized is None:
                    return False
                level.learn(stylized.report, begins_shot=recall is None)
                unfinished = self._finisher.unfinished(frame, recall, stylized, begun)
                memory.add(unfinished.optimised, unfinished.detailed)
                self._behind.hand_over(
                    partial(record.keep, self._finisher, index, prepared.picture, unfinished)
                )
        if not complete:
            record.journal.check_length(count)
        return not self.listener.cancelled()

    def _further_pass(self, number: int, record: Record, shelf: Shelf) -> bool:
        """Goes through the frames again, backwards by turns, from their own results and their neighbours'.

        Ruder, Dosovitskiy, Brox 2016, section 4.4: what only later frames show gets back to earlier ones.
        """
        memory, level = Memory(self.settings.memory), StyleLevel(self.settings.warm_style_gain)
        entries, done = record.journal.entries, record.done(number)
        last, alone = number == self.settings.pass_count - 1, None
        order = record.order(number, len(shelf))
        frames = (shelf.frame(index) for index in order)
        with self._prepared(frames, [entries[index].alone for index in order[:done]], tell=last) as upcoming:
            for position, (index, prepared) in enumerate(zip(order, upcoming, strict=True)):
                begun, frame, entry = time.perf_counter(), prepared.frame, entries[index]
                if position < done:
                    alone = index if entry.alone else alone
                    self._remind(memory, record, number, index)
                    if last:
                        self._gathering.take_in_resumed(record.resumed_result(entry), frame)
                    if self.listener.cancelled():
                        return False
                    continue
                own = record.optimised(number - 1, index)
                recall = memory.recall(prepared.content, prepared.sight)
                adopted = index if recall is None else alone
                if adopted is not None:
                    self.engine.adopt_colours(shelf.shot_content(adopted))
                    alone = None
                start = own if recall is None else recall.between(own)
                stylized = self._stylize(frame, recall, start, None, level.initial)
                if stylized is None:
                    return False
                unfinished = self._finisher.unfinished(frame, recall, stylized, begun)
                memory.add(unfinished.optimised, unfinished.detailed)
                self._behind.hand_over(
                    partial(record.replace, self._finisher, number, position, entry, unfinished)
                )
        return True

    @contextmanager
    def _prepared(
        self, frames: Iterable[SourceFrame], done: Sequence[bool], *, tell: bool
    ) -> Iterator[Iterator[Prepared]]:
        """The frames of one pass, with a hand beside the optimisation to prepare and one to finish them.

        Args:
            done: see `Preparation.of`.
            tell: tell the listener of finished frames; no further pass follows.
        """
        preparation = Preparation(self.settings, self.engine.painted_size, self._notices.put)
        prepared = preparation.of(frames, done)
        with Behind(partial(self._take_in, tell=tell)) as self._behind:
            if self.settings.motion is MotionSource.RAFT:
                yield prepared  # it computes where the engine does, and would only be in its way
                return
            with ahead(prepared, waiting=self._waiting, interrupt=self.listener.interrupt) as upcoming:
                yield upcoming

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        # The next frame may be long in coming: the last one is told of before.
        self._behind.finish()
        with self.listener.waiting():
            yield

    def _take_in(self, finished: Finished, *, tell: bool = True) -> None:
        self._tell_notices()
        self._gathering.take_in(finished, tell=tell)

    def _remind(self, memory: Memory, record: Record, pass_number: int, index: int) -> None:
        """Has a frame that is done remembered, if the frame that the pass goes on with will look at it."""
        results = record.remembered(pass_number, index)
        if results is not None:
            optimised, styled, detailed = results
            memory.add(optimised, detailed)
            self._finisher.remember(styled)

    def _tell_notices(self) -> None:
        while not self._notices.empty():
            self.listener.notice(self._notices.get())

    def _cancelled(self) -> bool:
        """Asked between two steps: the last frame is told of as soon as it is done."""
        self._behind.look()
        self._tell_notices()
        return self.listener.cancelled()

    def _stylize(
        self,
        frame: SourceFrame,
        recall: Recall | None,
        start: np.ndarray | None,
        initial: np.ndarray | None,
        style_gain: float,
    ) -> Stylized | None:
        """The engine's result; None when it was cancelled on the way."""
        if self._cancelled():
            return None
        temporal = recall and Temporal(
            recall.target,
            recall.reliability,
            self.settings.temporal_weight,
            recall.sight.still,
            style_gain,
        )
        detail = None
        if recall is not None and recall.detailed is not None:
            detail = moved_detail(recall.detailed, recall.sight.full)
        try:
            stylized = self.engine.stylize(
                frame.image,
                masks=frame.masks,
                keep=frame.keep,
                initial=initial,
                start=start,
                temporal=temporal,
                detail=detail,
                steps=None if start is None else self.settings.warm_steps,
                progress=lambda progress: self.listener.progress(frame.number, progress),
                snapshot=lambda snapshot: self.listener.snapshot(frame.number, snapshot),
                cancelled=self._cancelled,
            )
        except ImageError as error:
            raise FrameError(frame.number, str(error)) from None
        self._behind.finish()
        cancelled = stylized.report.stopped is Stopped.CANCELLED or self.listener.cancelled()
        return None if cancelled else stylized
