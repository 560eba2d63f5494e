"""How much lighter a surface has become: shadows that pass, pictures that move, scenes that fade."""

from __future__ import annotations

import numpy as np
import pytest

from tests.video.moving_pictures import waves
from video.motion.illumination import light_change

HEIGHT, WIDTH = 64, 96
GROUND = 0.3 + 0.5 * waves(HEIGHT, WIDTH)
SEEN = np.ones((HEIGHT, WIDTH), np.float32)
SHADOW = (slice(20, 44), slice(36, 60))
INSIDE, OUTSIDE = (slice(28, 36), slice(44, 52)), (slice(0, 12), slice(0, WIDTH))


def resting() -> np.ndarray:
    return np.zeros((HEIGHT, WIDTH, 2), np.float32)


def shaded(picture: np.ndarray) -> np.ndarray:
    result = picture.copy()
    result[SHADOW] -= 0.2
    return result


def test_a_shadow_that_comes_is_darker_by_its_depth_and_one_that_goes_lighter() -> None:
    came = light_change(resting(), GROUND, shaded(GROUND), SEEN)
    assert came[INSIDE] == pytest.approx(-0.2, abs=0.01)
    assert came[OUTSIDE] == pytest.approx(0.0, abs=1e-4)
    np.testing.assert_allclose(light_change(resting(), shaded(GROUND), GROUND, SEEN), -came, atol=1e-6)


def test_a_surface_that_moves_in_the_same_light_has_not_changed() -> None:
    moved = np.roll(GROUND, 5, axis=1)
    backward = resting()
    backward[..., 0] = -5.0
    seen = SEEN.copy()
    seen[:, :5] = 0.0
    change = light_change(backward, GROUND, moved, seen)
    assert np.abs(change).max() < 1e-4
    assert light_change(backward, GROUND, shaded(moved), seen)[INSIDE] == pytest.approx(-0.2, abs=0.01)


def test_a_fade_of_the_whole_frame_is_left_to_the_style() -> None:
    assert np.abs(light_change(resting(), GROUND, GROUND - 0.1, SEEN)).max() < 1e-5
    assert light_change(resting(), GROUND, shaded(GROUND) - 0.1, SEEN)[INSIDE] == pytest.approx(
        -0.2, abs=0.01
    )


def test_of_what_was_not_seen_before_nothing_is_said() -> None:
    seen = SEEN.copy()
    seen[SHADOW] = 0.0
    change = light_change(resting(), GROUND, shaded(GROUND), seen)
    assert not change[SHADOW].any()
    # Nor does it reach what is beside it.
    assert np.abs(change).max() < 1e-4
    assert not light_change(resting(), GROUND, shaded(GROUND), np.zeros_like(SEEN)).any()
