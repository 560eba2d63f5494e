"""Stylises a sequence frame after frame, each warm-started from the ones before.

One frame's way: read, motion to the frame before, reliability, warp, start image, engine, file. The result
that the next frame starts from is rounded to the file's levels, so that a run which reads it back from disk
goes on with the same numbers (see `FrameFormat.bits`).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from compositor.engine import StyleEngine, Stylized, Temporal
from compositor.errors import ImageError
from compositor.report import CancelCheck, Progress, Report, Snapshot, Stopped
from video.contact_sheet import ContactSheet
from video.debug import write_debug
from video.denoise import denoise
from video.errors import FileError, FrameError
from video.images import read_image
from video.memory import Finished, Memory, Recall
from video.metadata import frame_metadata
from video.metrics import warp_error
from video.motion import Rendered
from video.motion_sources import MotionFinder
from video.movie import DEFAULT_FRAME_RATE, write_movie
from video.output import FrameWriter, movie_name, styled_pattern
from video.passes import Passes, read_passes
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


@dataclass(frozen=True)
class FrameResult:
    """A styled frame on disk; `warp_error` is absent for a frame without a predecessor."""

    number: int
    path: Path
    report: Report
    seconds: float
    warp_error: float | None


@dataclass(frozen=True)
class SequenceResult:
    """What a run left behind. After a cancellation there are neither movie nor contact sheet."""

    frames: list[FrameResult]
    seconds: float
    cancelled: bool
    movie: Path | None = None
    contact_sheet: Path | None = None


@dataclass
class Listener:
    """What to call while a sequence is stylised, on the same thread."""

    progress: Callable[[int, Progress], None] = lambda number, progress: None
    frame_done: Callable[[FrameResult], None] = lambda result: None
    snapshot: Callable[[int, Snapshot], None] = lambda number, snapshot: None
    notice: Callable[[str], None] = lambda text: None
    cancelled: CancelCheck = lambda: False


@dataclass
class SequenceDriver:
    """Stylises one sequence into a folder.

    Args:
        engine: for one frame.
        settings: for the sequence.
        output: the folder; `styled/styled_####.png` (or `.exr`), the movie and the contact sheet go there.
        initial: (H, W, 3) float32 in 0..1, the image that the first frame starts from.
    """

    engine: StyleEngine
    settings: SequenceSettings
    output: Path
    listener: Listener = field(default_factory=Listener)
    initial: np.ndarray | None = None

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
        """Stylises the frames as they come.

        Raises:
            FrameError: a frame of another size than the first, or one that cannot be stylised.
            FileError: a frame cannot be read or written. Finished frames stay in every case.
        """
        begun = time.perf_counter()
        self._results.clear()
        self._sheet = ContactSheet()
        if self.settings.pass_count == 1:
            finished = all(self._first_pass(frames, None))
            return self._end(begun, cancelled=not finished or self.listener.cancelled())
        with _scratch(self.output) as folder:
            shelf = Shelf(folder)
            finished = all(self._first_pass(frames, shelf))
            for number in range(1, self.settings.pass_count):
                finished = (
                    finished and not self.listener.cancelled() and all(self._further_pass(number, shelf))
                )
        return self._end(begun, cancelled=not finished or self.listener.cancelled())

    def _first_pass(self, frames: Iterable[SourceFrame], shelf: Shelf | None) -> Iterator[bool]:
        """Goes through the frames as they come; says after each whether to go on."""
        memory = Memory(self._finder, self.settings.memory)
        first: SourceFrame | None = None
        for frame in frames:
            first = first or frame
            if first.image.shape != frame.image.shape:
                raise FrameError(frame.number, _size_change(first.image, frame.image))
            begun = time.perf_counter()
            rendered = self._rendered(frame)
            recall = memory.recall(rendered)
            start = None if recall is None else recall.start
            initial = self.initial if frame is first else None
            stylized = self._stylize(frame, recall, start, initial)
            if stylized is None:
                yield False
                return
            memory.add(self._finish(frame, rendered, recall, stylized, begun, tell=shelf is None))
            if shelf is not None:
                shelf.add(frame, self._writer.rounded(stylized.optimised), begins_shot=recall is None)
            if self.listener.cancelled():
                yield False
                return
            yield True

    def _further_pass(self, number: int, shelf: Shelf) -> Iterator[bool]:
        """Goes through the frames again, backwards by turns, from their own results and their neighbours'.

        Ruder, Dosovitskiy, Brox 2016, section 4.4: what only later frames show gets back to earlier ones.
        """
        memory = Memory(self._finder, self.settings.memory)
        indices = range(len(shelf)) if number % 2 == 0 else range(len(shelf) - 1, -1, -1)
        for index in indices:
            begun = time.perf_counter()
            frame, own = shelf.frame(index), shelf.optimised(index)
            rendered = self._rendered(frame)
            recall = memory.recall(rendered)
            if recall is None:
                self.engine.adopt_colours(shelf.shot_content(index))
            share = 0.0 if recall is None else _NEIGHBOURS_SHARE * recall.reliability[..., None]
            start = own if recall is None else own + share * (recall.target - own)
            if recall is not None:
                start[recall.still] = recall.start[recall.still]
            stylized = self._stylize(frame, recall, start, None)
            if stylized is None or self.listener.cancelled():
                yield False
                return
            last = number == self.settings.pass_count - 1
            memory.add(self._finish(frame, rendered, recall, stylized, begun, tell=last))
            shelf.replace(index, self._writer.rounded(stylized.optimised))
            yield True

    def _stylize(
        self, frame: SourceFrame, recall: Recall | None, start: np.ndarray | None, initial: np.ndarray | None
    ) -> Stylized | None:
        """The engine's result; None when it was cancelled on the way."""
        if self.listener.cancelled():
            return None
        temporal = recall and Temporal(
            recall.target, recall.reliability, self.settings.temporal_weight, recall.still
        )
        try:
            stylized = self.engine.stylize(
                frame.image,
                masks=frame.masks,
                keep=frame.keep,
                initial=initial,
                start=start,
                temporal=temporal,
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
        *,
        tell: bool,
    ) -> Finished:
        """Writes the frame; `tell` the listener unless another pass follows."""
        clean = denoise(stylized.image, frame.image, self.settings.denoise, self.settings.denoise_strength)
        styled = self._writer.rounded(clean)
        error = None
        if recall is not None:
            # What the style has left alone stays the render's, to its last bit.
            held = recall.still & (styled != self._writer.rounded(frame.image)).any(axis=2)
            styled[held] = recall.before.styled[held]
            error = warp_error(styled, recall.before.styled, recall.motion.backward, recall.recent)
            if self.settings.debug:
                write_debug(self.output, frame.number, recall)
        path = frame_path(self.output / styled_pattern(self.settings.output_format), frame.number)
        self._writer.write(path, frame, styled)
        result = FrameResult(frame.number, path, stylized.report, time.perf_counter() - begun, error)
        self._results[frame.number] = result
        if tell:
            self.listener.frame_done(result)
            self._sheet.add(frame.number, frame.image, styled)
        return Finished(rendered, self._writer.rounded(stylized.optimised), styled)

    def _rendered(self, frame: SourceFrame) -> Rendered:
        passes: Passes | None = None
        if frame.passes is not None and self._finder.reads_passes:
            try:
                passes = read_passes(frame.passes)
            except FileError as error:
                if self.settings.motion is MotionSource.VECTORS:
                    raise FrameError(frame.number, str(error)) from None
                self.listener.notice(f"{error}; optical flow is used instead")
        return Rendered(frame.number, frame.image, passes)

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


@contextmanager
def _scratch(output: Path) -> Iterator[Path]:
    """A folder for the time of the run, on the disk that has room for the results."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(prefix=".passes-", dir=output)
    except OSError as error:
        raise FileError(output, f"cannot be written to: {error.strerror}") from None
    with made as folder:
        yield Path(folder)


def _size_change(before: np.ndarray, now: np.ndarray) -> str:
    def describe(image: np.ndarray) -> str:
        return f"{image.shape[1]}×{image.shape[0]} px" + (" with alpha" if image.shape[2] == 4 else "")

    return f"is {describe(now)} but the frames before are {describe(before)}; all must have one size"
