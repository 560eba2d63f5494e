"""Sharpening on images whose right answer is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from compositor.image_ops.resize import resize
from compositor.image_ops.sharpening import sharpened

HEIGHT, WIDTH = 48, 96


def waves(length: float, height: float = 0.1) -> Tensor:
    """Vertical waves of so many pixels around gray."""
    columns = torch.arange(WIDTH, dtype=torch.float32) * (2.0 * torch.pi / length)
    return (0.5 + height * torch.sin(columns)).expand(1, 3, HEIGHT, WIDTH).contiguous()


def luma(image: Tensor) -> Tensor:
    return (image * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(dim=1)


def steepest(image: Tensor) -> float:
    return float(luma(image).diff(dim=-1).abs().max())


@pytest.mark.parametrize("amount", [0.0, 1.2])
def test_one_color_stays_that_color(amount: float) -> None:
    image = torch.tensor([0.9, 0.4, 0.05]).view(1, 3, 1, 1).expand(1, 3, HEIGHT, WIDTH).contiguous()
    torch.testing.assert_close(sharpened(image, 2.0, amount), image)


def test_without_an_amount_it_is_the_same_image() -> None:
    image = waves(8.0)
    assert sharpened(image, 2.0, 0.0) is image


def test_an_edge_becomes_steeper_and_gets_no_line_beside_it() -> None:
    step = (torch.arange(WIDTH // 2) < WIDTH // 4).float() * 0.4 + 0.3
    soft = resize(step.expand(1, 3, HEIGHT // 2, WIDTH // 2).contiguous(), HEIGHT, WIDTH)
    soft = soft.clamp(0.3, 0.7)
    sharp = sharpened(soft, 2.0, 1.2)
    assert steepest(sharp) > 1.2 * steepest(soft)
    # A twentieth of the step's height is allowed; four times as much sharpening uses it up.
    for image, atol in ((sharp, 5e-3), (sharpened(soft, 2.0, 4.8), 1e-5)):
        assert float(image.max()) <= 0.7 + 0.05 * 0.4 + 1e-6
        assert float(image.max()) == pytest.approx(0.7 + 0.05 * 0.4, abs=atol)
        assert float(image.min()) == pytest.approx(0.3 - 0.05 * 0.4, abs=atol)


def test_short_waves_grow_by_what_the_mask_says_and_long_ones_stay() -> None:
    """A blur of 1.5 px takes exp(-(2π·1.5/12)²/2) of a wave of 12 px: 0.73, so that 1.2 times 0.27 is added,
    or what the allowed overshoot leaves of that."""
    short, long = waves(12.0), waves(96.0)
    slope = steepest(sharpened(short, 2.0, 1.2)[..., 12:-12]) / steepest(short)
    assert slope == pytest.approx(1.0 + 1.2 * 0.266, abs=0.03)
    torch.testing.assert_close(sharpened(long, 2.0, 1.2)[..., 12:-12], long[..., 12:-12], atol=2e-3, rtol=0.0)


def test_red_green_and_blue_of_a_pixel_change_by_the_same() -> None:
    generator = torch.Generator().manual_seed(0)
    image = 0.3 + 0.4 * resize(torch.rand(1, 3, 24, 48, generator=generator), HEIGHT, WIDTH).clamp(0.0, 1.0)
    change = sharpened(image, 2.0, 1.2) - image
    assert float(change.abs().max()) > 0.01
    torch.testing.assert_close(change[:, 0], change[:, 1], atol=1e-6, rtol=0.0)
    torch.testing.assert_close(change[:, 0], change[:, 2], atol=1e-6, rtol=0.0)


def test_an_image_that_was_enlarged_more_is_sharpened_more_widely() -> None:
    image = waves(24.0)
    twice, threefold = (steepest(sharpened(image, factor, 1.2)[..., 24:-24]) for factor in (2.0, 3.0))
    assert threefold > 1.05 * twice


def test_it_moves_with_what_is_sharpened() -> None:
    generator = torch.Generator().manual_seed(1)
    image = resize(torch.rand(1, 3, 24, 48, generator=generator), HEIGHT, WIDTH).clamp(0.0, 1.0)
    moved = sharpened(torch.roll(image, (3, 5), (2, 3)), 2.0, 1.2)
    still = torch.roll(sharpened(image, 2.0, 1.2), (3, 5), (2, 3))
    torch.testing.assert_close(moved[..., 14:-14, 16:-16], still[..., 14:-14, 16:-16])
