"""The scales of a cold start, the share of steps each gets, and resizing."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from compositor.image_ops.arrays import SMALLEST_SIDE
from compositor.image_ops.resize import reduced, resize
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
        ((719, 1279), 2),
        ((720, 1280), 3),
        ((1080, 1920), 3),
        ((3840, 2160), 4),
    ],
)
def test_octaves_end_at_the_same_size(size: tuple[int, int], octaves: int) -> None:
    sizes = octave_sizes(*size)
    assert sizes[0] == size
    assert len(sizes) == octaves
    longer = [max(each) for each in sizes]
    if octaves > 1:
        assert longer[-1] == 480
    for finer, coarser in pairwise(longer):
        assert 1.3 < finer / coarser < 2.7


@pytest.mark.parametrize(("size", "octaves"), [((16, 4000), 1), ((34, 4000), 2), ((4000, 150), 4)])
def test_octaves_of_a_long_narrow_picture_end_where_the_network_does(
    size: tuple[int, int], octaves: int
) -> None:
    assert len(octave_sizes(*size)) == octaves


def test_a_reduced_image_has_means_over_areas() -> None:
    image = torch.arange(15.0).view(1, 1, 3, 5)
    assert reduced(image, 1, 5)[0, 0].tolist() == [[5.0, 6.0, 7.0, 8.0, 9.0]]
    assert reduced(image, 3, 2)[0, 0].flatten().tolist() == pytest.approx([0.8, 3.2, 5.8, 8.2, 10.8, 13.2])


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_a_reduced_image_keeps_its_mean_and_its_evenness(
    height: int, width: int, data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    image = torch.rand(1, 2, height, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert float(reduced(image, *size).mean()) == pytest.approx(float(image.mean()))
    assert torch.allclose(
        reduced(torch.ones_like(image), *size), torch.ones(1, 2, *size, dtype=torch.float64)
    )


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
