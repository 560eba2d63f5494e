"""Measures of a sequence whose styled frames move perfectly, flicker, or cut."""

from __future__ import annotations

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from tests.video.moving_pictures import waves
from video.errors import FrameError, SequenceError
from video.frames.sequence import SourceFrame
from video.motion.motion_source import MotionFinder
from video.reports.sequence_metrics import LONG_TERM, means, measure
from video.settings import MotionSource

HEIGHT, WIDTH = 64, 96


def pan(count: int) -> list[SourceFrame]:
    return [
        SourceFrame(number, 0.2 + 0.6 * waves(HEIGHT, WIDTH, 2.0 * number)) for number in range(1, count + 1)
    ]


def finder() -> MotionFinder:
    return MotionFinder(MotionSource.DIS)


def test_a_picture_that_moves_along_has_no_flicker_and_one_that_blinks_its_square() -> None:
    contents = pan(LONG_TERM + 2)
    blinking = [SourceFrame(each.number, each.image + 0.1 * (each.number % 2)) for each in contents]
    steady, flickering = (measure(styled, contents, finder(), None) for styled in (contents, blinking))
    assert steady[0].warp_error is None
    for ours, theirs in zip(steady[1:], flickering[1:], strict=True):
        assert ours.warp_error == pytest.approx(0.0, abs=3e-4)
        assert theirs.warp_error == pytest.approx(0.01, abs=5e-4)
    long_term = [each.long_warp_error for each in flickering]
    assert long_term[:LONG_TERM] == [None] * LONG_TERM
    # Four frames apart the blinking is in step.
    assert long_term[LONG_TERM] == pytest.approx(0.0, abs=1e-3)


def test_nothing_is_measured_across_a_cut() -> None:
    contents = pan(2) + [SourceFrame(n, 0.3 * waves(HEIGHT, WIDTH, 500.0 + n)[::-1]) for n in (3, 4)]
    measured = measure(contents, contents, finder(), None)
    assert [each.warp_error is None for each in measured] == [True, False, True, False]


def test_losses_are_the_engines() -> None:
    contents, style = pan(2), waves(HEIGHT, WIDTH, 90.0)
    engine = StyleEngine(StyleSettings(device=DeviceChoice.CPU), style)
    measured = measure(contents, contents, finder(), engine)
    assert measured[0].content == pytest.approx(0.0, abs=1e-6)
    assert measured[1].style == pytest.approx(engine.style_error(contents[1].image))
    overall = means(measured)
    assert overall["style"] == pytest.approx(np.mean([each.style or 0.0 for each in measured]))
    assert overall["long_warp_error"] is None


def test_other_frames_or_sizes_are_refused() -> None:
    contents = pan(2)
    with pytest.raises(SequenceError, match="frame 5"):
        measure([SourceFrame(5, contents[0].image)], contents[:1], finder(), None)
    small = [SourceFrame(1, contents[0].image[:40])]
    with pytest.raises(FrameError, match="another size"):
        measure(small, contents[:1], finder(), None)
