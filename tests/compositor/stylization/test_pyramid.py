"""The scales of a cold start, the share of steps each gets, and resizing."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from compositor.image_ops.arrays import SMALLEST_SIDE
from compositor.image_ops.resize import halved, resize
from compositor.stylization.pyramid import octave_sizes, scale_sizes, share_steps

sides = st.integers(SMALLEST_SIDE, 5000)


@given(sides, sides, st.integers(32, 1024))
def test_scales_grow_by_root_two_to_the_full_size(height: int, width: int, coarsest: int) -> None:
    sizes = scale_sizes(height, width, coarsest)
    assert sizes[-1] == (height, width)
    for smaller, larger in pairwise(sizes):
        for few, many in zip(smaller, larger, strict=True):
            assert many == pytest.approx(few * math.sqrt(2.0), abs=1.3)
    for size in sizes[:-1]:
        assert min(size) >= 2 * SMALLEST_SIDE
        assert max(size) >= 0.85 * coarsest


def test_the_coarsest_scale_may_be_a_little_smaller_than_asked_for() -> None:
    assert scale_sizes(180, 320, 128) == [(64, 113), (90, 160), (127, 226), (180, 320)]


@pytest.mark.parametrize(("height", "width"), [(16, 16), (30, 2000), (48, 64)])
def test_a_picture_that_cannot_be_halved_has_one_scale(height: int, width: int) -> None:
    assert scale_sizes(height, width, 128) == [(height, width)]


@pytest.mark.parametrize(
    ("size", "octaves"),
    [
        ((270, 480), 1),
        ((360, 639), 1),
        ((360, 640), 2),
        ((1080, 1920), 3),
        ((641, 1281), 3),
        ((2160, 3840), 4),
        ((16, 4000), 1),
        ((33, 4000), 2),
    ],
)
def test_octaves_go_down_to_320_px(size: tuple[int, int], octaves: int) -> None:
    sizes = octave_sizes(*size)
    assert sizes[0] == size
    assert len(sizes) == octaves
    image = torch.zeros(1, 1, *size)
    for height, width in sizes[1:]:
        image = halved(image)
        assert image.shape[-2:] == (height, width)


def test_halving_takes_means_and_keeps_a_last_row_and_column() -> None:
    image = torch.arange(15.0).view(1, 1, 3, 5)
    assert halved(image)[0, 0].tolist() == [[3.0, 5.0, 6.5], [10.5, 12.5, 14.0]]


@given(st.integers(1, 12), st.integers(0, 2000))
def test_shares_sum_to_the_steps(scales: int, more: int) -> None:
    steps = scales + more
    shares = share_steps(steps, scales)
    assert len(shares) == scales
    assert min(shares) >= 1
    assert sum(shares) == steps


@given(st.integers(2, 12), st.integers(100, 2000))
def test_full_size_gets_half_and_the_coarse_scales_share_evenly(scales: int, steps: int) -> None:
    *coarse, full = share_steps(steps, scales)
    assert full == pytest.approx(steps / 2, abs=1)
    assert max(coarse) - min(coarse) <= 1


def test_fewer_steps_than_scales_still_visit_every_scale() -> None:
    assert share_steps(1, 3) == [1, 1, 1]


@pytest.mark.parametrize(("height", "width"), [(7, 9), (30, 40), (15, 80)])
def test_resizing_keeps_a_constant_picture(height: int, width: int) -> None:
    resized = resize(torch.full((1, 3, 15, 20), 0.3), height, width)
    torch.testing.assert_close(resized, torch.full((1, 3, height, width), 0.3))


def test_shrinking_averages_instead_of_picking() -> None:
    stripes = torch.arange(64).remainder(2).float().expand(1, 3, 64, 64)
    inner = resize(stripes, 16, 16)[..., 2:-2, 2:-2]
    torch.testing.assert_close(inner, torch.full_like(inner, 0.5), atol=0.02, rtol=0.0)
