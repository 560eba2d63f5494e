"""Plans: every frame is in one chunk, none goes over a cut, and the figures are those counted by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from compositor.settings import StyleSettings
from video.farm.lead_in import LeadIn
from video.farm.plan import FrameTime, plan_chunks
from video.frames.sequence import FrameRange
from video.settings import SequenceSettings


@given(
    first=some.integers(-50, 50),
    count=some.integers(1, 200),
    shots=some.lists(some.integers(-60, 260), max_size=6),
    size=some.integers(1, 40),
    lead_in=some.integers(0, 5),
    step=some.integers(1, 3),
)
def test_every_frame_is_in_one_chunk(
    *, first: int, count: int, shots: list[int], size: int, lead_in: int, step: int
) -> None:
    frames = FrameRange(first, first + (count - 1) * step, step)
    plan = plan_chunks(frames, shots, size, LeadIn(lead_in))
    own = [list(each.span.own.numbers()) for each in plan.chunks]
    assert [number for numbers in own for number in numbers] == list(frames.numbers())
    cuts = {shot for shot in shots if shot > first}
    for chunk, numbers in zip(plan.chunks, own, strict=True):
        assert len(numbers) <= size
        assert not any(before < cut <= after for before, after in pairwise(numbers) for cut in cuts)
        run = list(chunk.span.run.numbers())
        assert set(numbers) <= set(run) <= set(frames.numbers())
        assert len(run) - len(numbers) <= lead_in


def test_the_figures_of_a_small_film() -> None:
    plan = plan_chunks(FrameRange(1, 40), [1, 31], 10, LeadIn(4), time=FrameTime(warm=2.0, cold=10.0))
    assert [str(each.span.own) for each in plan.chunks] == ["1-10", "11-20", "21-30", "31-40"]
    assert [str(each.span.run) for each in plan.chunks] == ["1-10", "7-20", "17-30", "31-40"]
    assert plan.shots == [1, 31]
    assert plan.seams == [11, 21]
    assert plan.discarded_share == pytest.approx(8 / 48)
    assert [each.seconds for each in plan.chunks] == [28.0, 36.0, 36.0, 28.0]
    assert plan.seconds == 128.0
    assert plan.elapsed(1) == 128.0
    # Free at 28 and 36: the third chunk goes to the first machine, the fourth to the second.
    assert plan.elapsed(2) == 64.0
    assert plan.elapsed(4) == plan.elapsed(99) == 36.0


def test_whole_shots_have_no_seam_and_take_as_long_as_the_longest_one() -> None:
    plan = plan_chunks(FrameRange(1, 40), [1, 31], None, LeadIn(None), time=FrameTime(warm=2.0, cold=10.0))
    assert [str(each.span.own) for each in plan.chunks] == ["1-30", "31-40"]
    assert plan.seams == []
    assert plan.discarded_share == 0.0
    assert plan.elapsed(1) == 96.0
    assert plan.elapsed(2) == plan.elapsed(99) == 68.0


def test_the_time_of_a_cold_frame_by_its_steps() -> None:
    time = FrameTime.of_warm(3.0, StyleSettings(steps=200), SequenceSettings(warm_steps=20))
    assert (time.warm, time.cold) == (3.0, 15.0)


def test_without_a_speed_there_are_no_times() -> None:
    plan = plan_chunks(FrameRange(1, 40), [1], 10, LeadIn(None))
    assert plan.seconds is None
    assert plan.elapsed(3) is None
    # Each chunk makes all frames before it again.
    assert plan.discarded_share == pytest.approx((10 + 20 + 30) / 100)
