"""Sequence metrics: flicker, losses, local style, noise and light of each frame of a styled sequence."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from compositor.engine import StyleEngine
from video.coherence.frame_history import motion_to_older
from video.errors import FrameError, SequenceError
from video.frames.render_passes import read_passes
from video.frames.sequence import SourceFrame
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.motion_source import MotionFinder
from video.motion.reliability import reliability, visibility
from video.motion.shot_detection import begins_shot
from video.motion.warp import warp_nearest
from video.motion.warp_error import warp_error
from video.reports.depth_edges import DepthEdges
from video.reports.frame_measure import LONG_TERM, FrameMeasure
from video.reports.high_frequency import HighFrequencyRatio
from video.reports.imprint import SilhouetteTrail
from video.reports.light import mean_luma
from video.reports.pixel_noise import edge_noise, median_distance, outlier_share

# Visibility from which the frame before shows the same surface.
_VISIBLE = 0.5


@dataclass(frozen=True)
class _Pair:
    """A rendered and a styled frame; `depth` is (H, W), or None where it is not known."""

    rendered: RenderedFrame
    styled: np.ndarray
    depth: np.ndarray | None


def measure(
    styled: Iterable[SourceFrame],
    contents: Iterable[SourceFrame],
    finder: MotionFinder,
    engine: StyleEngine | None,
    done: Callable[[FrameMeasure], None] = lambda measured: None,
) -> list[FrameMeasure]:
    """Measures every styled frame against its content frame.

    Args:
        styled, contents: the same frame numbers in the same order; the contents may have passes.
        finder: of the motion between the contents.
        engine: for the losses, and with its styles for what is compared with the paintings.
        done: called after each frame.

    Raises:
        SequenceError: the two have different frames.
        FrameError: a styled frame has another size than its content.
        FileError: a frame or its passes cannot be read.
    """
    meter = _Meter(finder, engine)
    measured: list[FrameMeasure] = []
    for result, source in zip(styled, contents, strict=True):
        if result.number != source.number:
            raise SequenceError(f"the styled frame {result.number} has no content frame beside it")
        if result.image.shape[:2] != source.image.shape[:2]:
            raise FrameError(result.number, "the styled frame has another size than its content")
        measured.append(meter.of(_pair(result, source, finder)))
        done(measured[-1])
    return measured


def _pair(result: SourceFrame, source: SourceFrame, finder: MotionFinder) -> _Pair:
    passes = None if source.passes is None else read_passes(source.passes)
    depth = None if passes is None else passes.depth
    if depth is not None and depth.shape != source.image.shape[:2]:
        depth = None
    for_motion = passes if finder.method.reads_passes else None
    return _Pair(RenderedFrame(source.number, source.image, for_motion), result.image, depth)


class _Meter:
    """Measures the frames of a sequence one after the other."""

    def __init__(self, finder: MotionFinder, engine: StyleEngine | None) -> None:
        self._finder = finder
        self._engine = engine
        self._high_frequency = (
            None if engine is None else HighFrequencyRatio([style.color for style in engine.styles])
        )
        self._recent: deque[_Pair] = deque(maxlen=LONG_TERM)
        self._trail = SilhouetteTrail()
        # (H, W) float32, 0 or 1: surfaces that the first frame of the shot did not show.
        self._revealed: np.ndarray | None = None

    def of(self, now: _Pair) -> FrameMeasure:
        """The measures of the next frame."""
        short, long, motion = self._flicker(now)
        edges = None if now.depth is None else DepthEdges.of(now.depth)
        imprint = self._imprint(now, motion, edges)
        distance = median_distance(now.styled)
        windows = None if self._engine is None else self._engine.window_distances(now.styled)
        revealed = self._revealed
        measured = FrameMeasure(
            now.rendered.number,
            short,
            long,
            None if self._engine is None else self._engine.style_error(now.styled),
            None
            if self._engine is None
            else self._engine.content_error(now.styled[..., :3], now.rendered.image[..., :3]),
            None if windows is None else windows.summary(),
            None if windows is None or revealed is None else windows.summary(revealed),
            None if windows is None or revealed is None else windows.summary(1.0 - revealed),
            outlier_share(distance),
            None if edges is None else edge_noise(distance, edges),
            imprint,
            None if self._high_frequency is None else self._high_frequency.of(now.styled),
            mean_luma(now.styled),
            mean_luma(now.rendered.image),
        )
        self._recent.append(now)
        return measured

    def _flicker(self, now: _Pair) -> tuple[float | None, float | None, Motion | None]:
        """Warp error and long-term warp error, and the motion to the frame before; a cut begins anew."""
        if not self._recent:
            return None, None, None
        before = self._recent[-1]
        motion = self._finder.between(before.rendered, now.rendered)
        trusted = reliability(motion, before.rendered, now.rendered)
        if begins_shot(before.rendered, now.rendered, trusted):
            self._recent.clear()
            self._trail.clear()
            self._revealed = None
            return None, None, None
        short, long = warp_error(now.styled, before.styled, motion.backward, trusted), None
        if len(self._recent) == LONG_TERM:
            older = self._recent[0]
            backward, trusted = motion_to_older(
                self._finder, motion, before.rendered, older.rendered, now.rendered
            )
            long = warp_error(now.styled, older.styled, backward, trusted)
        self._reveal(motion, before.rendered, now.rendered)
        return short, long, motion

    def _reveal(self, motion: Motion, before: RenderedFrame, now: RenderedFrame) -> None:
        seen = visibility(motion, before, now) > _VISIBLE
        earlier = np.zeros(seen.shape, np.float32) if self._revealed is None else self._revealed
        self._revealed = np.where(seen, warp_nearest(earlier, motion.backward), np.float32(1.0))

    def _imprint(self, now: _Pair, motion: Motion | None, edges: DepthEdges | None) -> float | None:
        """The imprint; the renderer's own motion is needed to follow a silhouette."""
        if now.depth is None or edges is None:
            self._trail.clear()
            return None
        found = None
        if motion is None or not motion.exact:
            self._trail.clear()
        else:
            self._trail.move(motion, now.depth)
            found = self._trail.imprint(now.styled, now.rendered.image, edges, now.depth)
        self._trail.add(edges, now.depth)
        return found
