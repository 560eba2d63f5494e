"""Sequence metrics: warp error (flicker), style loss and content loss of each frame of a styled sequence."""

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
from video.motion.motion_field import RenderedFrame
from video.motion.motion_source import MotionFinder
from video.motion.reliability import reliability
from video.motion.shot_detection import begins_shot
from video.motion.warp_error import warp_error

LONG_TERM = 4
"""Frames between the two that the long-term warp error compares."""


@dataclass(frozen=True)
class FrameMeasure:
    """The metrics of one frame; None where there is nothing to compare with, or no style was given.

    Attributes:
        warp_error: to the previous frame, see `video.motion.warp_error`; None for the first of a shot.
        long_warp_error: the same to the frame `LONG_TERM` before.
        style, content: losses as `compositor.losses.terms` defines them.
    """

    number: int
    warp_error: float | None = None
    long_warp_error: float | None = None
    style: float | None = None
    content: float | None = None


MEASURES = ("warp_error", "long_warp_error", "style", "content")


@dataclass(frozen=True)
class _Pair:
    rendered: RenderedFrame
    styled: np.ndarray


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
        engine: for the losses.
        done: called after each frame.

    Raises:
        SequenceError: the two have different frames.
        FrameError: a styled frame has another size than its content.
        FileError: a frame or its passes cannot be read.
    """
    measured: list[FrameMeasure] = []
    recent: deque[_Pair] = deque(maxlen=LONG_TERM)
    for result, source in zip(styled, contents, strict=True):
        if result.number != source.number:
            raise SequenceError(f"the styled frame {result.number} has no content frame beside it")
        if result.image.shape[:2] != source.image.shape[:2]:
            raise FrameError(result.number, "the styled frame has another size than its content")
        use_passes = source.passes is not None and finder.method.reads_passes
        passes = read_passes(source.passes) if use_passes and source.passes is not None else None
        now = _Pair(RenderedFrame(source.number, source.image, passes), result.image)
        measured.append(_measure(now, recent, finder, engine))
        recent.append(now)
        done(measured[-1])
    return measured


def means(measured: Iterable[FrameMeasure]) -> dict[str, float | None]:
    """The mean of each measure over the frames that have it."""
    frames = list(measured)
    found = {
        name: [getattr(each, name) for each in frames if getattr(each, name) is not None] for name in MEASURES
    }
    return {name: float(np.mean(values)) if values else None for name, values in found.items()}


def _measure(
    now: _Pair, recent: deque[_Pair], finder: MotionFinder, engine: StyleEngine | None
) -> FrameMeasure:
    short = long = None
    if recent:
        before = recent[-1]
        motion = finder.between(before.rendered, now.rendered)
        trusted = reliability(motion, before.rendered, now.rendered)
        if begins_shot(before.rendered, now.rendered, trusted):
            recent.clear()
        else:
            short = warp_error(now.styled, before.styled, motion.backward, trusted)
            if len(recent) == LONG_TERM:
                older = recent[0]
                backward, trusted = motion_to_older(
                    finder, motion, before.rendered, older.rendered, now.rendered
                )
                long = warp_error(now.styled, older.styled, backward, trusted)
    return FrameMeasure(
        now.rendered.number,
        short,
        long,
        None if engine is None else engine.style_error(now.styled),
        None if engine is None else engine.content_error(now.styled[..., :3], now.rendered.image[..., :3]),
    )
