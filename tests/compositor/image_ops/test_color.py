"""Color control on arrays, and the luma of tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from compositor.image_ops.arrays import to_tensor
from compositor.image_ops.color import gray, luma, luminance, match_color, match_luminance, with_luminance


@pytest.fixture
def content() -> np.ndarray:
    generator = np.random.default_rng(1)
    return np.clip(generator.normal([0.6, 0.5, 0.3], [0.1, 0.05, 0.08], (40, 60, 3)), 0, 1).astype(np.float32)


@pytest.fixture
def style() -> np.ndarray:
    return np.random.default_rng(2).normal([0.3, 0.4, 0.6], 0.08, (30, 50, 3)).clip(0, 1).astype(np.float32)


def test_a_gray_picture_is_its_own_luminance(content: np.ndarray) -> None:
    shade = gray(content)
    np.testing.assert_allclose(luminance(shade), luminance(content), atol=1e-5)


def test_a_tensor_has_the_luma_of_its_array() -> None:
    image = np.random.default_rng(0).random((5, 6, 3)).astype(np.float32)
    wanted = image @ np.array([0.299, 0.587, 0.114], np.float32)
    assert np.allclose(luma(to_tensor(image, torch.device("cpu")))[0, 0].numpy(), wanted, atol=1e-6)


def test_another_luminance_keeps_the_chroma(content: np.ndarray) -> None:
    moved = with_luminance(content, luminance(content) + 0.05)
    np.testing.assert_allclose(moved - content, 0.05, atol=2e-3)


def test_the_same_luminance_changes_nothing(content: np.ndarray) -> None:
    np.testing.assert_allclose(with_luminance(content, luminance(content)), content, atol=2e-3)


def test_matched_luminance_has_the_mean_and_deviation_of_the_content(
    style: np.ndarray, content: np.ndarray
) -> None:
    matched = luminance(match_luminance(style, content))
    assert matched.mean() == pytest.approx(luminance(content).mean(), abs=2e-3)
    assert matched.std() == pytest.approx(luminance(content).std(), abs=2e-3)


def test_matched_color_has_the_mean_and_covariance_of_the_content(
    style: np.ndarray, content: np.ndarray
) -> None:
    matched = match_color(style, content).reshape(-1, 3)
    np.testing.assert_allclose(matched.mean(axis=0), content.reshape(-1, 3).mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(np.cov(matched.T), np.cov(content.reshape(-1, 3).T), atol=3e-4)


def test_a_picture_of_one_color_can_be_matched(content: np.ndarray) -> None:
    flat = np.full((20, 20, 3), 0.4, np.float32)
    assert np.isfinite(match_color(flat, content)).all()
    assert np.isfinite(match_luminance(flat, content)).all()
