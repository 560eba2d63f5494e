"""What rests between two frames: by the pictures alone, and where the motion is known exactly."""

from __future__ import annotations

import numpy as np

from video.motion import Motion, Rendered
from video.motion_sources import MotionFinder, still
from video.settings import MotionSource

HEIGHT, WIDTH = 48, 64


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((HEIGHT, WIDTH, 3), np.float32)


def frames(changes: np.ndarray) -> tuple[Rendered, Rendered]:
    """Two frames that differ where `changes` (H, W) says so."""
    first, other = noise(0), noise(1)
    return Rendered(1, first, None), Rendered(2, np.where(changes[..., None], other, first), None)


def no_motion(*, exact: bool) -> Motion:
    nothing = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    return Motion(nothing, nothing, exact=exact)


def test_an_area_that_looks_the_same_rests_up_to_its_border() -> None:
    changes = np.zeros((HEIGHT, WIDTH), bool)
    changes[20:35, 10:30] = True
    for exact in (True, False):
        np.testing.assert_array_equal(still(no_motion(exact=exact), *frames(changes)), ~changes)


def test_single_pixels_that_look_the_same_by_chance_do_not_rest() -> None:
    changes = np.ones((HEIGHT, WIDTH), bool)
    changes[::5, ::3] = False
    assert not still(no_motion(exact=False), *frames(changes)).any()
    # Vectors know that nothing has moved there.
    assert still(no_motion(exact=True), *frames(changes)).sum() == (~changes).sum()


def test_flow_has_no_motion_where_an_area_is_the_same() -> None:
    changes = np.zeros((HEIGHT, WIDTH), bool)
    changes[:, 40:] = True
    motion = MotionFinder(MotionSource.DIS).flow(*frames(changes))
    assert not motion.backward[:, :40].any()
    assert not motion.forward[:, :40].any()
