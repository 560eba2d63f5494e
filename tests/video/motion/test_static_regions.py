"""Static regions between two frames: by the images alone, and where the motion is known exactly."""

from __future__ import annotations

import cv2
import numpy as np

from tests.video.moving_pictures import waves
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.motion_source import MotionFinder
from video.motion.static_regions import static_mask
from video.settings import MotionSource

HEIGHT, WIDTH = 48, 64


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((HEIGHT, WIDTH, 3), np.float32)


def frames(changes: np.ndarray) -> tuple[RenderedFrame, RenderedFrame]:
    """Two frames that differ where `changes` (H, W) says so."""
    first, other = noise(0), noise(1)
    return RenderedFrame(1, first, None), RenderedFrame(2, np.where(changes[..., None], other, first), None)


def no_motion(*, exact: bool) -> Motion:
    nothing = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    return Motion(nothing, nothing, exact=exact)


def test_an_area_that_looks_the_same_is_static_up_to_its_border() -> None:
    changes = np.zeros((HEIGHT, WIDTH), bool)
    changes[20:35, 10:30] = True
    for exact in (True, False):
        np.testing.assert_array_equal(static_mask(no_motion(exact=exact), *frames(changes)), ~changes)


def test_single_pixels_that_look_the_same_by_chance_are_not_static() -> None:
    changes = np.ones((HEIGHT, WIDTH), bool)
    changes[::5, ::3] = False
    assert not static_mask(no_motion(exact=False), *frames(changes)).any()
    # Vectors know that nothing has moved there.
    assert static_mask(no_motion(exact=True), *frames(changes)).sum() == (~changes).sum()


def test_flow_has_no_motion_where_an_area_is_the_same() -> None:
    changes = np.zeros((HEIGHT, WIDTH), bool)
    changes[:, 40:] = True
    motion = MotionFinder(MotionSource.DIS).flow(*frames(changes))
    assert not motion.backward[:, :40].any()
    assert not motion.forward[:, :40].any()


def test_the_ground_under_a_shadow_that_moves_is_static() -> None:
    # Grainy, as a render is: hardly a pixel in the shadow is the same in both frames.
    def shaded(column: int, seed: int) -> RenderedFrame:
        grain = np.random.default_rng(seed).normal(0.0, 0.004, (HEIGHT, WIDTH, 3)).astype(np.float32)
        picture = 0.5 + 0.2 * waves(HEIGHT, WIDTH)
        dark = np.zeros((HEIGHT, WIDTH, 1), np.float32)
        dark[16:40, column : column + 28] = 1.0
        dark = cv2.GaussianBlur(dark, (0, 0), 2.0)[..., None]
        return RenderedFrame(seed, picture - dark * (0.2 + grain), None)

    motion = MotionFinder(MotionSource.DIS).flow(shaded(16, 1), shaded(20, 2))
    inside = (slice(22, 34), slice(26, 38))
    assert not motion.backward[inside].any()
    assert not motion.forward[inside].any()


def test_a_thing_that_moves_before_a_static_camera_moves_with_all_its_pixels() -> None:
    def with_thing(column: int) -> RenderedFrame:
        picture = 0.5 + 0.2 * waves(HEIGHT, WIDTH)
        picture[16:40, column : column + 28] = np.random.default_rng(3).random((24, 28, 3), np.float32)
        return RenderedFrame(column, picture, None)

    motion = MotionFinder(MotionSource.DIS).flow(with_thing(16), with_thing(19))
    np.testing.assert_allclose(motion.backward[20:36, 24:40, 0], -3.0, atol=0.3)
