"""Finishes an optimized frame: noise removal, rounding, warp error, debug images and the styled file."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compositor.image_ops.light import with_changed_light
from compositor.stylization.temporal import StylizedFrame
from video.coherence.silhouettes import composite_silhouettes
from video.coherence.warm_start import WarmStart
from video.driver.frame_writer import FrameWriter
from video.driver.prepare import PreparedFrame
from video.frames.framing import cropped, without_margin
from video.frames.sequence import SourceFrame
from video.images.denoise import denoise
from video.motion.coverage import Coverage
from video.motion.shot_light import ShotLight
from video.motion.warp_error import warp_error
from video.reports.debug_images import write_debug
from video.results import FrameResult
from video.settings import SequenceSettings


@dataclass(frozen=True)
class UnfinishedFrame:
    """A frame that is optimized and not yet written.

    Attributes:
        light: of the frame.
        warm_start: None after a cold start.
        stylized: the engine's result.
        optimized: (h, w, 3) float32 in 0..1, the image that the next frame warps: the engine's result at the
            working size, rounded to the file's levels, without the frame's light.
        detailed: (H, W, 3) float32 in 0..1, the same finished at full size; None if it was not.
        seconds: that the frame has taken so far.
        coverage: of the frame's silhouettes, at the size that it is delivered at; None if not known.
    """

    frame: SourceFrame
    light: ShotLight
    warm_start: WarmStart | None
    stylized: StylizedFrame
    optimized: np.ndarray
    detailed: np.ndarray | None
    seconds: float
    coverage: Coverage | None = None


@dataclass(frozen=True)
class FinishedFrame:
    """A frame whose styled file is written.

    Attributes:
        light, optimized, detailed: see `UnfinishedFrame`.
        styled: (H, W, 3 or 4) float32 in 0..1, what the styled file was made from.
        cold_start: whether it had no warm start from an earlier frame.
    """

    frame: SourceFrame
    light: ShotLight
    result: FrameResult
    optimized: np.ndarray
    detailed: np.ndarray | None
    styled: np.ndarray
    cold_start: bool


class FrameFinisher:
    """Finishes the frames of one run in order, each against the styled frame before it.

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
        self._previous: np.ndarray | None = None
        self._previous_light = ShotLight()
        self._previous_settings: Mapping[str, float] = {}

    def resume_after(
        self, styled: np.ndarray, light: ShotLight, own_settings: Mapping[str, float] | None = None
    ) -> None:
        """Sets the styled frame before the next one, which an earlier run has finished, with what is its."""
        self._previous, self._previous_light = styled, light
        self._previous_settings = own_settings or {}

    def unfinished(
        self, prepared: PreparedFrame, warm_start: WarmStart | None, stylized: StylizedFrame, begun: float
    ) -> UnfinishedFrame:
        """Rounds the engine's result of a frame to the file's levels, so that the next frame can warp it.

        Args:
            begun: when the frame was begun, by `time.perf_counter`.
        """
        optimized = self._writer.rounded(stylized.optimized)
        detailed = None if stylized.detailed is None else self._writer.rounded(stylized.detailed)
        seconds = time.perf_counter() - begun
        return UnfinishedFrame(
            prepared.frame,
            prepared.light,
            warm_start,
            stylized,
            optimized,
            detailed,
            seconds,
            prepared.coverage,
        )

    def finish(self, unfinished: UnfinishedFrame) -> FinishedFrame:
        """Removes the noise, composites the silhouettes, keeps static pixels, measures and writes the frame.

        Raises:
            FileError, FrameError: as `FrameWriter.write`.
        """
        frame, warm_start, stylized = unfinished.frame, unfinished.warm_start, unfinished.stylized
        settings, previous = self._settings, self._previous
        clean = denoise(stylized.image, frame.image, settings.denoise, settings.denoise_strength)
        clean = composite_silhouettes(clean, frame.image, unfinished.coverage)
        styled = self._writer.rounded(clean)
        error, cold_start = None, warm_start is None or warm_start.begins_shot
        if warm_start is not None and not cold_start and previous is not None:
            full = warm_start.correspondence.full_size
            # What the style has left alone stays the render's, to its last bit. In a file's levels a styled
            # pixel may be equal to the render's by chance.
            before, light = self._previous_light.styled, unfinished.light.styled
            if before == light and self._previous_settings == frame.own_settings:
                static = full.static_mask & (clean != frame.image).any(axis=2)
                styled[static] = previous[static]
            relit = with_changed_light(previous[..., :3], before, light)
            error = warp_error(styled, relit, full.backward, full.reliability)
            if settings.debug:
                margin = frame.margin / frame.image.shape[1]
                write_debug(self._output, frame.number, warm_start, margin)
        path = self._styled_path(frame.number)
        self._writer.write(path, without_margin(frame), cropped(styled, frame.margin))
        self.resume_after(styled, unfinished.light, frame.own_settings)
        result = FrameResult(frame.number, path, stylized.report, unfinished.seconds, error)
        return FinishedFrame(
            frame,
            unfinished.light,
            result,
            unfinished.optimized,
            unfinished.detailed,
            styled,
            cold_start=cold_start,
        )
