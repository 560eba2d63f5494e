"""Light of a shot: taken out of a content, put onto a styled image."""

from __future__ import annotations

import numpy as np
import pytest

from compositor.image_ops.light import (
    MAX_GAIN,
    is_too_dark,
    normalizing_gain,
    with_changed_light,
    with_light,
    without_light,
)

IMAGE = np.random.default_rng(1).uniform(0.0, 1.0, (8, 9, 3)).astype(np.float32)


def test_the_references_light_changes_no_bit() -> None:
    for result in (without_light(IMAGE, 1.0), with_light(IMAGE, 1.0), with_changed_light(IMAGE, 0.4, 0.4)):
        assert result is IMAGE


@pytest.mark.parametrize("light", [0.1, 0.5, 1.0, 1.6])
def test_a_content_gets_the_references_light(light: float) -> None:
    dim = (0.6 * light * IMAGE).astype(np.float32)
    np.testing.assert_allclose(without_light(dim, light), 0.6 * IMAGE, atol=1e-6)


def test_a_dark_content_is_brightened_as_far_as_8_bits_go() -> None:
    assert normalizing_gain(0.0) == normalizing_gain(0.5 / MAX_GAIN) == MAX_GAIN
    assert is_too_dark(0.99 / MAX_GAIN)
    assert not is_too_dark(1.01 / MAX_GAIN)
    np.testing.assert_allclose(without_light(0.05 * IMAGE, 0.0), 0.05 * MAX_GAIN * IMAGE, rtol=1e-6)


def test_alpha_and_the_given_array_stay() -> None:
    content = np.dstack([IMAGE, IMAGE[..., 0]])
    before = content.copy()
    brightened = without_light(content, 0.5)
    np.testing.assert_array_equal(brightened[..., 3], content[..., 3])
    np.testing.assert_array_equal(content, before)
    assert brightened.max() <= 1.0


def test_less_light_darkens_in_proportion_to_black() -> None:
    np.testing.assert_allclose(with_light(IMAGE, 0.3), 0.3 * IMAGE, rtol=1e-6)
    assert not with_light(IMAGE, 0.0).any()


def test_more_light_keeps_white_black_and_hue() -> None:
    lit = with_light(IMAGE, 1.5)
    assert (lit >= IMAGE).all()
    largest, largest_lit = IMAGE.max(axis=2, keepdims=True), lit.max(axis=2, keepdims=True)
    np.testing.assert_allclose(lit * largest, IMAGE * largest_lit, atol=1e-5)
    ends = np.repeat(np.array([0.0, 1.0], np.float32)[:, None, None], 3, axis=2)
    np.testing.assert_allclose(with_light(ends, 1.5), ends, atol=1e-6)
    gray = np.full((1, 1, 3), 0.4, np.float32)
    assert with_light(gray, 1.5)[0, 0, 0] == pytest.approx(1.5 * 0.4, abs=0.015)
    brightest = [float(with_light(gray, light)[0, 0, 0]) for light in (1.0, 1.3, 2.0, 4.0, 16.0)]
    assert brightest == sorted(brightest)
    assert brightest[-1] < 0.88


@pytest.mark.parametrize("before", [0.1, 0.3, 1.0, 1.2, 1.9])
@pytest.mark.parametrize("now", [0.0, 0.05, 0.3, 1.0, 1.2, 5.0])
def test_one_light_is_changed_into_another(before: float, now: float) -> None:
    styled = 0.1 + 0.6 * IMAGE
    changed = with_changed_light(with_light(styled, before), before, now)
    np.testing.assert_allclose(changed, with_light(styled, now), atol=1e-4)
