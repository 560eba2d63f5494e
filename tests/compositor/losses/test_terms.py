"""Losses against values worked out by hand, and their gradients against finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from compositor.losses.terms import (
    STROKE_CONTRAST,
    content_distance,
    gram,
    gram_distance,
    speckle_loss,
    temporal_loss,
    tv_loss,
    with_gradients,
)


def maps(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    return content_distance((features - target).square().sum(), target.square().sum())


def style_loss(features: Tensor, target: Tensor) -> Tensor:
    return gram_distance(gram(features), target)


def has_right_gradient(loss: Callable[[Tensor], Tensor], at: Tensor) -> bool:
    return torch.autograd.gradcheck(loss, (at.clone().requires_grad_(True),))


def test_gram_of_two_pixels_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])
    assert gram(features).tolist() == [[2.5, 0.5], [0.5, 5.0]]


def test_gram_of_one_pixel_is_its_outer_product() -> None:
    features = torch.tensor([2.0, 3.0, -1.0]).view(1, 3, 1, 1)
    assert gram(features).tolist() == [[4.0, 6.0, -2.0], [6.0, 9.0, -3.0], [-2.0, -3.0, 1.0]]


def test_gram_of_a_rank_one_map_is_the_direction_times_the_mean_square() -> None:
    direction, strengths = maps(4), maps(5, 7, seed=1)
    features = (direction.view(1, 4, 1, 1) * strengths).contiguous()
    expected = strengths.square().mean() * torch.outer(direction, direction)
    torch.testing.assert_close(gram(features), expected)
    assert torch.linalg.matrix_rank(gram(features)) == 1


def test_gram_of_tiled_features_does_not_depend_on_the_map_size() -> None:
    features = maps(1, 6, 4, 5)
    torch.testing.assert_close(gram(features.repeat(1, 1, 2, 3)), gram(features))


def test_gram_is_the_same_in_channels_last_memory() -> None:
    features = maps(1, 6, 4, 5)
    torch.testing.assert_close(gram(features.contiguous(memory_format=torch.channels_last)), gram(features))


def test_gram_of_bfloat16_features_is_summed_up_in_single_precision() -> None:
    """A running sum in bfloat16 would stand still at 256 times a term; these are ten thousand terms."""
    features = (maps(1, 6, 100, 100).abs() + 0.5).to(torch.bfloat16)
    mask = maps(1, 1, 100, 100, seed=1).abs().clamp(0.0, 1.0).to(torch.bfloat16).float()
    for seen in (None, mask):
        found = gram(features, seen)
        assert found.dtype is torch.float32
        exact = gram(features.double(), None if seen is None else seen.double())
        torch.testing.assert_close(found.double(), exact, rtol=4e-3, atol=0.0)


def test_given_gradients_are_led_back_by_the_chain_rule() -> None:
    leaf = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    values = leaf.square(), leaf.sum()
    zero = with_gradients(values, [torch.tensor([1.0, 10.0, 100.0]), torch.tensor(0.5)])
    (found,) = torch.autograd.grad(leaf.prod() + zero, leaf)
    assert float(zero) == 0.0
    torch.testing.assert_close(found, torch.tensor([6.0 + 2.0 + 0.5, 3.0 + 40.0 + 0.5, 2.0 + 600.0 + 0.5]))


def test_content_loss_is_zero_at_the_target_and_one_at_zero() -> None:
    target = maps(1, 3, 4, 5)
    assert content_loss(target, target) == 0.0
    assert content_loss(torch.zeros_like(target), target).item() == pytest.approx(1.0)
    assert content_loss(1.5 * target, target).item() == pytest.approx(0.25)


def test_style_loss_is_zero_at_the_target_and_one_for_a_zero_gram() -> None:
    features = maps(1, 3, 4, 5)
    assert style_loss(features, gram(features)).item() == pytest.approx(0.0, abs=1e-30)
    assert style_loss(torch.zeros_like(features), gram(features)).item() == pytest.approx(1.0)


def test_style_loss_of_twice_the_features_is_nine() -> None:
    # The Gram matrix is four times the target, so the error three times.
    features = maps(1, 3, 4, 5)
    assert style_loss(2.0 * features, gram(features)).item() == pytest.approx(9.0)


@pytest.mark.parametrize("scale", [1e-3, 40.0])
def test_relative_losses_ignore_the_scale_of_the_features(scale: float) -> None:
    features, target = maps(1, 4, 3, 5), maps(1, 4, 3, 5, seed=1)
    torch.testing.assert_close(content_loss(scale * features, scale * target), content_loss(features, target))
    torch.testing.assert_close(
        style_loss(scale * features, gram(scale * target)), style_loss(features, gram(target))
    )


def test_losses_against_a_black_target_stay_finite() -> None:
    features = maps(1, 2, 3, 3).requires_grad_(True)
    zero = torch.zeros_like(features)
    total = content_loss(features, zero) + style_loss(features, gram(zero))
    total.backward()
    assert math.isfinite(total.item())
    assert features.grad is not None
    assert features.grad.isfinite().all()


def test_tv_of_a_ramp_is_its_squared_slope_at_every_size() -> None:
    for height, width in ((3, 4), (9, 20)):
        across = torch.arange(width, dtype=torch.float64).mul(0.01).expand(1, 3, height, width)
        down = torch.arange(height, dtype=torch.float64).mul(0.02).view(-1, 1).expand(1, 3, height, width)
        assert tv_loss(across).item() == pytest.approx(0.01**2)
        assert tv_loss(down).item() == pytest.approx(0.02**2)
        assert tv_loss(across + down).item() == pytest.approx(0.01**2 + 0.02**2)


def test_tv_of_a_constant_picture_is_zero() -> None:
    assert tv_loss(torch.full((1, 3, 5, 6), 0.7)) == 0.0


def test_speckle_of_a_single_pixel_is_its_squared_excess() -> None:
    image = torch.full((1, 3, 7, 9), 0.4, dtype=torch.float64)
    image[..., 3, 4] += 0.45
    # A ninth of it is in the mean around it, and in that of its neighbors, which it does not set apart.
    excess = 0.45 * 8.0 / 9.0 - STROKE_CONTRAST
    assert speckle_loss(image).item() == pytest.approx(excess**2 / (7 * 9))
    visible = torch.ones(1, 1, 7, 9, dtype=torch.float64)
    assert speckle_loss(image, visible).item() == pytest.approx(excess**2 / (7 * 9))
    visible[..., 3, 4] = 0.5
    assert speckle_loss(image, visible).item() == pytest.approx(0.5 * excess**2 / (7 * 9))


def test_speckle_of_edges_and_soft_strokes_is_zero() -> None:
    ramp = torch.arange(9, dtype=torch.float64).mul(0.1).expand(1, 3, 7, 9)
    edge = (torch.arange(9) > 4).double().mul(0.3).expand(1, 3, 7, 9)
    assert speckle_loss(ramp) == 0.0
    assert speckle_loss(edge) == 0.0
    assert tv_loss(edge).item() > 0.0


def test_gradient_of_speckle_loss() -> None:
    assert has_right_gradient(speckle_loss, maps(1, 3, 5, 6))


def test_temporal_loss_is_the_squared_offset_times_the_reliable_share() -> None:
    target = maps(1, 3, 4, 6)
    reliability = torch.ones(1, 1, 4, 6, dtype=torch.float64)
    assert temporal_loss(target + 0.1, target, reliability).item() == pytest.approx(0.01)
    reliability[..., :3] = 0.0
    assert temporal_loss(target + 0.1, target, reliability).item() == pytest.approx(0.005)


def test_temporal_loss_does_not_pull_unreliable_pixels() -> None:
    image = maps(1, 3, 4, 6).requires_grad_(True)
    reliability = torch.ones(1, 1, 4, 6, dtype=torch.float64)
    reliability[..., :3] = 0.0
    temporal_loss(image, torch.zeros_like(image), reliability).backward()
    assert image.grad is not None
    assert (image.grad[..., :3] == 0.0).all()
    assert (image.grad[..., 3:] != 0.0).all()


def test_gradient_of_content_loss() -> None:
    target = maps(1, 3, 4, 5)
    assert has_right_gradient(lambda features: content_loss(features, target), maps(1, 3, 4, 5, seed=1))


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (1, 5, 1, 1), (1, 1, 3, 2)])
def test_gradient_of_style_loss(shape: tuple[int, ...]) -> None:
    target = gram(maps(*shape))
    assert has_right_gradient(lambda features: style_loss(features, target), maps(*shape, seed=1))
    # As part of a weighted sum, and in the network's memory format.
    features = maps(*shape, seed=1).contiguous(memory_format=torch.channels_last)
    assert has_right_gradient(lambda features: 7.0 * style_loss(2.0 * features, target), features)


def test_gradient_of_tv_loss() -> None:
    assert has_right_gradient(tv_loss, maps(1, 3, 4, 5))


def test_gradient_of_temporal_loss() -> None:
    target, reliability = maps(1, 3, 4, 5), maps(1, 1, 4, 5, seed=2).sigmoid()
    assert has_right_gradient(
        lambda image: temporal_loss(image, target, reliability), maps(1, 3, 4, 5, seed=1)
    )
