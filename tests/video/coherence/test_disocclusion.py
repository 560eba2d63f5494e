"""Disocclusion: the warped result where it is reliable, the render in the style's colors elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from tests.video.moving_pictures import waves
from video.coherence.disocclusion import fill_disocclusions, held_beside

HEIGHT, WIDTH = 64, 96
HOLE = (slice(24, 40), slice(40, 56))


@pytest.fixture
def content() -> np.ndarray:
    """A render with room for a shift of color on both sides."""
    return 0.3 + 0.4 * waves(HEIGHT, WIDTH)


def flat(value: float) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), value, np.float32)


def with_hole() -> np.ndarray:
    reliability = np.ones((HEIGHT, WIDTH), np.float32)
    reliability[HOLE] = 0.0
    return reliability


def test_is_the_moved_result_where_everything_is_reliable(content: np.ndarray) -> None:
    styled = waves(HEIGHT, WIDTH, 30.0)
    reliability = np.ones((HEIGHT, WIDTH), np.float32)
    np.testing.assert_allclose(fill_disocclusions(content, styled, reliability), styled, atol=1e-6)


def test_a_hole_gets_the_render_shifted_by_the_color_of_its_surroundings() -> None:
    content, shift = flat(0.5), np.array([0.2, -0.1, 0.05], np.float32)
    start = fill_disocclusions(content, content + shift, with_hole())
    np.testing.assert_allclose(start[HOLE], (content + shift)[HOLE], atol=1e-3)


def test_a_hole_before_two_surfaces_gets_each_ones_own_colors() -> None:
    # A floor and a wall, of which the style makes one red and the other blue; the hole lies across both.
    content, target = flat(0.3), flat(0.2)
    content[: HEIGHT // 2] = 0.7
    target[: HEIGHT // 2, :, 0], target[HEIGHT // 2 :, :, 2] = 0.9, 0.9
    wanted = target.copy()
    target[HOLE] = 0.0
    start = fill_disocclusions(content, target, with_hole())
    np.testing.assert_allclose(start[HOLE], wanted[HOLE], atol=0.05)


def test_outside_of_a_hole_it_is_the_earlier_result(content: np.ndarray) -> None:
    styled = waves(HEIGHT, WIDTH, 30.0)
    outside = with_hole() == 1.0
    np.testing.assert_array_equal(fill_disocclusions(content, styled, with_hole())[outside], styled[outside])


def test_shift_is_local() -> None:
    content, shift = flat(0.5), np.zeros((HEIGHT, WIDTH, 3), np.float32)
    shift[:, : WIDTH // 2], shift[:, WIDTH // 2 :] = 0.2, -0.2
    reliability = np.ones((HEIGHT, WIDTH), np.float32)
    reliability[28:36, 8:14] = reliability[28:36, 82:88] = 0.0
    start = fill_disocclusions(content, content + shift, reliability)
    np.testing.assert_allclose((start - content)[28:36, 8:14], 0.2, atol=0.02)
    np.testing.assert_allclose((start - content)[28:36, 82:88], -0.2, atol=0.02)


def test_without_any_evidence_it_is_the_render(content: np.ndarray) -> None:
    nothing = np.zeros((HEIGHT, WIDTH), np.float32)
    np.testing.assert_allclose(fill_disocclusions(content, 0 * content, nothing), content, atol=1e-6)


def test_far_from_all_evidence_it_is_the_render() -> None:
    content = np.full((HEIGHT, 200, 3), 0.5, np.float32)
    reliability = np.zeros((HEIGHT, 200), np.float32)
    reliability[:, :8] = 1.0
    start = fill_disocclusions(content, content + 0.3, reliability)
    np.testing.assert_allclose(start[:, 190:], 0.5, atol=0.01)


def test_half_reliable_pixels_are_a_mixture() -> None:
    half = np.full((HEIGHT, WIDTH), 0.5, np.float32)
    fine = 0.1 * (-1.0) ** np.arange(WIDTH)[None, :, None] * np.ones((HEIGHT, 1, 3))
    target = (flat(0.7) + fine).astype(np.float32)
    start = fill_disocclusions(flat(0.5), target, half)
    # Half of it is the target, the other half the render with the mean shift around it, and with strokes that
    # run on from the target's: no weaker than half of them, no stronger than all.
    assert float(start.mean()) == pytest.approx(0.7, abs=5e-3)
    share = (start - 0.7) / fine
    assert share.min() > 0.45
    assert share.max() < 1.05


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 400), (270, 480)])
def test_every_size_is_recolored(height: int, width: int) -> None:
    content = np.full((height, width, 3), 0.4, np.float32)
    reliability = np.ones((height, width), np.float32)
    reliability[height // 2 - 3 : height // 2 + 3, 4:12] = 0.0
    np.testing.assert_allclose(fill_disocclusions(content, content + 0.2, reliability), 0.6, atol=1e-3)


def test_result_stays_within_the_range(content: np.ndarray) -> None:
    start = fill_disocclusions(content, 0 * content + 1.0, with_hole())
    assert start.dtype == np.float32
    assert start.min() >= 0.0
    assert start.max() <= 1.0


FLAT = np.full((240, 480), 5.0, np.float32)


def test_strokes_beside_a_wide_disocclusion_are_held_less() -> None:
    known = np.ones((240, 480), np.float32)
    known[:, 200:220] = 0.0
    held = held_beside(known, FLAT)
    assert held.dtype == np.float32
    assert held[:, 200:220].max() < 0.05
    assert (np.diff(held[120, 219:225]) > 0.0).all()
    # A band of a 48th of 480 px, with the square of the distance to the area's last pixel.
    assert held[120, 222] == pytest.approx(0.02 + 0.98 * (3.0 / 10.0) ** 2, abs=0.01)
    assert held[120, 189] == held[120, 230] == 1.0


def test_beside_a_narrower_one_the_band_is_narrower() -> None:
    known = np.ones((240, 480), np.float32)
    known[:, 200:212] = 0.0
    held = held_beside(known, FLAT)
    assert held[120, 214] == pytest.approx(0.02 + 0.98 * (3.0 / 5.0) ** 2, abs=0.01)
    assert held[120, 194] == held[120, 217] == 1.0


def test_beside_what_has_come_into_the_frame_too() -> None:
    known = np.ones((240, 480), np.float32)
    known[:, 440:] = 0.0
    revealed, entered = held_beside(known, FLAT), held_beside(known, FLAT, known == 0.0)
    assert (revealed[120, 431:436] < 1.0).all()
    assert (entered[:, :435] == 1.0).all()
    assert entered[120, 438] == pytest.approx(0.02 + 0.98 * (2.0 / 5.0) ** 2, abs=0.01)


def test_what_lies_in_front_of_a_disocclusion_is_held_and_what_lies_behind_is_not() -> None:
    known, depth = np.ones((240, 480), np.float32), FLAT.copy()
    known[:, 200:220] = 0.0
    depth[:, :200], depth[:, 220:] = 3.0, 1e10
    held = held_beside(known, depth)
    assert (held[:, :200] == 1.0).all()
    assert held[:, 220:223].max() < 0.5


def test_beside_a_narrow_disocclusion_and_without_depths_they_are_held_in_full() -> None:
    known = np.ones((240, 480), np.float32)
    known[:, 200:203] = 0.0
    assert (held_beside(known, FLAT) == 1.0).all()
    known[:, 200:240] = 0.0
    assert (held_beside(known, None) == 1.0).all()


def test_what_comes_in_at_the_frame_s_border_counts_as_wide() -> None:
    known = np.ones((240, 480), np.float32)
    known[:, :4] = 0.0
    held = held_beside(known, FLAT)
    assert held[:, 4:7].max() < 0.5
    assert (held[:, 16:] == 1.0).all()
