"""Times a frame that follows another beside the same frame alone."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from blender_nst.cli.inputs.settings_options import Settings
from compositor.engine import StyleEngine
from compositor.progress import FrameCallbacks, Progress
from compositor.settings import WorkingDetail
from compositor.stylization.frame_inputs import FrameInputs
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame
from video.paintings.painting import Painting, paint
from video.results import RunCallbacks
from video.settings import MotionSource

# Pixels that the second frame of the little animation is shifted by.
_SHIFT = 3


@dataclass(frozen=True)
class FrameTime:
    """A frame without and one with a predecessor, in seconds.

    Attributes:
        cold_seconds, cold_style: the first of a shot, motion and files included, and its style loss.
        warm_seconds, warm_style: the one that follows.
        alone_seconds, alone_style: that one without its predecessor, motion and files.
        equal_style: the higher of its two style losses, which it has both ways at some step.
        warm_until_equal, alone_until_equal: how long that takes.
        expected_bytes: of memory, as estimated before the start.
    """

    width: int
    height: int
    cold_seconds: float
    warm_seconds: float
    alone_seconds: float
    cold_style: float
    warm_style: float
    alone_style: float
    equal_style: float
    warm_until_equal: float
    alone_until_equal: float
    expected_bytes: int


@dataclass
class LossCurve:
    """How a frame's style loss goes down at full size.

    Attributes:
        begun: when the work on the frame began.
        steps: when a step was done, and the style loss.
    """

    begun: float = field(default_factory=time.perf_counter)
    steps: list[tuple[float, float]] = field(default_factory=list)

    def note(self, progress: Progress, height: int, width: int) -> None:
        """Takes a step down if it was at full size."""
        if (progress.height, progress.width) == (height, width):
            self.steps.append((time.perf_counter(), progress.losses["style"]))

    @property
    def style(self) -> float:
        """The style loss at the end."""
        return self.steps[-1][1]

    def seconds_until(self, style: float) -> float:
        """How long it took to come to a style loss that is not lower than that at the end."""
        return next(when for when, loss in self.steps if loss <= style) - self.begun


def frame_time(width: int, height: int, settings: Settings) -> FrameTime:
    """Stylizes two frames of a moving camera, and the second one once more alone."""
    style_settings, sequence_settings = settings
    style_settings = replace(style_settings, working_detail=WorkingDetail.FULL, working_size=0)
    engine = StyleEngine(style_settings, paint(Painting.SWIRLS, width, height))
    plan = engine.memory_plan(height, width)
    picture = paint(Painting.KNIFE, width + _SHIFT, height)
    first, second = (np.ascontiguousarray(picture[:, left : left + width]) for left in (0, _SHIFT))
    sequence = replace(
        sequence_settings, motion=MotionSource.DIS, movie=False, contact_sheet=False, pass_count=1
    )
    warm_course = LossCurve()

    def watch(number: int, progress: Progress) -> None:
        if number == 1:
            # The last time that this is set is at the first frame's last step.
            warm_course.begun = time.perf_counter()
        else:
            warm_course.note(progress, height, width)

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        driver = SequenceDriver(engine, sequence, Path(folder), RunCallbacks(progress=watch))
        cold, warm = driver.run([SourceFrame(1, first), SourceFrame(2, second)]).frames
    alone_course = LossCurve()
    alone = engine.stylize(
        FrameInputs(second),
        callbacks=FrameCallbacks(progress=lambda progress: alone_course.note(progress, height, width)),
    )
    equal = max(warm_course.style, alone_course.style)
    return FrameTime(
        width=width,
        height=height,
        cold_seconds=cold.seconds,
        warm_seconds=warm.seconds,
        alone_seconds=alone.report.seconds,
        cold_style=cold.report.losses["style"],
        warm_style=warm_course.style,
        alone_style=alone_course.style,
        equal_style=equal,
        warm_until_equal=warm_course.seconds_until(equal),
        alone_until_equal=alone_course.seconds_until(equal),
        expected_bytes=plan.expected_bytes,
    )
