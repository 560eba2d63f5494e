"""The correspondence of a frame to the ones before: what each of several earlier frames counts for."""

from __future__ import annotations

import numpy as np
import pytest

from tests.video.moving_pictures import rendered, waves
from video.coherence.frame_history import FrameHistory
from video.frames.render_passes import Passes
from video.motion.motion_field import RenderedFrame
from video.motion.motion_source import MotionFinder
from video.settings import MotionSource

HEIGHT, WIDTH = 48, 96
# The edge between the two areas is soft.
SAME, LIT = (slice(None), slice(0, 40)), (slice(None), slice(56, None))


def lit(number: int, brighter: float = 0.0) -> RenderedFrame:
    """A frame that does not move; its right half is brighter by so much of 0..1."""
    image = 0.3 + 0.3 * waves(HEIGHT, WIDTH)
    image[:, WIDTH // 2 :] += np.float32(brighter)
    return rendered(image, number, Passes(vector=np.zeros((HEIGHT, WIDTH, 4), np.float32)))


def test_an_earlier_frame_counts_for_what_the_newer_ones_leave_open() -> None:
    # Reliability falls from 1 to 0 over a change of the render between 0.06 and 0.18.
    history = FrameHistory(MotionFinder(MotionSource.VECTORS), 4)
    for frame in (lit(1), lit(2), lit(3, brighter=0.09), lit(4, brighter=0.12)):
        history.add(frame)
    correspondence = history.correspondence(lit(5))
    assert correspondence is not None
    assert correspondence.previous_reliability[LIT] == pytest.approx(0.5, abs=0.02)
    assert [each.age for each in correspondence.older] == [2, 4]
    for each, share in zip(correspondence.older, (0.75 - 0.5, 1.0 - 0.75), strict=True):
        assert each.share[LIT] == pytest.approx(share, abs=0.02)
        assert each.share[SAME] == pytest.approx(0.0, abs=1e-4)
    assert correspondence.weight.max() <= 1.0 + 1e-6
    assert correspondence.weight[LIT] == pytest.approx(1.0, abs=1e-4)


def test_no_earlier_frame_counts_where_a_newer_one_is_more_reliable() -> None:
    history = FrameHistory(MotionFinder(MotionSource.VECTORS), 2)
    history.add(lit(1, brighter=0.15))
    history.add(lit(2, brighter=0.09))
    correspondence = history.correspondence(lit(3))
    assert correspondence is not None
    assert correspondence.previous_reliability[LIT] == pytest.approx(0.75, abs=0.02)
    assert [each.share[LIT].max() for each in correspondence.older] == [0.0]
