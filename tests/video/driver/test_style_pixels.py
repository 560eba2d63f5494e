"""Strokes are as round on the screen as those of the style picture, whatever shape the pixels have."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from compositor.stylization.style_library import Style
from video.driver.style_pixels import in_pixels_of, styles_in_pixels_of


def disc(size: int = 96) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2.0
    inside = (x * x + y * y < (size / 4.0) ** 2).astype(np.float32)
    return np.repeat(inside[..., None], 3, axis=2)


@pytest.mark.parametrize("aspect", [Fraction(2), Fraction(1, 2), Fraction(64, 45), Fraction(16, 15)])
def test_a_disc_is_round_on_the_screen(aspect: Fraction) -> None:
    stored = in_pixels_of(disc(), aspect)
    inside = stored[..., 0] > 0.5
    width = float(inside.any(axis=0).sum() * aspect)
    height = float(inside.any(axis=1).sum())
    assert width / height == pytest.approx(1.0, abs=0.05)
    assert max(stored.shape[0], stored.shape[1]) <= 96


def test_styles_keep_weight_and_region() -> None:
    style = Style(disc(), 0.5, "sky")
    (changed,) = styles_in_pixels_of([style], Fraction(2))
    assert (changed.weight, changed.region, changed.image.shape) == (0.5, "sky", (96, 48, 3))
    (same,) = styles_in_pixels_of([style], Fraction(1))
    assert same.image is style.image


def test_a_picture_of_one_pixel_stays_one() -> None:
    assert in_pixels_of(np.ones((1, 1, 3), np.float32), Fraction(5)).shape == (1, 1, 3)
