"""Adam's steps on pixels, against what its equations say."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from compositor.optimization.adam import Moments, PixelAdam

RATE = 0.01


def gray(height: int = 48, width: int = 64) -> Tensor:
    return torch.full((1, 3, height, width), 0.5)


@pytest.mark.parametrize("strength", [1e-4, 1.0, 1e4])
def test_constant_gradient_moves_every_pixel_by_the_rate(strength: float) -> None:
    image = gray()
    adam = PixelAdam(image, None)
    for step in range(1, 6):
        adam.step(torch.full_like(image, strength), RATE)
        torch.testing.assert_close(image, gray() - step * RATE)


def test_step_goes_against_the_sign_of_the_gradient() -> None:
    image, sign = gray(), torch.ones(1, 3, 48, 64)
    sign[..., ::2] = -1.0
    PixelAdam(image, None).step(sign, RATE)
    torch.testing.assert_close(image, gray() - RATE * sign)


def test_a_pixel_with_hardly_any_gradient_rests_beside_others() -> None:
    # Adam with a second moment per pixel would move all of them by the rate.
    image, gradient = gray(), torch.ones(1, 3, 48, 64)
    gradient[..., 20:24, 20:24] = 1e-4
    PixelAdam(image, None).step(gradient, RATE)
    moved = (image - gray()).abs()
    assert moved[..., 20:24, 20:24].max() < 2e-4 * RATE
    assert moved[..., 40:, 50:].min() > 0.9 * RATE


def test_a_calm_region_far_from_a_strong_one_keeps_its_own_scale() -> None:
    image, gradient = gray(64, 256), torch.ones(1, 3, 64, 256)
    gradient[..., 128:] = 1e-3
    PixelAdam(image, None).step(gradient, RATE)
    torch.testing.assert_close(image[..., 200:], gray(64, 56) - RATE)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 33), (50, 70)])
def test_sizes_that_are_no_multiple_of_the_cell(height: int, width: int) -> None:
    image = gray(height, width)
    PixelAdam(image, None).step(torch.ones_like(image), RATE)
    torch.testing.assert_close(image, gray(height, width) - RATE)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_pixels_stay_within_the_range(sign: float) -> None:
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    adam = PixelAdam(image, None)
    for _ in range(4):
        adam.step(torch.full_like(image, sign), 0.5)
    assert image.unique().tolist() == [0.0 if sign > 0 else 1.0]


def test_no_gradient_at_all_moves_nothing() -> None:
    image = gray()
    PixelAdam(image, None).step(torch.zeros_like(image), RATE)
    assert torch.equal(image, gray())


def test_moments_carry_on_at_the_next_scale() -> None:
    coarse = gray(24, 32)
    adam = PixelAdam(coarse, None)
    for _ in range(3):
        adam.step(torch.ones_like(coarse), RATE)
    moments = adam.moments.resized(48, 64)
    assert moments.mean.shape == (1, 3, 48, 64)
    assert moments.square.shape == (1, 1, 48, 64)
    assert moments.step == 3
    fine = gray()
    # The momentum of the coarse steps goes on even where the first fine gradient is zero.
    PixelAdam(fine, moments).step(torch.zeros_like(fine), RATE)
    assert (fine < 0.5 - 0.5 * RATE).all()


def test_resized_second_moment_is_never_negative() -> None:
    spike = torch.zeros(1, 1, 24, 32)
    spike[..., 12, 16] = 1.0
    resized = Moments(torch.zeros(1, 3, 24, 32), spike, 1).resized(48, 64)
    assert resized.square.min() >= 0.0
    assert resized.square.max() > 0.3
