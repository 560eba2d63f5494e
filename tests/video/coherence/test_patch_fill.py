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
    # Those of the blue half are twice as strong as those of the red one; where patches meet they are weaker.
    assert np.abs(filled).mean() == pytest.approx(0.4, abs=0.07)


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
    assert np.abs(hole).mean() == pytest.approx(0.3, abs=0.05)


def test_copies_are_as_strong_as_the_surroundings_of_their_color() -> None:
    """Right beside the hole strokes are weak, as copies of copies are, and the farther the stronger."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    away = np.hypot(rows - HEIGHT // 2, columns - WIDTH // 2)
    strength = np.clip(0.05 + 0.25 * (away - 10.0) / 40.0, 0.05, 0.3)[..., None]
    strokes = (strength * np.sign(stripes(8))).astype(np.float32)
    reliability = (away >= 10.0).astype(np.float32)

    def filled(farther: float) -> float:
        content = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
        content[away > 30.0] = farther
        result = patch_fill(content, strokes * reliability[..., None], reliability)
        return float(np.abs(result[reliability == 0.0]).mean())

    beside = float(strength[(away >= 10.0) & (away < 14.0)].mean())
    assert beside < 0.065
    # The same color ends within 30 px.
    within = float(strength[(away >= 10.0) & (away < 30.0)].mean())
    assert filled(0.9) == pytest.approx(within, abs=0.02)
    assert filled(0.5) > filled(0.9) + 0.01


def test_strokes_run_on_from_the_same_surface_alone() -> None:
    # A red object has uncovered a strip of blue: its broad stripes are not to go on there, the fine ones are.
    content = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    content[:, :40], content[:, 40:] = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)
    truth = stripes(8)
    strokes = truth.copy()
    strokes[:, :40] = stripes(24)[:, :40]
    reliability = np.ones((HEIGHT, WIDTH), np.float32)
    reliability[:, 40:46] = 0.0
    filled = patch_fill(content, strokes * reliability[..., None], reliability)[8:-8, 40:46]
    # No seam: stripes meet their like at the border.
    assert np.abs(filled - truth[8:-8, 40:46]).mean() < 0.05


def test_copied_strokes_have_no_other_tone_than_those_beside_the_hole() -> None:
    content = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    strokes = np.broadcast_to(np.linspace(-0.3, 0.3, WIDTH, dtype=np.float32)[None, :, None], content.shape)
    reliability = np.ones((HEIGHT, WIDTH), np.float32)
    reliability[:, 60:66] = 0.0
    filled = patch_fill(content, strokes * reliability[..., None], reliability)[:, 60:66]
    np.testing.assert_allclose(filled, strokes[:, 60:66], atol=0.04)


def test_what_is_ignored_is_neither_filled_nor_copied() -> None:
    content = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    strokes, ignored = stripes(8), np.zeros((HEIGHT, WIDTH), bool)
    ignored[:, 46:48] = True
    strokes[ignored] = 5.0
    reliability = np.where(ignored, np.float32(0.0), np.float32(1.0))
    assert not patch_fill(content, strokes, reliability, ignored).any()
    reliability[:, 40:46] = 0.0
    filled = patch_fill(content, strokes, reliability, ignored)[:, 40:46]
    assert np.abs(filled).max() < 0.5
