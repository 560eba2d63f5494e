"""Reliability on a square that moves over a textured ground, with its true motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.video.moving_pictures import constant_motion, rendered, waves
from video.frames.render_passes import Camera, Passes
from video.motion.motion_field import Motion
from video.motion.reliability import changed, consistency, motion_boundaries, reliability
from video.motion.warp import inside_frame

HEIGHT, WIDTH = 64, 96
# The square's place in the previous frame, and how far it moves to the right.
TOP, LEFT, SIDE, MOVE = 20, 30, 24, 8


@dataclass(frozen=True)
class Scene:
    """Two frames and the true motion between them."""

    previous: np.ndarray
    current: np.ndarray
    motion: Motion


def square(left: int) -> tuple[slice, slice]:
    return slice(TOP, TOP + SIDE), slice(left, left + SIDE)


@pytest.fixture
def scene() -> Scene:
    """A square over a ground that rests."""
    texture = 1.0 - waves(SIDE, SIDE, 50.0, 20.0)
    previous, current = waves(HEIGHT, WIDTH), waves(HEIGHT, WIDTH)
    previous[square(LEFT)] = texture
    current[square(LEFT + MOVE)] = texture
    backward, forward = np.zeros((2, HEIGHT, WIDTH, 2), np.float32)
    backward[square(LEFT + MOVE)] = [-MOVE, 0.0]
    forward[square(LEFT)] = [MOVE, 0.0]
    return Scene(previous, current, Motion(backward, forward))


def resting() -> Motion:
    return constant_motion(HEIGHT, WIDTH, 0.0)


def test_strip_that_the_square_reveals_is_unreliable(scene: Scene) -> None:
    trusted = reliability(scene.motion, rendered(scene.previous), rendered(scene.current))
    assert trusted[TOP : TOP + SIDE, LEFT : LEFT + MOVE].max() == 0.0


def test_square_and_far_ground_are_reliable(scene: Scene) -> None:
    trusted = reliability(scene.motion, rendered(scene.previous), rendered(scene.current))
    inner = trusted[TOP + 6 : TOP + SIDE - 6, LEFT + MOVE + 6 : LEFT + MOVE + SIDE - 6]
    assert inner.min() > 0.99
    assert trusted[:, : LEFT - 6].min() > 0.99
    assert trusted[:, LEFT + MOVE + SIDE + 6 :].min() > 0.99
    assert trusted.shape == (HEIGHT, WIDTH)
    assert trusted.dtype == np.float32


def test_consistency_alone_finds_exactly_the_strip(scene: Scene) -> None:
    expected = np.ones((HEIGHT, WIDTH), np.float32)
    expected[TOP : TOP + SIDE, LEFT : LEFT + MOVE] = 0.0
    np.testing.assert_array_equal(consistency(scene.motion), expected)


def test_consistency_is_half_at_the_threshold_of_the_paper() -> None:
    # |w + ŵ|² = 0.01 (|w|² + |ŵ|²) + 0.5 for w = -(10, 0) and ŵ = (10 + d, 0).
    roots = np.roots([0.99, -0.2, -(0.01 * 200.0 + 0.5)])
    motion = Motion(
        backward=np.full((32, 32, 2), [-10.0, 0.0], np.float32),
        forward=np.full((32, 32, 2), [10.0 + roots.max(), 0.0], np.float32),
    )
    np.testing.assert_allclose(consistency(motion), 0.5, atol=1e-4)
    np.testing.assert_array_equal(consistency(motion, 4.0), 0.0)


def test_motion_boundaries_are_the_silhouette(scene: Scene) -> None:
    found = motion_boundaries(scene.motion.backward)
    left, right = LEFT + MOVE, LEFT + MOVE + SIDE
    middle = TOP + SIDE // 2
    assert np.flatnonzero(found[middle]).tolist() == [left - 1, left, right - 1, right]
    assert np.flatnonzero(found[:, left + SIDE // 2]).tolist() == [TOP - 1, TOP, TOP + SIDE - 1, TOP + SIDE]


def test_a_turning_picture_has_no_motion_boundaries() -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    turning = 0.02 * np.dstack([y - HEIGHT / 2, WIDTH / 2 - x])
    assert not motion_boundaries(turning).any()


def test_moved_picture_has_not_changed() -> None:
    motion = constant_motion(HEIGHT, WIDTH, 3.0, 1.0)
    result = changed(motion.backward, waves(HEIGHT, WIDTH), waves(HEIGHT, WIDTH, 3.0, 1.0))
    assert result[4:, 6:].max() == 0.0


def test_changed_light_is_unreliable_where_it_changed() -> None:
    previous = 0.6 * waves(HEIGHT, WIDTH)
    current = previous.copy()
    current[:, 48:] += 0.3
    trusted = reliability(resting(), rendered(previous), rendered(current))
    assert trusted[:, 50:].max() == 0.0
    assert trusted[:, :40].min() > 0.99


def test_noise_of_a_render_is_no_change_of_light() -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.03, (HEIGHT, WIDTH, 3)).astype(np.float32)
    before, after = rendered(waves(HEIGHT, WIDTH)), rendered(waves(HEIGHT, WIDTH) + noise)
    assert reliability(resting(), before, after).min() > 0.95


def test_what_comes_from_outside_of_the_frame_is_unreliable() -> None:
    trusted = reliability(
        constant_motion(HEIGHT, WIDTH, 5.0, -3.0),
        rendered(waves(HEIGHT, WIDTH)),
        rendered(waves(HEIGHT, WIDTH, 5.0, -3.0)),
    )
    assert trusted[:, :5].max() == 0.0
    assert trusted[-3:].max() == 0.0
    assert trusted[:-12, 14:].min() > 0.99


def test_unreliable_areas_grow_outwards_and_never_shrink(scene: Scene) -> None:
    light = scene.current.copy()
    light[:12, :12] += 0.4
    trusted = reliability(scene.motion, rendered(scene.previous), rendered(light))
    doubtful = (consistency(scene.motion) == 0.0) | ~inside_frame(scene.motion.backward)
    doubtful[:11, :11] = True
    assert trusted[doubtful].max() == 0.0
    grown = np.pad(doubtful, 1)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            around = np.roll(grown, (down, right), (0, 1))[1:-1, 1:-1] & ~_border()
            assert trusted[around].max() == 0.0


def test_one_lost_pixel_takes_its_neighbors_and_fades_out() -> None:
    motion = resting()
    motion.backward[32, 48] = [500.0, 0.0]
    trusted = reliability(motion, rendered(waves(HEIGHT, WIDTH)), rendered(waves(HEIGHT, WIDTH)))
    assert trusted[31:34, 47:50].max() == 0.0
    outwards = trusted[32, 49:58]
    assert (np.diff(outwards) >= 0.0).all()
    assert 0.0 < outwards[1] < 1.0
    assert trusted[32, 58] > 0.99


def test_exact_motion_is_believed_to_three_tenths_of_a_pixel() -> None:
    for miss, trusted in ((0.2, 1.0), (0.3, 0.5), (0.5, 0.0)):
        backward = np.full((32, 32, 2), [-2.0, 0.0], np.float32)
        forward = np.full((32, 32, 2), [2.0 + miss, 0.0], np.float32)
        assert consistency(Motion(backward, forward, exact=True)).mean() == pytest.approx(trusted, abs=0.1)
        assert consistency(Motion(backward, forward)).min() == 1.0


def test_another_object_index_is_another_surface() -> None:
    index = np.zeros((HEIGHT, WIDTH), np.float32)
    moved = index.copy()
    moved[20:40, 30:60] = 3.0
    picture = waves(HEIGHT, WIDTH)
    trusted = reliability(
        resting(), rendered(picture, passes=Passes(index=index)), rendered(picture, 2, Passes(index=moved))
    )
    assert trusted[20:40, 30:60].max() == 0.0
    assert trusted[:, 70:].min() > 0.99


@pytest.mark.parametrize(("factor", "trusted"), [(1.0, 1.0), (1.02, 1.0), (1.2, 0.0), (0.8, 0.0)])
def test_another_depth_is_another_surface(factor: float, trusted: float) -> None:
    depth = np.full((HEIGHT, WIDTH), 5.0, np.float32)
    picture = waves(HEIGHT, WIDTH)
    before = rendered(picture, passes=Passes(depth=depth))
    now = rendered(picture, 2, Passes(depth=factor * depth))
    assert reliability(resting(), before, now).mean() == pytest.approx(trusted)


def test_a_surface_that_the_camera_comes_nearer_to_stays_the_same_one() -> None:
    projection = np.array([[2.0, 0, 0, 0], [0, 3.0, 0, 0], [0, 0, -1.0, -0.2], [0, 0, -1, 0]])
    nearer = np.eye(4)
    nearer[2, 3] = -2.0
    picture = waves(HEIGHT, WIDTH)
    frames = [
        rendered(picture, number, Passes(depth=np.full((HEIGHT, WIDTH), depth, np.float32), camera=camera))
        for number, depth, camera in (
            (1, 10.0, Camera("Camera", np.eye(4), projection)),
            (2, 8.0, Camera("Camera", nearer, projection)),
        )
    ]
    assert reliability(resting(), *frames).min() > 0.99


def _border() -> np.ndarray:
    border = np.ones((HEIGHT, WIDTH), bool)
    border[1:-1, 1:-1] = False
    return border
