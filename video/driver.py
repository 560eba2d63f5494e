"""Stylises a sequence frame after frame, each warm-started from the one before.

One frame's way: read, motion to the frame before, reliability, warp, start image, engine, PNG. The result
that the next frame starts from is rounded to the file's levels, so that a run which reads it back from disk
goes on with the same numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from compositor.engine import StyleEngine, Temporal
from compositor.errors import ImageError
from compositor.report import CancelCheck, Progress, Report, Snapshot, Stopped
from video.contact_sheet import ContactSheet
from video.denoise import denoise
from video.errors import FrameError
from video.images import quantize, read_image, write_png
from video.metrics import warp_error
from video.motion import DisFlow, Motion, MotionEstimator
from video.movie import write_movie
from video.reliability import reliability
from video.revealed import start_image
from video.sequence import SourceFrame, frame_path
from video.settings import MotionSource, SequenceSettings
from video.warp import warp

STYLED_PATTERN = "styled/styled_####.png"
MOVIE_NAME = "styled.mp4"
CONTACT_SHEET_NAME = "contact_sheet.png"
SNAPSHOTS = "snapshots"
"""Folder beside them where whoever listens to the snapshots keeps them."""

# With less of a frame explained by the one before, it is another shot and starts afresh.
_CUT_BELOW = 0.2


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
    cancelled: CancelCheck = lambda: False


@dataclass(frozen=True)
class _Finished:
    """The frame before: what the next one starts from.

    `optimised` is the engine's own result, `styled` what was made of it for the artist: with a strength of
    one half, say, a warm start from the latter would halve the style of every further frame again.
    """

    content: np.ndarray
    optimised: np.ndarray
    styled: np.ndarray


@dataclass(frozen=True)
class _Memory:
    """What the frame before says about this one: motion to it, where to believe it, and its moved result."""

    motion: Motion
    reliability: np.ndarray
    optimised: np.ndarray
    start: np.ndarray


@dataclass
class SequenceDriver:
    """Stylises one sequence into a folder.

    Args:
        engine: for one frame.
        settings: for the sequence.
        output: the folder; `styled/styled_####.png`, the movie and the contact sheet go there.
        initial: (H, W, 3) float32 in 0..1, the image that the first frame starts from.
    """

    engine: StyleEngine
    settings: SequenceSettings
    output: Path
    listener: Listener = field(default_factory=Listener)
    initial: np.ndarray | None = None
    _motion: MotionEstimator = field(default_factory=DisFlow)

    def run(self, frames: Iterable[SourceFrame]) -> SequenceResult:
        """Stylises the frames as they come.

        Raises:
            FrameError: a frame of another size than the first, or one that cannot be stylised.
            FileError: a frame cannot be read or written. Finished frames stay in every case.
        """
        begun = time.perf_counter()
        results: list[FrameResult] = []
        sheet = ContactSheet()
        before: _Finished | None = None
        for frame in frames:
            if self.listener.cancelled():
                return self._end(results, begun, cancelled=True)
            if before is not None and before.content.shape != frame.image.shape:
                raise FrameError(frame.number, _size_change(before.content, frame.image))
            done = self._stylize(frame, before)
            if done is None:
                return self._end(results, begun, cancelled=True)
            result, before = done
            results.append(result)
            self.listener.frame_done(result)
            sheet.add(frame.number, frame.image, before.styled)
        return self._end(results, begun, cancelled=self.listener.cancelled(), sheet=sheet)

    def _stylize(self, frame: SourceFrame, before: _Finished | None) -> tuple[FrameResult, _Finished] | None:
        """The styled frame on disk and in memory; None when it was cancelled on the way."""
        begun = time.perf_counter()
        memory = self._remember(frame, before)
        try:
            stylized = self.engine.stylize(
                frame.image,
                masks=frame.masks,
                keep=frame.keep,
                initial=self.initial if before is None else None,
                start=memory and memory.start,
                temporal=memory
                and Temporal(memory.optimised, memory.reliability, self.settings.temporal_weight),
                steps=memory and self.settings.warm_steps,
                progress=lambda progress: self.listener.progress(frame.number, progress),
                snapshot=lambda snapshot: self.listener.snapshot(frame.number, snapshot),
                cancelled=self.listener.cancelled,
            )
        except ImageError as error:
            raise FrameError(frame.number, str(error)) from None
        if stylized.report.stopped is Stopped.CANCELLED:
            return None
        clean = denoise(stylized.image, frame.image, self.settings.denoise, self.settings.denoise_strength)
        styled = quantize(clean)
        path = frame_path(self.output / STYLED_PATTERN, frame.number)
        write_png(path, styled)
        error = None
        if memory is not None and before is not None:
            error = warp_error(styled, before.styled, memory.motion, memory.reliability)
        seconds = time.perf_counter() - begun
        finished = _Finished(frame.image, quantize(stylized.optimised), styled)
        return FrameResult(frame.number, path, stylized.report, seconds, error), finished

    def _remember(self, frame: SourceFrame, before: _Finished | None) -> _Memory | None:
        if before is None or self.settings.motion is MotionSource.NONE:
            return None
        motion = self._motion.between(before.content, frame.image)
        trusted = reliability(motion, before.content, frame.image)
        if float(trusted.mean()) < _CUT_BELOW:
            return None
        content = np.ascontiguousarray(before.content[..., :3])
        moved = warp(before.optimised, motion.backward)
        start = start_image(frame.image[..., :3], warp(content, motion.backward), moved, trusted)
        return _Memory(motion, trusted, moved, start)

    def _end(
        self, results: list[FrameResult], begun: float, *, cancelled: bool, sheet: ContactSheet | None = None
    ) -> SequenceResult:
        movie = contact_sheet = None
        if not cancelled and results:
            if self.settings.movie:
                movie = self.output / MOVIE_NAME
                write_movie(movie, (read_image(result.path) for result in results), self.settings.frame_rate)
            if self.settings.contact_sheet and sheet is not None:
                contact_sheet = self.output / CONTACT_SHEET_NAME
                sheet.write(contact_sheet)
        return SequenceResult(results, time.perf_counter() - begun, cancelled, movie, contact_sheet)


def _size_change(before: np.ndarray, now: np.ndarray) -> str:
    def describe(image: np.ndarray) -> str:
        return f"{image.shape[1]}×{image.shape[0]} px" + (" with alpha" if image.shape[2] == 4 else "")

    return f"is {describe(now)} but the frames before are {describe(before)}; all must have one size"
