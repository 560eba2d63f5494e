"""Warm start: static pixels, occlusion for a frame, illumination, cuts, and which motion is used."""

from __future__ import annotations

import numpy as np
import pytest

from tests.video.moving_pictures import rendered, waves
from video.coherence.frame_history import FrameHistory
from video.coherence.warm_start import StyledHistory, WarmStart
from video.errors import FrameError
from video.frames.render_passes import Camera, Passes
from video.motion.motion_field import RenderedFrame
from video.motion.motion_source import MotionFinder
from video.motion.shot_detection import begins_shot, color_overlap
from video.settings import MotionSource

HEIGHT, WIDTH = 64, 96
GROUND = 0.1 + 0.8 * waves(HEIGHT, WIDTH)
SQUARE = (slice(20, 44), slice(36, 60))


class Shot:
    """Frames and their results, one after the other."""

    def __init__(self, source: MotionSource, length: int = 4) -> None:
        self.frame_history = FrameHistory(MotionFinder(source), length)
        self.styled_history = StyledHistory(length)

    def add(self, frame: RenderedFrame, styled: np.ndarray) -> None:
        self.frame_history.add(frame)
        self.styled_history.add(styled)

    def warm_start(self, frame: RenderedFrame) -> WarmStart | None:
        return self.styled_history.warm_start(frame.image, self.frame_history.correspondence(frame))


def hidden(frame: np.ndarray) -> np.ndarray:
    """The frame with a square in front of it."""
    covered = frame.copy()
    covered[SQUARE] = 1.0 - waves(24, 24, 50.0, 20.0)
    return covered


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((HEIGHT, WIDTH, 3), dtype=np.float32)


def test_the_first_frame_is_a_cold_start() -> None:
    assert Shot(MotionSource.DIS).warm_start(rendered(GROUND)) is None


@pytest.mark.parametrize("source", [MotionSource.DIS, MotionSource.FARNEBACK])
def test_static_pixels_keep_their_result_bit_for_bit(source: MotionSource) -> None:
    shot = Shot(source)
    shot.add(rendered(hidden(GROUND)), noise(0))
    now = hidden(GROUND)
    now[:20] = 1.0 - now[:20]
    warm_start = shot.warm_start(rendered(now, 2))
    assert warm_start is not None
    assert warm_start.correspondence.static_mask[20:].all()
    assert not warm_start.correspondence.static_mask[:20].any()
    np.testing.assert_array_equal(warm_start.start[20:], noise(0)[20:])
    assert warm_start.reliability[20:].min() == 1.0


