"""The start image: the moved result where it is reliable, the render in the style's colours in a hole."""

from __future__ import annotations

import numpy as np
import pytest
from moving_pictures import waves

from video.revealed import start_image

HEIGHT, WIDTH = 64, 96
HOLE = (slice(24, 40), slice(40, 56))


@pytest.fixture
def content() -> np.ndarray:
    """A render with room for a shift of colour on both sides."""
    return 0.3 + 0.4 * waves(HEIGHT, WIDTH)


def with_hole() -> np.ndarray:
    reliability = np.ones((HEIGHT, WIDTH), np.float32)
    reliability[HOLE] = 0.0
    return reliability


def test_is_the_moved_result_where_everything_is_reliable(content: np.ndarray) -> None:
    styled = waves(HEIGHT, WIDTH, 30.0)
    reliability = np.ones((HEIGHT, WIDTH), np.float32)
    np.testing.assert_allclose(start_image(content, content, styled, reliability), styled, atol=1e-6)


def test_a_hole_gets_the_render_shifted_by_the_colour_of_its_surroundings(content: np.ndarray) -> None:
    shift = np.array([0.2, -0.1, 0.05], np.float32)
    before = content[:, ::-1].copy()
    before[HOLE] = 0.0  # what was there before says nothing
    styled = before + shift
    styled[HOLE] = 1.0
    start = start_image(content, before, styled, with_hole())
    np.testing.assert_allclose(start[HOLE], (content + shift)[HOLE], atol=1e-3)
    outside = with_hole() == 1.0
    np.testing.assert_array_equal(start[outside], styled[outside])


def test_shift_is_local(content: np.ndarray) -> None:
    shift = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    shift[:, : WIDTH // 2], shift[:, WIDTH // 2 :] = 0.2, -0.2
    reliability = np.ones((HEIGHT, WIDTH), np.float32)
    reliability[28:36, 8:14] = reliability[28:36, 82:88] = 0.0
    start = start_image(content, content, content + shift, reliability)
    np.testing.assert_allclose((start - content)[28:36, 8:14], 0.2, atol=5e-3)
    np.testing.assert_allclose((start - content)[28:36, 82:88], -0.2, atol=5e-3)


def test_without_any_evidence_it_is_the_render(content: np.ndarray) -> None:
    nothing = np.zeros((HEIGHT, WIDTH), np.float32)
    np.testing.assert_allclose(start_image(content, content, 0 * content, nothing), content, atol=1e-6)


def test_far_from_all_evidence_it_is_the_render() -> None:
    content = np.full((HEIGHT, 200, 3), 0.5, np.float32)
    reliability = np.zeros((HEIGHT, 200), np.float32)
    reliability[:, :8] = 1.0
    start = start_image(content, content, content + 0.3, reliability)
    np.testing.assert_allclose(start[:, 120:], 0.5, atol=1e-3)


def test_half_reliable_pixels_are_a_mixture(content: np.ndarray) -> None:
    half = np.full((HEIGHT, WIDTH), 0.5, np.float32)
    styled = content + 0.1
    before = content - 0.1
    # The moved result is half of it, the recoloured render (content + 0.2) the other half.
    start = start_image(content, before, styled, half)
    np.testing.assert_allclose(start, content + 0.15, atol=1e-3)


def test_result_stays_within_the_range(content: np.ndarray) -> None:
    start = start_image(content, 0 * content, 0 * content + 1.0, with_hole())
    assert start.dtype == np.float32
    assert start.min() >= 0.0
    assert start.max() <= 1.0
