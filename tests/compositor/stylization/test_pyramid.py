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
from compositor.settings import StyleSettings
from compositor.stylization.pyramid import Scale, frame_scales, octave_sizes, scale_sizes

sides = st.integers(SMALLEST_SIDE, 5000)


def cold_scales(size: tuple[int, int], steps: int) -> list[Scale]:
    return frame_scales(*size, StyleSettings(), steps, is_warm_start=False)


@given(sides, sides, st.integers(32, 1024))
def test_scales_grow_by_root_two_to_the_full_size(height: int, width: int, coarsest: int) -> None:
    sizes = scale_sizes(height, width, coarsest, has_octaves=False)
    assert sizes[-1] == (height, width)
    for smaller, larger in pairwise(sizes):
        for few, many in zip(smaller, larger, strict=True):
            assert many == pytest.approx(few * math.sqrt(2.0), abs=1.3)
    for size in sizes[:-1]:
        assert min(size) >= 2 * SMALLEST_SIDE
        assert max(size) >= 0.85 * coarsest


@given(sides, sides, st.integers(32, 1024))
def test_the_scales_of_a_large_frame_are_its_octaves_and_those_of_the_coarsest_one(
    height: int, width: int, coarsest: int
) -> None:
    octaves = octave_sizes(height, width)[::-1]
    below = scale_sizes(*octaves[0], coarsest, has_octaves=False)
    assert scale_sizes(height, width, coarsest) == [*below, *octaves[1:]]


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


@given(sides, sides, st.integers(0, 2000), st.booleans())
def test_shares_sum_to_the_steps(height: int, width: int, more: int, local: bool) -> None:
    settings = StyleSettings(local_weight=2.0 if local else 0.0)
    steps = 12 + more
    scales = frame_scales(height, width, settings, steps, is_warm_start=False)
    assert scales[-1].size == (height, width)
    assert min(each.steps for each in scales) >= 1
    assert sum(each.steps for each in scales) == steps


@given(st.integers(32, 639), st.integers(100, 2000))
def test_full_size_of_a_small_frame_gets_half_and_the_coarse_scales_share_evenly(
    width: int, steps: int
) -> None:
    *coarse, full = (each.steps for each in cold_scales((400, width), steps))
    assert full == pytest.approx(steps / 2, abs=1) or not coarse
    assert not coarse or max(coarse) - min(coarse) <= 1


@pytest.mark.parametrize(
    ("size", "shares"),
    [
        ((270, 480), {240: 38, 339: 37, 480: 75}),
        ((360, 640), {240: 63, 339: 45, 480: 31, 640: 11}),
        ((540, 960), {240: 65, 339: 46, 480: 32, 960: 7}),
        ((1080, 1920), {240: 62, 339: 44, 480: 31, 960: 7, 1920: 7}),
    ],
)
def test_a_large_frame_takes_fewer_steps_the_larger_the_scale(
    size: tuple[int, int], shares: dict[int, int]
) -> None:
    scales = cold_scales(size, 150)
    assert {each.size[1]: each.steps for each in scales} == pytest.approx(shares, abs=1)
    assert sum(each.steps for each in scales) == 150


def test_the_published_objective_has_half_of_the_steps_at_full_size_whatever_that_is() -> None:
    settings = StyleSettings(local_weight=0.0)
    cold = frame_scales(540, 960, settings, 200, is_warm_start=False)
    assert [each.steps for each in cold] == [25, 25, 25, 25, 100]
    assert frame_scales(540, 960, settings, 20, is_warm_start=True) == [Scale((540, 960), 20)]


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((270, 480), [Scale((270, 480), 20)]),
        ((359, 639), [Scale((359, 639), 20)]),
        ((360, 640), [Scale((270, 480), 9), Scale((360, 640), 0)]),
        ((1920, 1080), [Scale((480, 270), 9), Scale((1920, 1080), 0)]),
        ((16, 4000), [Scale((16, 4000), 20)]),
    ],
)
def test_a_large_warm_frame_takes_fewer_steps_all_at_its_coarsest_octave(
    size: tuple[int, int], wanted: list[Scale]
) -> None:
    assert frame_scales(*size, StyleSettings(), 20, is_warm_start=True) == wanted


def test_fewer_steps_than_scales_still_visit_every_scale() -> None:
    for size in ((200, 320), (540, 960)):
        assert {each.steps for each in cold_scales(size, 1)} == {1}
    warm = frame_scales(540, 960, StyleSettings(), 1, is_warm_start=True)
    assert [each.steps for each in warm] == [1, 0]


@pytest.mark.parametrize(("height", "width"), [(7, 9), (30, 40), (15, 80)])
def test_resizing_keeps_a_constant_picture(height: int, width: int) -> None:
    resized = resize(torch.full((1, 3, 15, 20), 0.3), height, width)
    torch.testing.assert_close(resized, torch.full((1, 3, height, width), 0.3))


def test_shrinking_averages_instead_of_picking() -> None:
    stripes = torch.arange(64).remainder(2).float().expand(1, 3, 64, 64)
    inner = resize(stripes, 16, 16)[..., 2:-2, 2:-2]
    torch.testing.assert_close(inner, torch.full_like(inner, 0.5), atol=0.02, rtol=0.0)
