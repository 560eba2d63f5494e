"""Style gain: its correction from frame to frame, and its limits."""

from __future__ import annotations

import pytest

from compositor.progress import FrameReport, Stopped
from video.coherence.style_gain import StyleGainController


def done(style: float) -> FrameReport:
    return FrameReport(1, 1.0, {"style": style}, Stopped.STEP_LIMIT, [(90, 160)], "cpu")


def test_it_brings_a_wearing_style_back_to_the_first_frames() -> None:
    """Frames whose loss is that of the first over the root of the factor, times what the hold wears off."""
    level = StyleGainController(4.0)
    level.update(done(0.04), begins_shot=True)
    assert level.gain == level.initial == pytest.approx(2.0)
    for _ in range(40):
        level.update(done(0.04 * 1.7 / level.gain**0.5), begins_shot=False)
    assert level.gain == pytest.approx(1.7**2)


def test_it_stays_between_one_and_the_most() -> None:
    level = StyleGainController(2.0)
    level.update(done(0.04), begins_shot=True)
    level.update(done(4.0), begins_shot=False)
    assert level.gain == 2.0
    level.update(done(0.0001), begins_shot=False)
    assert level.gain == 1.0


def test_a_new_shot_begins_anew() -> None:
    level = StyleGainController(4.0)
    level.update(done(0.04), begins_shot=True)
    level.update(done(0.08), begins_shot=False)
    level.update(done(0.01), begins_shot=True)
    assert level.gain == level.initial
    level.update(done(0.012), begins_shot=False)
    assert level.gain == pytest.approx(level.initial * 1.2**3)


@pytest.mark.parametrize("most", [0.0, 0.25, 1.0])
def test_a_factor_of_one_or_less_never_rises(most: float) -> None:
    level = StyleGainController(most)
    level.update(done(0.04), begins_shot=True)
    level.update(done(0.4), begins_shot=False)
    assert level.gain == most


def test_a_frame_without_style_changes_nothing() -> None:
    level = StyleGainController(4.0)
    level.update(done(0.0), begins_shot=True)
    level.update(done(0.08), begins_shot=False)
    assert level.gain == level.initial
