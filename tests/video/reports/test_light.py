"""Light of a fade that the styled frames follow to a known degree, or not."""

from __future__ import annotations

import numpy as np
import pytest

from video.reports.light import light, mean_luma

FADE = [1.0, 0.8, 0.6, 0.3, 0.1, 0.0]


def test_a_fade_that_is_followed_in_part_has_that_slope_and_full_correlation() -> None:
    found = light(FADE, [0.7 * each + 0.2 for each in FADE])
    assert found is not None
    assert found.slope == pytest.approx(0.7)
    assert found.correlation == pytest.approx(1.0)
    inverted = light(FADE, [0.9 - 0.5 * each for each in FADE])
    assert inverted is not None
    assert (inverted.slope, inverted.correlation) == pytest.approx((-0.5, -1.0))


def test_a_deviation_that_has_nothing_to_do_with_the_fade_lowers_the_correlation_alone() -> None:
    rendered, styled = [0.2, 0.2, 0.6, 0.6], [0.1, 0.3, 0.5, 0.7]
    found = light(rendered, styled)
    assert found is not None
    assert found.slope == pytest.approx(1.0)
    # Variances of 0.04 by the fade and of 0.01 without it.
    assert found.correlation == pytest.approx(np.sqrt(0.04 / 0.05))


def test_frames_that_stay_as_bright_follow_nothing_and_a_constant_render_asks_for_nothing() -> None:
    found = light(FADE, [0.4] * len(FADE))
    assert found is not None
    assert (found.slope, found.correlation) == pytest.approx((0.0, 0.0))
    assert light([0.5, 0.51, 0.519], [0.1, 0.5, 0.9]) is None
    assert light([], []) is None


def test_luma_weighs_the_colors_as_rec_709_does() -> None:
    image = np.zeros((4, 6, 4), np.float32)
    image[:2, :, 1] = 1.0
    image[..., 3] = 1.0
    assert mean_luma(image) == pytest.approx(0.5 * 0.7152)
    assert mean_luma(np.full((4, 6, 3), 0.3, np.float32)) == pytest.approx(0.3)
