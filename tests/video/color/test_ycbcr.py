"""Planes of luma and color differences become RGB, to the values of the standards."""

from __future__ import annotations

import numpy as np
import pytest

from video.color.ycbcr import Sampling, rgb_from_planes, ycbcr_planes

COLORS = np.array([[(1, 1, 1), (0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 0.25, 0.75)]], np.float32)
# BT.601, BT.709 and BT.2020 in 8 bits and narrow range, reckoned by hand from the standards' equations.
CODES = {
    5: [(235, 128, 128), (16, 128, 128), (81, 90, 240), (145, 54, 34), (41, 240, 110), (100, 175, 147)],
    1: [(235, 128, 128), (16, 128, 128), (63, 102, 240), (173, 42, 26), (32, 240, 118), (90, 178, 151)],
    9: [(235, 128, 128), (16, 128, 128), (74, 97, 240), (164, 47, 25), (29, 240, 119), (92, 176, 151)],
}


@pytest.mark.parametrize("matrix", CODES)
def test_codes_of_the_standards(matrix: int) -> None:
    planes = [np.array([[code[place] for code in CODES[matrix]]], np.uint8) for place in range(3)]
    found = rgb_from_planes(planes, Sampling(8, False, matrix))
    assert found.dtype == np.float32
    assert np.abs(found - COLORS).max() * 255.0 < 2.0


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_what_is_written_is_read(bits: int) -> None:
    picture = np.random.default_rng(1).random((9, 13, 3), np.float32)
    found = rgb_from_planes(ycbcr_planes(picture, bits, halved=False), Sampling(bits, False, 1))
    assert np.abs(found - picture).max() < 2.5 / 2**bits * 1.2


def test_full_range_and_green_first() -> None:
    planes = [np.array([[each]], np.uint8) for each in (255, 128, 128)]
    assert rgb_from_planes(planes, Sampling(8, True, 1)).min() == 1.0
    assert rgb_from_planes(planes, Sampling(8, False, 1)).max() == 1.0
    # YCgCo of pure green: luma a half, green's difference a half.
    green = [np.array([[each]], np.uint8) for each in (128, 255, 128)]
    np.testing.assert_allclose(rgb_from_planes(green, Sampling(8, True, 8))[0, 0], (0, 1, 0), atol=0.01)


@pytest.mark.parametrize(("down", "across"), [(1, 2), (2, 2), (2, 1), (1, 4)])
@pytest.mark.parametrize("size", [(8, 16), (9, 13)])
def test_color_differences_cover_their_pixels(down: int, across: int, size: tuple[int, int]) -> None:
    height, width = size
    rows, columns = -(-height // down), -(-width // across)
    luma = np.full(size, 128, np.uint8)
    blue = np.tile(np.where(np.arange(columns) % 2 == 0, 100, 156).astype(np.uint8), (rows, 1))
    red = np.full((rows, columns), 128, np.uint8)
    found = rgb_from_planes([luma, blue, red], Sampling(8, False, 1))
    assert found.shape == (*size, 3)
    if across <= 2:
        own = blue.repeat(down, axis=0).repeat(across, axis=1)[:height, :width]
        np.testing.assert_array_equal(found[..., 2] > 0.5, own > 128)
