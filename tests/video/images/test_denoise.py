"""Noise goes, edges stay; alpha and what is as rendered are not touched."""

from __future__ import annotations

import numpy as np
import pytest

from video.images.denoise import denoise
from video.settings import Denoise

METHODS = pytest.mark.parametrize("method", [Denoise.BILATERAL, Denoise.NLM])


@pytest.fixture
def clean() -> np.ndarray:
    """Two areas with an edge between them."""
    image = np.full((32, 48, 3), 0.3, np.float32)
    image[:, 24:] = (0.7, 0.6, 0.5)
    return image


@pytest.fixture
def noisy(clean: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0.0, 3.0 / 255.0, clean.shape)
    return (clean + noise).astype(np.float32)


def error(image: np.ndarray, clean: np.ndarray) -> float:
    return float(np.sqrt(np.square(image - clean).mean()))


@METHODS
def test_noise_of_the_named_strength_is_more_than_halved(
    method: Denoise, clean: np.ndarray, noisy: np.ndarray
) -> None:
    result = denoise(noisy, np.zeros_like(noisy), method, 3.0)
    assert result.dtype == np.float32
    assert result.shape == noisy.shape
    assert error(result, clean) < 0.5 * error(noisy, clean)
    edge = result[:, 24].mean(axis=0) - result[:, 23].mean(axis=0)
    np.testing.assert_allclose(edge, (0.4, 0.3, 0.2), atol=0.02)


@METHODS
def test_more_strength_takes_more_away(method: Denoise, noisy: np.ndarray) -> None:
    deviations = [denoise(noisy, np.zeros_like(noisy), method, s)[:, :20].std() for s in (1.0, 2.0, 4.0)]
    assert deviations[0] > deviations[1] > deviations[2]


@METHODS
def test_alpha_and_what_is_as_rendered_are_kept(method: Denoise, noisy: np.ndarray) -> None:
    image = np.dstack([noisy, np.random.default_rng(2).random((32, 48), np.float32)])
    rendered = image.copy()
    rendered[:, 10:] += 0.1
    result = denoise(image, rendered, method, 5.0)
    np.testing.assert_array_equal(result[..., 3], image[..., 3])
    np.testing.assert_array_equal(result[:, :10], image[:, :10])
    assert (result[:, 10:, :3] != image[:, 10:, :3]).any()


@pytest.mark.parametrize(("method", "strength"), [(Denoise.NONE, 5.0), (Denoise.NLM, 0.0)])
def test_off_is_off(method: Denoise, strength: float, noisy: np.ndarray) -> None:
    np.testing.assert_array_equal(denoise(noisy, np.zeros_like(noisy), method, strength), noisy)


@METHODS
def test_result_stays_in_range(method: Denoise) -> None:
    image = np.random.default_rng(3).integers(0, 2, (32, 32, 3)).astype(np.float32)
    result = denoise(image, np.full_like(image, 0.5), method, 50.0)
    assert result.min() >= 0.0
    assert result.max() <= 1.0
