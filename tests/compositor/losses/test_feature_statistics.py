"""Masked Gram matrices, the paper's own normalization, and the Wasserstein loss."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from compositor.losses.terms import (
    feature_mean,
    gatys_content_distance,
    gatys_gram_distance,
    gaussian_distance,
    gram,
    gram_distance,
    matrix_root,
)


def maps(seed: int, channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, channels, 4, 5, generator=generator, dtype=torch.float64)


def mask() -> Tensor:
    return torch.rand(1, 1, 4, 5, generator=torch.Generator().manual_seed(9), dtype=torch.float64)


def gaussian(features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, root of the covariance, and energy, as `gaussian_distance` takes them."""
    mean = feature_mean(features)
    root = matrix_root(gram(features) - torch.outer(mean, mean))
    return mean, root, mean.square().sum() + root.square().sum()


def wasserstein_loss(features: Tensor, target: Tensor, where: Tensor | None = None) -> Tensor:
    return gaussian_distance(gram(features, where), feature_mean(features, where), *gaussian(target))


def test_a_mask_of_ones_and_zeros_picks_pixels() -> None:
    features, picked = maps(1), torch.zeros(1, 1, 4, 5, dtype=torch.float64)
    picked[..., :2] = 1.0
    torch.testing.assert_close(gram(features, picked), gram(features[..., :2]))
    torch.testing.assert_close(feature_mean(features, picked), feature_mean(features[..., :2]))


def test_the_masked_style_loss_sees_nothing_outside_its_mask() -> None:
    features, inside = maps(1).requires_grad_(True), torch.zeros(1, 1, 4, 5, dtype=torch.float64)
    inside[..., :3, :] = 1.0
    gram_distance(gram(features, inside), gram(maps(2))).backward()
    assert features.grad is not None
    assert features.grad[..., 3, :].abs().max() == 0.0
    assert features.grad[..., :3, :].abs().min() > 0.0


def test_the_paper_s_losses_are_equations_1_and_4() -> None:
    features, target = maps(1), maps(2)
    channels, pixels = 3, 20
    sums = [torch.einsum("bihw,bjhw->ij", each, each) for each in (features, target)]
    expected = (sums[0] - sums[1]).square().sum() / (4 * channels**2 * pixels**2)
    torch.testing.assert_close(gatys_gram_distance(gram(features), gram(target)), expected)
    assert float(gatys_content_distance(torch.tensor([1.0, -2.0, 3.0]).square().sum())) == 7.0


def test_the_wasserstein_loss_is_zero_at_the_target() -> None:
    assert float(wasserstein_loss(maps(1), maps(1))) == pytest.approx(0.0, abs=1e-9)


def test_the_wasserstein_loss_of_one_channel_is_that_of_two_gaussians() -> None:
    ours, theirs = maps(1, 1), 2.0 * maps(2, 1) + 0.5
    mean, root, energy = gaussian(theirs)
    own_mean, own_root, _ = gaussian(ours)
    expected = (own_mean - mean).square().sum() + (own_root - root).square().sum()
    torch.testing.assert_close(wasserstein_loss(ours, theirs), expected / energy)


@pytest.mark.parametrize("masked", [False, True])
def test_gradients_by_finite_differences(masked: bool) -> None:
    target, where = gram(maps(2)), mask() if masked else None
    features = maps(1).requires_grad_(True)
    assert gradcheck(lambda x: gram_distance(gram(x, where), target), features)
    assert gradcheck(lambda x: gatys_gram_distance(gram(x, where), target), features)
    assert gradcheck(lambda x: wasserstein_loss(x, maps(2), where), features)
    assert gradcheck(lambda x: gatys_content_distance((x - maps(2)).square().sum()), features)
