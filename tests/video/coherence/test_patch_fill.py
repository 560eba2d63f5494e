"""Patch fill: strokes that are copied into disoccluded areas."""

from __future__ import annotations

import numpy as np
import pytest

from video.coherence.patch_fill import patch_fill

HEIGHT, WIDTH = 96, 160


def stripes(period: int) -> np.ndarray:
    rows = np.arange(HEIGHT)[:, None, None]
    return np.broadcast_to(0.2 * np.sign(np.sin(2.0 * np.pi * rows / period)), (HEIGHT, WIDTH, 3)).astype(
        np.float32
    )


@pytest.fixture
def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Content in two colors, left with weak strokes and right with strong ones, and a hole on the right."""
    content = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    content[:, : WIDTH // 2] = 0.8, 0.1, 0.1
    content[:, WIDTH // 2 :] = 0.1, 0.1, 0.8
    strokes = stripes(12)
    strokes[:, WIDTH // 2 :] = 2.0 * stripes(6)[:, WIDTH // 2 :]
    reliability = np.ones((HEIGHT, WIDTH), np.float32)
    reliability[30:60, 100:125] = 0.0
    return content, strokes, reliability


def test_a_hole_gets_the_strokes_of_what_looks_alike(
    scene: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    content, strokes, reliability = scene
    torn = strokes * reliability[..., None]
    filled = patch_fill(content, torn, reliability)[reliability == 0.0]
    # Those of the blue half are twice as strong as those of the red one.
    assert np.abs(filled).mean() == pytest.approx(0.4, abs=0.04)


def test_nothing_comes_from_where_nothing_is_known(scene: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    content, strokes, _ = scene
    assert not patch_fill(content, strokes, np.zeros((HEIGHT, WIDTH), np.float32)).any()


def test_large_frames_are_filled_at_their_own_resolution() -> None:
    content = np.full((400, 700, 3), 0.5, np.float32)
    rows = np.arange(400)[:, None, None]
    strokes = np.broadcast_to(np.where(rows % 4 < 2, 0.3, -0.3), content.shape).astype(np.float32)
    reliability = np.ones((400, 700), np.float32)
    reliability[150:200, 300:400] = 0.0
    hole = patch_fill(content, strokes, reliability)[150:200, 300:400]
    np.testing.assert_allclose(np.abs(hole), 0.3, atol=1e-6)
