"""Illumination: the change of luma by shadows that pass, in images that move, and in scenes that fade."""

from __future__ import annotations

import numpy as np
import pytest

from tests.video.moving_pictures import waves
from video.coherence.illumination import luma_change

HEIGHT, WIDTH = 64, 96
GROUND = 0.3 + 0.5 * waves(HEIGHT, WIDTH)
VISIBLE = np.ones((HEIGHT, WIDTH), np.float32)
SHADOW = (slice(20, 44), slice(36, 60))
INSIDE, OUTSIDE = (slice(28, 36), slice(44, 52)), (slice(0, 12), slice(0, WIDTH))


def resting() -> np.ndarray:
    return np.zeros((HEIGHT, WIDTH, 2), np.float32)


def shaded(picture: np.ndarray) -> np.ndarray:
    result = picture.copy()
    result[SHADOW] -= 0.2
    return result


def test_a_shadow_that_comes_is_darker_by_its_depth_and_one_that_goes_lighter() -> None:
    came = luma_change(resting(), GROUND, shaded(GROUND), VISIBLE)
    assert came[INSIDE] == pytest.approx(-0.2, abs=0.01)
    assert came[OUTSIDE] == pytest.approx(0.0, abs=1e-4)
    np.testing.assert_allclose(luma_change(resting(), shaded(GROUND), GROUND, VISIBLE), -came, atol=1e-6)


def test_a_surface_that_moves_in_the_same_light_has_not_changed() -> None:
    moved = np.roll(GROUND, 5, axis=1)
    backward = resting()
    backward[..., 0] = -5.0
    visibility = VISIBLE.copy()
    visibility[:, :5] = 0.0
    change = luma_change(backward, GROUND, moved, visibility)
    assert np.abs(change).max() < 1e-4
    assert luma_change(backward, GROUND, shaded(moved), visibility)[INSIDE] == pytest.approx(-0.2, abs=0.01)


def test_a_fade_of_the_whole_frame_is_left_to_the_style() -> None:
    assert np.abs(luma_change(resting(), GROUND, GROUND - 0.1, VISIBLE)).max() < 1e-5
    assert luma_change(resting(), GROUND, shaded(GROUND) - 0.1, VISIBLE)[INSIDE] == pytest.approx(
        -0.2, abs=0.01
    )


def test_there_is_no_change_where_a_surface_was_not_visible() -> None:
    visibility = VISIBLE.copy()
    visibility[SHADOW] = 0.0
    change = luma_change(resting(), GROUND, shaded(GROUND), visibility)
    assert not change[SHADOW].any()
    # Nor does it reach what is beside it.
    assert np.abs(change).max() < 1e-4
    assert not luma_change(resting(), GROUND, shaded(GROUND), np.zeros_like(VISIBLE)).any()
