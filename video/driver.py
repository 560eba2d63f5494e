"""Stylises a sequence frame after frame, each warm-started from the ones before.

One frame's way: read, motion to the frame before, reliability, warp, start image, engine, file. The result
that the next frame starts from is rounded to the file's levels, so that a run which reads it back from disk
goes on with the same numbers (see `FrameFormat.bits`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compositor.engine import StyleEngine, Stylized, Temporal
from compositor.errors import ImageError
from compositor.report import Stopped
from compositor.working_size import painted_text
from video.contact_sheet import ContactSheet
from video.debug import write_debug
from video.denoise import denoise
from video.errors import FileError, FrameError
from video.fingerprint import frame_fingerprint, run_identity
from video.folder_lock import folder_locked
from video.images import read_image
from video.journal import Entry, Journal
from video.leftovers import remove_leftovers
from video.memory import Finished, Memory, Recall
from video.metadata import frame_metadata
from video.metrics import warp_error
from video.motion import Rendered
from video.motion_sources import MotionFinder
from video.movie import DEFAULT_FRAME_RATE, write_movie
from video.output import FrameWriter, movie_name, styled_pattern
from video.passes import Passes, read_passes
from video.record import Record
from video.reduction import brought_down, kept_detail, moved_detail
from video.results import FrameResult, Listener, SequenceResult
from video.sequence import SourceFrame, frame_path
from video.settings import FrameFormat, MotionSource, SequenceSettings
from video.shelf import Shelf

STYLED_PATTERN = styled_pattern(FrameFormat.PNG)
CONTACT_SHEET_NAME = "contact_sheet.png"
SNAPSHOTS = "snapshots"
"""Folder beside them where whoever listens to the snapshots keeps them."""
# In a further pass, how much of the start image is the neighbour's result where that is reliable; the rest is
# the frame's own (Ruder, Dosovitskiy, Brox 2016, section 4.4, one minus their δ).
_NEIGHBOURS_SHARE = 0.5


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
        self._finder = MotionFinder(self.settings.motion, self.listener.notice)
        self._writer = FrameWriter(
            self.settings.output_format,
            self.settings.dynamic_range,
            frame_metadata(self.engine.settings, self.settings, self.engine.style_digest),
            self.listener.notice,
        )
        self._results: dict[int, FrameResult] = {}
        self._sheet = ContactSheet()

    def run(self, frames: Iterable[SourceFrame]) -> SequenceResult:
        """Stylises the frames as they come, all but those that an earlier run has finished.

        Raises:
            JournalError: the folder holds frames of other settings, styles or pictures.
            FrameError: a frame of another size than the first, or one that cannot be stylised.
            FileError: a frame cannot be read or written, or another run is at work in the folder. Finished
                frames stay in every case.
        """
        begun = time.perf_counter()
        self._results.clear()
        self._sheet = ContactSheet()
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
        finished = all(self._first_pass(frames, record))
        if record.shelf is not None:
            for number in range(1, self.settings.pass_count):
                finished = (
                    finished
                    and not self.listener.cancelled()
                    and all(self._further_pass(number, record, record.shelf))
                )
        result = self._end(begun, cancelled=not finished or self.listener.cancelled())
        if not result.cancelled:
            record.close(complete=self.total is not None and len(result.frames) >= self.total)
        return result

    def _open_record(self) -> Record:
        settings = self.engine.settings, self.settings
        identity = run_identity(settings, self.engine.styles, initial=self.initial, source=self.source)
        journal = Journal.open(self.output, identity, restart=self.restart)
        return Record(
            journal, self.output, self.settings, self._styled_path, self.listener.notice, total=self.total
        )

    def _styled_path(self, number: int) -> Path:
        return frame_path(self.output / styled_pattern(self.settings.output_format), number)

    def _first_pass(self, frames: Iterable[SourceFrame], record: Record) -> Iterator[bool]:
        """Goes through the frames as they come; says after each whether to go on."""
        memory = Memory(self._finder, self.settings.memory)
        first = shot = size = None
        shelf, complete, count = record.shelf, record.is_complete, 0
        for index, frame in enumerate(frames):
            first, count = first or frame, index + 1
            if first.image.shape != frame.image.shape:
                raise FrameError(frame.number, _size_change(first.image, frame.image))
            begun = time.perf_counter()
            size = size or self._painted_size(frame)
            rendered = self._rendered(frame)
            picture = frame_fingerprint(frame, rendered)
            entry = record.journal.resumed(index, frame.number, picture, size)
            if entry is not None:
                shot = frame.image if entry.begins_shot else shot
                record.remind(memory, 0, index, rendered)
                if shelf is None:
                    self._tell_resumed(record, entry, frame)
                else:
                    shelf.add(frame, begins_shot=entry.begins_shot, again=True)
                yield not self.listener.cancelled()
                continue
            if shot is not None:
                self.engine.adopt_colours(shot)
                shot = None
            recall = memory.recall(rendered)
            start = None if recall is None else recall.start
            initial = self.initial if frame is first else None
            stylized = self._stylize(frame, recall, start, initial)
            if stylized is None:
                yield False
                return
            if shelf is not None:
                shelf.add(frame, begins_shot=recall is None)
            finished, result = self._finish(frame, rendered, recall, stylized, begun)
            memory.add(finished)
            entry = Entry.of(result, picture, begins_shot=recall is None, alone=recall is None)
            record.add(0, index + 1, entry, finished, index=index)
            self._keep_result(result, frame, finished, tell=shelf is None)
            yield not self.listener.cancelled()
        if not complete:
            record.journal.check_length(count)

    def _further_pass(self, number: int, record: Record, shelf: Shelf) -> Iterator[bool]:
        """Goes through the frames again, backwards by turns, from their own results and their neighbours'.

        Ruder, Dosovitskiy, Brox 2016, section 4.4: what only later frames show gets back to earlier ones.
        """
        memory = Memory(self._finder, self.settings.memory)
        entries, done = record.journal.entries, record.done(number)
        last, alone = number == self.settings.pass_count - 1, None
        for position, index in enumerate(record.order(number, len(shelf))):
            begun = time.perf_counter()
            frame = shelf.frame(index)
            rendered = self._rendered(frame)
            entry = entries[index]
            if position < done:
                alone = index if entry.alone else alone
                record.remind(memory, number, index, rendered)
                if last:
                    self._tell_resumed(record, entry, frame)
                yield not self.listener.cancelled()
                continue
            own = record.optimised(number - 1, index)
            recall = memory.recall(rendered)
            adopted = index if recall is None else alone
            if adopted is not None:
                self.engine.adopt_colours(shelf.shot_content(adopted))
                alone = None
            share = 0.0 if recall is None else _NEIGHBOURS_SHARE * recall.reliability[..., None]
            start = own if recall is None else own + share * (recall.target - own)
            if recall is not None:
                start[recall.still] = recall.start[recall.still]
            stylized = self._stylize(frame, recall, start, None)
            if stylized is None or self.listener.cancelled():
                yield False
                return
            finished, result = self._finish(frame, rendered, recall, stylized, begun)
            memory.add(finished)
            entry = Entry.of(result, entry.picture, begins_shot=entry.begins_shot, alone=recall is None)
            record.add(number, position + 1, entry, finished, index=index)
            self._keep_result(result, frame, finished, tell=last)
            yield True

    def _tell_resumed(self, record: Record, entry: Entry, frame: SourceFrame) -> None:
        result = record.resumed_result(entry)
        self._results[frame.number] = result
        self.listener.frame_done(result)
        self._sheet.add(frame.number, frame.image, read_image(result.path))

    def _keep_result(
        self, result: FrameResult, frame: SourceFrame, finished: Finished, *, tell: bool
    ) -> None:
        """`tell` the listener unless another pass follows."""
        self._results[frame.number] = result
        if tell:
            self.listener.frame_done(result)
            self._sheet.add(frame.number, frame.image, finished.styled)

    def _stylize(
        self, frame: SourceFrame, recall: Recall | None, start: np.ndarray | None, initial: np.ndarray | None
    ) -> Stylized | None:
        """The engine's result; None when it was cancelled on the way."""
        if self.listener.cancelled():
            return None
        temporal = recall and Temporal(
            recall.target, recall.reliability, self.settings.temporal_weight, recall.still
        )
        detail = None
        if recall is not None and recall.before.detail is not None:
            detail = moved_detail(recall.before.detail, recall.full)
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
                cancelled=self.listener.cancelled,
            )
        except ImageError as error:
            raise FrameError(frame.number, str(error)) from None
        return None if stylized.report.stopped is Stopped.CANCELLED else stylized

    def _finish(
        self,
        frame: SourceFrame,
        rendered: Rendered,
        recall: Recall | None,
        stylized: Stylized,
        begun: float,
    ) -> tuple[Finished, FrameResult]:
        """Writes the frame's picture."""
        clean = denoise(stylized.image, frame.image, self.settings.denoise, self.settings.denoise_strength)
        styled = self._writer.rounded(clean)
        error = None
        if recall is not None:
            # What the style has left alone stays the render's, to its last bit. In a file's levels a styled
            # pixel may be equal to the render's by chance.
            held = recall.full.still & (clean != frame.image).any(axis=2)
            styled[held] = recall.before.styled[held]
            error = warp_error(styled, recall.before.styled, recall.full.backward, recall.full.reliability)
            if self.settings.debug:
                write_debug(self.output, frame.number, recall)
        path = self._styled_path(frame.number)
        self._writer.write(path, frame, styled)
        result = FrameResult(frame.number, path, stylized.report, time.perf_counter() - begun, error)
        detail = None if stylized.added is None else kept_detail(stylized.added)
        return Finished(rendered, self._writer.rounded(stylized.optimised), styled, detail), result

    def _rendered(self, frame: SourceFrame) -> Rendered:
        passes: Passes | None = None
        if frame.passes is not None and self._finder.reads_passes:
            try:
                passes = read_passes(frame.passes)
            except FileError as error:
                if self.settings.motion is MotionSource.VECTORS:
                    raise FrameError(frame.number, str(error)) from None
                self.listener.notice(f"{error}; optical flow is used instead")
        rendered = Rendered(frame.number, frame.image, passes)
        return brought_down(rendered, self.engine.painted_size(*frame.image.shape[:2]))

    def _painted_size(self, frame: SourceFrame) -> tuple[int, int]:
        """The size that this run's frames are painted at; it is said if it is not their own."""
        full = frame.image.shape[:2]
        painted = self.engine.painted_size(*full)
        if (text := painted_text(full, painted)) is not None:
            self.listener.notice(text)
        return painted

    def _end(self, begun: float, *, cancelled: bool) -> SequenceResult:
        results = [self._results[number] for number in sorted(self._results)]
        movie = contact_sheet = None
        if not cancelled and results:
            if self.settings.movie:
                movie = self.output / movie_name(self.settings.movie_codec)
                write_movie(
                    movie,
                    (read_image(result.path) for result in results),
                    self.settings.frame_rate or DEFAULT_FRAME_RATE,
                    self.settings.movie_codec,
                    self.settings.output_format.bits,
                )
            if self.settings.contact_sheet and len(self._sheet):
                contact_sheet = self.output / CONTACT_SHEET_NAME
                self._sheet.write(contact_sheet)
        return SequenceResult(results, time.perf_counter() - begun, cancelled, movie, contact_sheet)


def _size_change(before: np.ndarray, now: np.ndarray) -> str:
    def describe(image: np.ndarray) -> str:
        return f"{image.shape[1]}×{image.shape[0]} px" + (" with alpha" if image.shape[2] == 4 else "")

    return f"is {describe(now)} but the frames before are {describe(before)}; all must have one size"
