"""Motion from passes: signs, neighbors, the cameras' motion of the background, and what was hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.video.moving_pictures import rendered
from video.frames.render_passes import Camera, Passes
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.motion_vectors import (
    between_views,
    longer_motion,
    vector_motion,
    why_no_geometry,
    why_no_vectors,
)
from video.motion.reprojection import reproject

HEIGHT, WIDTH = 36, 64
FOCAL = 2.0
PERSPECTIVE = np.array(
    [[FOCAL, 0, 0, 0], [0, FOCAL * WIDTH / HEIGHT, 0, 0], [0, 0, -1.0, -0.2], [0, 0, -1, 0]]
)
ORTHOGRAPHIC = np.array([[0.2, 0, 0, 0], [0, 0.2 * WIDTH / HEIGHT, 0, 0], [0, 0, -0.02, -1.0], [0, 0, 0, 1]])


def camera(
    x: float = 0.0, y: float = 0.0, z: float = 0.0, turn: float = 0.0, projection: np.ndarray = PERSPECTIVE
) -> Camera:
    """A camera at a place that looks along −z, turned about its upright axis to the left, in radians."""
    world = np.eye(4)
    world[0, 0] = world[2, 2] = np.cos(turn)
    world[0, 2], world[2, 0] = np.sin(turn), -np.sin(turn)
    world[:3, 3] = x, y, z
    return Camera("Camera", world, projection)


def far_away(depth: float) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), depth, np.float32)


def frame(number: int, vector: tuple[float, float, float, float], **passes: object) -> RenderedFrame:
    field = np.broadcast_to(np.array(vector, np.float32), (HEIGHT, WIDTH, 4)).copy()
    return rendered(np.zeros((HEIGHT, WIDTH, 3), np.float32), number, Passes(vector=field, **passes))  # type: ignore[arg-type]


def test_vectors_are_read_with_rows_counted_downwards() -> None:
    motion = vector_motion(frame(4, (9.0, 9.0, 3.0, 5.0)), frame(5, (1.0, 2.0, 9.0, 9.0)))
    assert motion.exact
    np.testing.assert_array_equal(motion.backward[0, 0], [1.0, -2.0])
    np.testing.assert_array_equal(motion.forward[0, 0], [-3.0, 5.0])


def eye(x: float, depth: float, **passes: object) -> RenderedFrame:
    """What one of two eyes sees that look the same way."""
    known = Passes(depth=far_away(depth), camera=camera(x), **passes)  # type: ignore[arg-type]
    return rendered(np.zeros((HEIGHT, WIDTH, 3), np.float32), 1, known)


@pytest.mark.parametrize("depth", [2.0, 16.0])
def test_between_two_eyes_surfaces_move_by_their_disparity(depth: float) -> None:
    motion = between_views(eye(0.0, depth), eye(0.5, depth))
    assert motion is not None
    assert motion.exact
    # A width of the picture is 2 / FOCAL at the distance 1; what is seen from the right is farther left.
    pixels = 0.5 / depth * FOCAL / 2.0 * WIDTH
    for field, expected in ((motion.backward, pixels), (motion.forward, -pixels)):
        np.testing.assert_allclose(field, np.broadcast_to([expected, 0.0], field.shape), atol=1e-3)


def test_without_depth_camera_or_a_moment_there_is_no_disparity() -> None:
    left, right = eye(0.0, 4.0), eye(0.5, 4.0)
    assert right.passes is not None
    for change in ({"depth": None}, {"camera": None}, {"motion_blur": True}, {"depth": far_away(4.0)[1:]}):
        other = replace(right, passes=replace(right.passes, **change))  # type: ignore[arg-type]
        assert between_views(left, other) is None
        assert why_no_geometry(left, other) is not None
    blind = replace(right, passes=replace(right.passes, camera=replace(camera(0.5), projection=None)))
    assert between_views(left, blind) is None
    assert why_no_geometry(left, right) is None


def test_vectors_serve_backwards_in_time_as_well() -> None:
    later, sooner = frame(5, (1.0, 2.0, 9.0, 9.0)), frame(4, (9.0, 9.0, 3.0, 5.0))
    motion, reverse = vector_motion(sooner, later), vector_motion(later, sooner)
    np.testing.assert_array_equal(reverse.backward, motion.forward)
    np.testing.assert_array_equal(reverse.forward, motion.backward)


@pytest.mark.parametrize(
    ("earlier", "current", "reason"),
    [
        (rendered(np.zeros((HEIGHT, WIDTH, 3))), frame(2, (0, 0, 0, 0)), "no passes"),
        (frame(1, (0, 0, 0, 0)), frame(3, (0, 0, 0, 0)), "one frame to the next only"),
        (frame(1, (0, 0, 0, 0)), frame(2, (0, 0, 0, 0), motion_blur=True), "motion blur"),
        (frame(1, (0, 0, 0, 0)), rendered(np.zeros((9, 9, 3)), 2, Passes()), "no motion vectors"),
        (
            frame(1, (0, 0, 0, 0)),
            rendered(np.zeros((9, 9, 3)), 2, Passes(vector=np.zeros((HEIGHT, WIDTH, 4)))),
            "another size",
        ),
    ],
)
def test_reasons_against_vectors(earlier: RenderedFrame, current: RenderedFrame, reason: str) -> None:
    assert reason in (why_no_vectors(earlier, current) or "")
    assert why_no_vectors(frame(1, (0, 0, 0, 0)), frame(2, (0, 0, 0, 0))) is None


def test_a_camera_that_moves_right_moves_the_world_left() -> None:
    # One unit at distance 10: FOCAL / 10 of half the width.
    found = reproject(camera(), camera(x=1.0), far_away(10.0))
    assert found is not None
    np.testing.assert_allclose(found[0][..., 0], -FOCAL / 10.0 * WIDTH / 2.0, atol=1e-4)
    np.testing.assert_allclose(found[0][..., 1], 0.0, atol=1e-4)
    np.testing.assert_allclose(found[1], 10.0, rtol=1e-5)


def test_a_camera_that_rises_moves_the_world_down() -> None:
    found = reproject(camera(), camera(y=1.0), far_away(10.0))
    assert found is not None
    np.testing.assert_allclose(found[0][..., 1], FOCAL / 10.0 * WIDTH / 2.0, atol=1e-4)


def test_there_and_back_is_nowhere() -> None:
    one, other = camera(0.3, -0.2, 1.0, 0.05), camera(-0.1, 0.4, 0.5, -0.02)
    there = reproject(one, other, far_away(7.0))
    assert there is not None
    # The middle of the picture, followed by hand through both matrices.
    row, column = HEIGHT // 2, WIDTH // 2
    x, y = (column + 0.5) / WIDTH * 2 - 1, 1 - (row + 0.5) / HEIGHT * 2
    point = one.world @ [x * 7.0 / FOCAL, y * 7.0 / PERSPECTIVE[1, 1], -7.0, 1.0]
    clip = PERSPECTIVE @ np.linalg.inv(other.world) @ point
    expected = [(clip[0] / clip[3] - x) * WIDTH / 2, -(clip[1] / clip[3] - y) * HEIGHT / 2]
    np.testing.assert_allclose(there[0][row, column], expected, atol=1e-4)


def test_the_background_moves_with_the_cameras_turning_alone() -> None:
    moved = reproject(camera(), camera(x=5.0, y=2.0), far_away(1e10))
    turned = reproject(camera(), camera(x=5.0, turn=0.1), far_away(1e10))
    assert moved is not None
    assert turned is not None
    np.testing.assert_allclose(moved[0], 0.0, atol=1e-4)
    # Turned to the left, what was straight ahead is to the right.
    middle = turned[0][HEIGHT // 2, WIDTH // 2]
    assert middle[0] == pytest.approx(FOCAL * np.tan(0.1) * WIDTH / 2, rel=0.02)


def test_an_orthographic_background_rests_and_surfaces_move_the_same_at_every_depth() -> None:
    views = camera(projection=ORTHOGRAPHIC), camera(x=1.0, projection=ORTHOGRAPHIC)
    background, near = reproject(*views, far_away(1e10)), reproject(*views, far_away(3.0))
    assert background is not None
    assert near is not None
    np.testing.assert_array_equal(background[0], 0.0)
    np.testing.assert_allclose(near[0][..., 0], -0.2 * WIDTH / 2, atol=1e-4)


def test_what_is_behind_the_other_camera_is_nowhere_in_its_picture() -> None:
    found = reproject(camera(), camera(z=-20.0), far_away(10.0))
    assert found is not None
    assert (np.abs(found[0]).max(axis=2) > WIDTH).all()
    assert (found[1] < 0.0).all()


def test_a_fisheye_tells_nothing() -> None:
    fisheye = Camera("Camera", np.eye(4), None)
    assert reproject(fisheye, camera(), far_away(10.0)) is None


def sphere(margin: float = 0.0, z: float = 0.0, turn: float = 0.0) -> Camera:
    """A camera that looks all around."""
    half = np.pi, np.pi / 2.0
    around = (-half[0], half[0], -half[1], half[1])
    return replace(camera(z=z, turn=turn), projection=None, sphere=around, margin=margin)


def test_a_panorama_that_turns_goes_around() -> None:
    # By a sixteenth of a turn to the left: everything is 4 of 64 columns further to the right.
    for depth in (3.0, 1e10):
        found = reproject(sphere(), sphere(turn=2.0 * np.pi / 16.0), far_away(depth))
        assert found is not None
        np.testing.assert_allclose(found[0][:, :-4] - [4.0, 0.0], 0.0, atol=1e-3)
        # What leaves on the right is back on the left: a position, and no way over the edge.
        np.testing.assert_allclose(found[0][:, -4:] - [4.0 - WIDTH, 0.0], 0.0, atol=1e-3)
        np.testing.assert_allclose(found[1], depth, rtol=1e-5)


def test_with_margins_it_goes_the_short_way_over_the_edge() -> None:
    # 48 columns all around, and 8 more on either side.
    views = sphere(margin=8 / WIDTH), sphere(margin=8 / WIDTH, turn=2.0 * np.pi / 16.0)
    found = reproject(*views, far_away(5.0))
    assert found is not None
    np.testing.assert_allclose(found[0] - [3.0, 0.0], 0.0, atol=1e-3)


def test_a_panorama_that_moves_sees_what_is_ahead_come_nearer() -> None:
    found = reproject(sphere(), sphere(z=-2.0), far_away(10.0))
    assert found is not None
    middle = HEIGHT // 2, WIDTH // 2
    assert found[1][middle] == pytest.approx(8.0, abs=0.05)
    assert found[1][HEIGHT // 2, 0] == pytest.approx(12.0, abs=0.05)
    # What is at the side is at 10 to the side and 2 behind: by atan(2 / 10) further to the right.
    right = found[0][HEIGHT // 2, WIDTH * 3 // 4]
    assert right[0] == pytest.approx(np.arctan2(2.0, 10.0) * WIDTH / (2.0 * np.pi), rel=0.05)


def test_background_without_vectors_gets_the_cameras_motion() -> None:
    depth = far_away(1e10)
    depth[:, : WIDTH // 2] = 5.0
    views = [
        frame(number, (7.0, 0.0, -7.0, 0.0), depth=depth, camera=camera(turn=turn))
        for number, turn in ((1, 0.0), (2, 0.1))
    ]
    motion = vector_motion(*views)
    np.testing.assert_array_equal(motion.backward[:, : WIDTH // 2, 0], 7.0)
    expected = reproject(camera(turn=0.1), camera(), depth)
    assert expected is not None
    np.testing.assert_array_equal(motion.backward[:, WIDTH // 2 :], expected[0][:, WIDTH // 2 :])


def test_what_stands_still_is_followed_by_the_cameras_and_what_moves_evenly() -> None:
    # The camera came to rest: over one frame nothing moves, over four frames it came 4 units.
    depth = far_away(10.0)
    views = [
        frame(number, (0.0, 0.0, 0.0, 0.0), depth=depth, camera=camera(x=x))
        for number, x in ((1, 4.0), (4, 0.0), (5, 0.0))
    ]
    older, beside, now = views
    backward = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    backward[:, WIDTH // 2 :, 0] = 2.0
    found, distance = longer_motion(Motion(backward, -backward, exact=True), beside, older, now)
    np.testing.assert_allclose(found[:, : WIDTH // 2, 0], -4.0 * FOCAL / 10.0 * WIDTH / 2, atol=1e-3)
    np.testing.assert_allclose(found[:, WIDTH // 2 :, 0], 8.0)
    np.testing.assert_allclose(distance, 10.0, rtol=1e-5)
