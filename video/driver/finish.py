"""What becomes of a frame behind the optimization: noise removed, rounded, measured, and written."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compositor.stylization.temporal import StylizedFrame
from video.coherence.warm_start import WarmStart
from video.frames.frame_writer import FrameWriter
from video.frames.sequence import SourceFrame
from video.images.denoise import denoise
from video.motion.warp_error import warp_error
from video.reports.debug_images import write_debug
from video.results import FrameResult
from video.settings import SequenceSettings


@dataclass(frozen=True)
class UnfinishedFrame:
    """A frame that the engine is done with.

    Attributes:
        optimized: (h, w, 3) float32 in 0..1, the engine's own result in the file's levels, at the size that
            the frame was painted at.
        detailed: (H, W, 3) float32 in 0..1, the same finished at full size; None if it was not.
        seconds: that it has taken so far.
    """

    frame: SourceFrame
    warm_start: WarmStart | None
    stylized: StylizedFrame
    optimized: np.ndarray
    detailed: np.ndarray | None
    seconds: float


@dataclass(frozen=True)
class FinishedFrame:
    """A frame on disk.

    `optimized` and `detailed` are the engine's own result, `styled` what was made of it for the artist.
    """

    frame: SourceFrame
    result: FrameResult
    optimized: np.ndarray
    detailed: np.ndarray | None
    styled: np.ndarray


class FrameFinisher:
    """Finishes the frames of one run, in order; remembers what the last one looks like.

    Args:
        output: the run's folder.
        styled_path: the styled file of a frame number.
    """

    def __init__(
        self,
        settings: SequenceSettings,
        output: Path,
        writer: FrameWriter,
        styled_path: Callable[[int], Path],
    ) -> None:
        self._settings = settings
        self._output = output
        self._writer = writer
        self._styled_path = styled_path
        self._before: np.ndarray | None = None

    def remember(self, styled: np.ndarray) -> None:
        """The frame before the next one was finished by an earlier run."""
        self._before = styled

    def unfinished(
        self, frame: SourceFrame, warm_start: WarmStart | None, stylized: StylizedFrame, begun: float
    ) -> UnfinishedFrame:
        """A frame that the engine is done with now, begun when `time.perf_counter` said so."""
        optimized = self._writer.rounded(stylized.optimized)
        detailed = None if stylized.detailed is None else self._writer.rounded(stylized.detailed)
        return UnfinishedFrame(frame, warm_start, stylized, optimized, detailed, time.perf_counter() - begun)

    def finish(self, unfinished: UnfinishedFrame) -> FinishedFrame:
        """Writes the frame's picture.

        Raises:
            FileError, FrameError: as `FrameWriter.write`.
        """
        frame, warm_start, stylized = unfinished.frame, unfinished.warm_start, unfinished.stylized
        settings, before = self._settings, self._before
        clean = denoise(stylized.image, frame.image, settings.denoise, settings.denoise_strength)
        styled = self._writer.rounded(clean)
        error = None
        if warm_start is not None and before is not None:
            full = warm_start.correspondence.full_size
            # What the style has left alone stays the render's, to its last bit. In a file's levels a styled
            # pixel may be equal to the render's by chance.
            held = full.still & (clean != frame.image).any(axis=2)
            styled[held] = before[held]
            error = warp_error(styled, before, full.backward, full.reliability)
            if settings.debug:
                write_debug(self._output, frame.number, warm_start)
        path = self._styled_path(frame.number)
        self._writer.write(path, frame, styled)
        self._before = styled
        result = FrameResult(frame.number, path, stylized.report, unfinished.seconds, error)
        return FinishedFrame(frame, result, unfinished.optimized, unfinished.detailed, styled)
