"""The paintings are repeatable, saturated, and made of strokes that have a direction."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from video.paintings.painting import Painting, paint

WIDTH, HEIGHT = 256, 192


@pytest.fixture(scope="module")
def pictures() -> dict[Painting, np.ndarray]:
    """Every painting once, HEIGHTxWIDTHx3 float32, 0..1, sRGB."""
    return {painting: paint(painting, WIDTH, HEIGHT) for painting in Painting}


def coherence(picture: np.ndarray) -> float:
    """Mean of the structure tensor's coherence, 0 for isotropic texture, 1 for stripes."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    dx, dy = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    xx, yy, xy = (cv2.GaussianBlur(product, (0, 0), 5) for product in (dx * dx, dy * dy, dx * dy))
    return float(np.mean(np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-9)))


@pytest.mark.parametrize("painting", Painting)
def test_picture_is_float_srgb_of_the_size_asked_for(
    pictures: dict[Painting, np.ndarray], painting: Painting
) -> None:
    picture = pictures[painting]
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1
    assert picture.max() - picture.min() > 0.8


@pytest.mark.parametrize(("width", "height"), [(64, 48), (48, 80), (101, 67)])
def test_small_upright_and_odd_sizes(width: int, height: int) -> None:
    assert paint(Painting.SWIRLS, width, height).shape == (height, width, 3)


@pytest.mark.parametrize("painting", Painting)
def test_same_seed_gives_the_same_pixels(pictures: dict[Painting, np.ndarray], painting: Painting) -> None:
    np.testing.assert_array_equal(paint(painting, WIDTH, HEIGHT, seed=0), pictures[painting])


def test_seeds_give_different_pictures_of_one_composition(pictures: dict[Painting, np.ndarray]) -> None:
    first, second = pictures[Painting.SWIRLS], paint(Painting.SWIRLS, WIDTH, HEIGHT, seed=1)
    assert np.abs(first - second).mean() > 0.03
    first, second = (cv2.GaussianBlur(picture, (0, 0), 12) for picture in (first, second))
    covariance = np.mean((first - first.mean()) * (second - second.mean()))
    assert covariance > 0.7 * first.std() * second.std()


def test_paintings_differ_in_color(pictures: dict[Painting, np.ndarray]) -> None:
    means = [picture.mean((0, 1)) for picture in pictures.values()]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(means) for b in means[:i]]
    assert min(distances) > 0.15


def test_strokes_have_a_direction(pictures: dict[Painting, np.ndarray]) -> None:
    noise = np.random.default_rng(0).uniform(size=(HEIGHT, WIDTH, 3)).astype(np.float32)
    isotropic = coherence(cv2.GaussianBlur(noise, (0, 0), 1.5))
    assert coherence(pictures[Painting.SWIRLS]) > 1.8 * isotropic
    assert coherence(pictures[Painting.KNIFE]) > 1.8 * isotropic


def test_strokes_are_layered_in_several_sizes(pictures: dict[Painting, np.ndarray]) -> None:
    for picture in pictures.values():
        blurred = [cv2.GaussianBlur(picture, (0, 0), sigma) for sigma in (0.5, 1, 2, 4, 8)]
        bands = [np.std(fine - coarse) for fine, coarse in pairwise(blurred)]
        assert min(bands) > 0.015


@pytest.mark.parametrize("painting", Painting)
def test_colors_are_saturated(pictures: dict[Painting, np.ndarray], painting: Painting) -> None:
    saturation = cv2.cvtColor(pictures[painting], cv2.COLOR_RGB2HSV)[..., 1]
    assert saturation.mean() > 0.3
    assert np.mean(saturation > 0.5) > 0.2
