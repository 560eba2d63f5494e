"""High-frequency share of pictures whose spectrum is known."""

from __future__ import annotations

import numpy as np
import pytest

from compositor.image_ops.resize import fit_array
from video.paintings.painting import Painting, paint
from video.reports.high_frequency import HighFrequencyRatio, high_frequency_share

SIZE = 160, 240
WHITE = 1.0 - np.pi / 16.0


def wave(cycles_across: int, cycles_down: int = 0) -> np.ndarray:
    """A wave with so many periods over the picture, (H, W)."""
    height, width = SIZE
    phase = cycles_across * np.arange(width)[None] / width + cycles_down * np.arange(height)[:, None] / height
    return np.cos(2.0 * np.pi * phase).astype(np.float32)


def in_gray(luma: np.ndarray) -> np.ndarray:
    return np.repeat(0.5 + 0.2 * luma[..., None], 3, axis=2).astype(np.float32)


@pytest.mark.parametrize("size", [(160, 240), (161, 241)])
def test_white_noise_has_what_lies_outside_of_the_circle(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(5).normal(0.5, 0.1, (*size, 3)).astype(np.float32)
    share = high_frequency_share(noise)
    assert share.luma == pytest.approx(WHITE, abs=0.01)
    assert share.chroma == pytest.approx(WHITE, abs=0.01)


@pytest.mark.parametrize(
    ("across", "down", "share"), [(50, 0, 0.0), (70, 0, 1.0), (0, 30, 0.0), (50, 35, 1.0), (40, 26, 0.0)]
)
def test_a_wave_counts_where_its_radial_frequency_is_above_half_nyquist(
    across: int, down: int, share: float
) -> None:
    found = high_frequency_share(in_gray(wave(across, down)))
    assert found.luma == pytest.approx(share, abs=1e-3)
    assert found.chroma == 0.0


def test_the_border_is_no_fine_detail() -> None:
    ramp = in_gray(np.linspace(-1.0, 1.0, SIZE[1], dtype=np.float32) * np.ones((SIZE[0], 1), np.float32))
    assert high_frequency_share(ramp).luma < 1e-6
    assert high_frequency_share(np.full((*SIZE, 3), 0.3, np.float32)) == (0.0, 0.0)


def test_luma_and_chroma_are_apart() -> None:
    coarse, fine = wave(12), wave(90)
    image = in_gray(coarse)
    # Along this direction red and blue change, and the luma does not.
    image += 0.1 * fine[..., None] * np.array([0.0722, 0.0, -0.2126], np.float32)
    found = high_frequency_share(image)
    assert found.luma == pytest.approx(0.0, abs=1e-4)
    assert found.chroma == pytest.approx(1.0, abs=1e-3)
    half = high_frequency_share(in_gray(coarse) + in_gray(fine) - 0.5)
    assert half.luma == pytest.approx(0.5, abs=1e-3)


def test_the_ratio_is_to_the_painting_at_the_same_size() -> None:
    painting = paint(Painting.KNIFE, 240, 160)
    ratio = HighFrequencyRatio([painting])
    assert ratio.of(painting) == pytest.approx((1.0, 1.0))
    # A smaller frame meets the painting reduced, a larger one is reduced itself.
    assert ratio.of(fit_array(painting, 120)) == pytest.approx((1.0, 1.0))
    enlarged = np.repeat(np.repeat(painting, 2, axis=0), 2, axis=1)
    again, share = high_frequency_share(fit_array(enlarged, 240)), high_frequency_share(painting)
    assert ratio.of(enlarged).luma == pytest.approx(again.luma / share.luma, rel=1e-4)
    noisy = painting + np.random.default_rng(1).normal(0.0, 0.05, painting.shape).astype(np.float32)
    found = ratio.of(noisy)
    assert found.luma == pytest.approx(
        high_frequency_share(noisy).luma / high_frequency_share(painting).luma, rel=1e-4
    )
    assert found.luma > 1.1