def test_exact_motion_decides_what_is_static() -> None:
    # A wall of one color that slides along looks the same before and after.
    wall = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    vector = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    vector[:, : WIDTH // 2, 0] = 2.0
    vector[:, : WIDTH // 2, 2] = 2.0
    shot = Shot(MotionSource.AUTO)
    shot.add(rendered(wall, 1, Passes(vector=vector)), noise(0))
    warm_start = shot.warm_start(rendered(wall, 2, Passes(vector=vector)))
    assert warm_start is not None
    assert warm_start.correspondence.motion.exact
    assert not warm_start.correspondence.static_mask[:, : WIDTH // 2].any()
    assert warm_start.correspondence.static_mask[:, WIDTH // 2 :].all()


@pytest.mark.parametrize(("length", "known"), [(1, 0.0), (2, 1.0), (4, 1.0)])
def test_what_was_occluded_for_a_frame_looks_as_before(length: int, known: float) -> None:
    shot = Shot(MotionSource.DIS, length)
    shot.add(rendered(GROUND, 1), noise(1))
    shot.add(rendered(hidden(GROUND), 2), noise(2))
    warm_start = shot.warm_start(rendered(GROUND, 3))
    assert warm_start is not None
    middle = (slice(26, 38), slice(42, 54))
    assert warm_start.reliability[middle].mean() == pytest.approx(known, abs=0.05)
    if known:
        np.testing.assert_allclose(warm_start.target[middle], noise(1)[middle], atol=0.02)
    # What was never hidden is the closest frame's.
    np.testing.assert_array_equal(warm_start.target[50:], noise(2)[50:])


def test_what_was_occluded_is_found_by_the_cameras_where_motion_is_exact() -> None:
    depth = np.full((HEIGHT, WIDTH), 10.0, np.float32)
    near = depth.copy()
    near[SQUARE] = 3.0
    still = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    camera = Camera(
        "Camera", np.eye(4), np.array([[2.0, 0, 0, 0], [0, 3, 0, 0], [0, 0, -1, -0.2], [0, 0, -1, 0]])
    )
    shot = Shot(MotionSource.VECTORS, 2)
    shot.add(rendered(GROUND, 1, Passes(still, depth, camera=camera)), noise(1))
    shot.add(rendered(hidden(GROUND), 2, Passes(still, near, camera=camera)), noise(2))
    warm_start = shot.warm_start(rendered(GROUND, 3, Passes(still, depth, camera=camera)))
    assert warm_start is not None
    assert warm_start.correspondence.motion.exact
    np.testing.assert_allclose(warm_start.target[26:38, 42:54], noise(1)[26:38, 42:54], atol=1e-3)


def test_strokes_stay_where_a_shadow_falls_on_them_and_get_darker() -> None:
    shot, passes = Shot(MotionSource.VECTORS), Passes(vector=np.zeros((HEIGHT, WIDTH, 4), np.float32))
    lit = 0.4 + 0.4 * waves(HEIGHT, WIDTH)
    shaded = lit.copy()
    shaded[SQUARE] -= 0.3
    strokes = 0.4 + 0.2 * noise(0)
    shot.add(rendered(lit, 1, passes), strokes)
    warm_start = shot.warm_start(rendered(shaded, 2, passes))
    assert warm_start is not None
    inside = (slice(26, 38), slice(42, 54))
    np.testing.assert_allclose(warm_start.start[inside], strokes[inside] - 0.3, atol=0.02)
    np.testing.assert_allclose(warm_start.target[inside], strokes[inside] - 0.3, atol=0.02)
    assert 0.0 < warm_start.reliability[inside].max() < 0.3
    np.testing.assert_array_equal(warm_start.start[:10], strokes[:10])


def test_another_surface_is_not_taken_for_one_under_another_illumination() -> None:
    shot, passes = Shot(MotionSource.VECTORS), Passes(vector=np.zeros((HEIGHT, WIDTH, 4), np.float32))
    covered = GROUND.copy()
    covered[SQUARE] = 0.9, 0.1, 0.1
    shot.add(rendered(GROUND, 1, passes), noise(0))
    warm_start = shot.warm_start(rendered(covered, 2, passes))
    assert warm_start is not None
    assert warm_start.reliability[26:38, 42:54].max() < 0.01


def test_nothing_is_kept_across_a_cut() -> None:
    shot = Shot(MotionSource.DIS)
    shot.add(rendered(GROUND), noise(0))
    elsewhere = np.clip(0.2 * waves(HEIGHT, WIDTH, 400.0, 90.0)[:, ::-1], 0.0, 1.0)
    assert shot.warm_start(rendered(elsewhere, 2)) is None
    shot.add(rendered(elsewhere, 2), noise(1))
    # Back to the first picture, of which nothing may be known any more.
    assert shot.warm_start(rendered(GROUND, 3)) is None


def test_another_camera_is_a_cut_however_alike_the_pictures_are() -> None:
    trusted = np.ones((HEIGHT, WIDTH), np.float32)
    one, other = (rendered(GROUND, 1, Passes(camera=Camera(name, np.eye(4), None))) for name in "AB")
    assert begins_shot(one, other, trusted)
    assert not begins_shot(one, one, trusted)
    assert not begins_shot(rendered(GROUND), other, trusted)


def test_a_fade_of_light_is_no_cut_and_other_colors_are() -> None:
    half = np.full((HEIGHT, WIDTH), 0.5, np.float32)
    assert not begins_shot(rendered(GROUND), rendered(0.95 * GROUND, 2), half)
    assert begins_shot(rendered(GROUND), rendered(GROUND * [1.0, 0.2, 0.2], 2), half)
    assert color_overlap(GROUND, GROUND) == pytest.approx(1.0)


def test_auto_says_once_why_it_takes_optical_flow() -> None:
    told: list[str] = []
    finder = MotionFinder(MotionSource.AUTO, told.append)
    passes = Passes(vector=np.zeros((HEIGHT, WIDTH, 4), np.float32), motion_blur=True)
    for number in (1, 2, 3):
        motion = finder.between(rendered(GROUND, number, passes), rendered(GROUND, number + 1, passes))
        assert not motion.exact
    assert len(told) == 1
    assert "motion blur" in told[0]


def test_auto_without_any_passes_has_nothing_to_say() -> None:
    told: list[str] = []
    MotionFinder(MotionSource.AUTO, told.append).between(rendered(GROUND), rendered(GROUND, 2))
    assert not told


def test_vectors_alone_refuse_a_frame_that_has_none() -> None:
    with pytest.raises(FrameError, match=r"frame 2: there are no passes; use --motion auto"):
        MotionFinder(MotionSource.VECTORS).between(rendered(GROUND), rendered(GROUND, 2))
