"""Thickets: where silhouettes are crowded and move unevenly, strokes are moved as a sheet."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.video.blades import HEIGHT, SWAY, WIDTH, blades_frame
from tests.video.disks import Disk, flat, gradient
from tests.video.moving_pictures import waves
from video.coherence.frame_history import FrameCorrespondence, FrameHistory
from video.coherence.thicket import Thicket, find_thicket
from video.coherence.warm_start import StyledHistory
from video.coherence.working_resolution import FullSize, moved_detail
from video.frames.render_passes import Passes
from video.motion.motion_field import RenderedFrame
from video.motion.motion_source import MotionFinder
from video.motion.motion_vectors import vector_motion
from video.motion.warp import warp
from video.settings import MotionSource

INNER = (slice(8, -8), slice(40, -40))


def found_in(first: RenderedFrame, second: RenderedFrame) -> Thicket | None:
    return find_thicket(vector_motion(first, second), second.coverage)


def correspondence(first: RenderedFrame, second: RenderedFrame) -> FrameCorrespondence:
    history = FrameHistory(MotionFinder(MotionSource.VECTORS), 4)
    history.add(first)
    found = history.correspondence(second)
    assert found is not None
    return found


def test_blades_in_the_wind_are_one_and_have_their_mean_motion() -> None:
    found = found_in(blades_frame(1), blades_frame(2))
    assert found is not None
    assert found.share.dtype == found.backward.dtype == np.float32
    assert found.share[INNER].min() == 1.0
    # A quarter of the columns are blades that move; of pure pixels it is somewhat less.
    assert found.backward[INNER][..., 0] == pytest.approx(-SWAY / 4, abs=0.2)
    assert np.abs(found.backward[..., 1]).max() == 0.0


def test_only_where_the_blades_are() -> None:
    found = found_in(*(blades_frame(number, first=0, end=WIDTH // 2) for number in (1, 2)))
    assert found is not None
    assert found.share[:, 40:200].min() == 1.0
    assert found.share[:, WIDTH // 2 + 40 :].max() == 0.0


@pytest.mark.parametrize(
    "frames",
    [
        [blades_frame(number, sway=0.0) for number in (1, 2)],
        [Disk(right=3.5).frame(number, flat(0.8, 0.2, 0.1), gradient()) for number in (1, 2)],
        [blades_frame(number, first=200, end=208) for number in (1, 2)],
    ],
    ids=["blades at rest", "a disk", "one blade"],
)
def test_there_is_none(frames: list[RenderedFrame]) -> None:
    assert found_in(*frames) is None


def test_its_strokes_are_moved_unbroken_and_held_a_little() -> None:
    history, styled = StyledHistory(4), waves(HEIGHT, WIDTH, 30.0)
    history.add(styled)
    second = blades_frame(2)
    start = history.warm_start(second.image, correspondence(blades_frame(1), second))
    assert start is not None
    even = np.full((HEIGHT, WIDTH, 2), (-SWAY / 4, 0.0), np.float32)
    rested = start.correspondence.static_mask
    moved = ~rested[INNER]
    assert moved.mean() > 0.2
    np.testing.assert_allclose(start.start[INNER][moved], warp(styled, even)[INNER][moved], atol=0.06)
    np.testing.assert_allclose(start.reliability[INNER][moved], 0.3, atol=1e-5)
    assert (start.start[rested] == styled[rested]).all()


def test_so_are_those_of_the_finish_at_full_size() -> None:
    size = 2 * HEIGHT, 2 * WIDTH
    nothing = FullSize(np.zeros((*size, 2), np.float32), np.ones(size, np.float32), np.zeros(size, bool))
    nothing.static_mask[:, ::7] = True
    found = correspondence(blades_frame(1), blades_frame(2))
    detailed = waves(*size, 30.0)
    detail = moved_detail(detailed, nothing.with_thicket(found.thicket))
    even = np.full((*size, 2), (-2.0 * SWAY / 4, 0.0), np.float32)
    inner, moved = (slice(16, -16), slice(80, -80)), ~nothing.static_mask
    wanted = np.where(moved[..., None], warp(detailed, even), detailed)
    np.testing.assert_allclose(detail.target[inner], wanted[inner], atol=0.06)
    np.testing.assert_allclose(detail.reliability[inner], np.where(moved, 0.3, 1.0)[inner], atol=1e-6)
    assert nothing.with_thicket(None) is nothing
    assert found.full_size.thicket is not None


def test_another_size_scales_the_motion() -> None:
    thicket = Thicket(np.ones((4, 6), np.float32), np.full((4, 6, 2), (1.0, -2.0), np.float32))
    size = 12, 12
    nothing = FullSize(np.zeros((*size, 2), np.float32), np.ones(size, np.float32), np.zeros(size, bool))
    larger = nothing.with_thicket(thicket).thicket
    assert larger is not None
    assert larger.share.shape == (12, 12)
    np.testing.assert_allclose(larger.backward, np.full((12, 12, 2), (2.0, -6.0)), rtol=1e-6)


def test_crowded_silhouettes_are_not_composited() -> None:
    """A first frame's strokes go over the blades; a single disk's silhouette is composited at every size."""
    coverage = blades_frame(1).coverage
    assert coverage is not None
    assert coverage.crowded[INNER].min() == 1.0
    single = Disk().frame(1, flat(0.8, 0.2, 0.1), gradient())
    for scale in (1, 8):
        image = cv2.resize(single.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        assert single.passes is not None
        assert single.passes.depth is not None
        depth = cv2.resize(single.passes.depth, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
        larger = RenderedFrame(1, image, Passes(depth=depth)).coverage
        assert larger is not None
        assert larger.crowded.max() == 0.0
