"""The preconditioner of L-BFGS: symmetric, positive, larger for what is smooth, gray and not steep."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from compositor.optimization.preconditioner import PixelPreconditioner

HEIGHT, WIDTH = 40, 56
SHAPE = (1, 3, HEIGHT, WIDTH)


def noise(seed: int) -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def observed() -> PixelPreconditioner:
    """With a gradient that is ten times as strong in the right half."""
    preconditioner = PixelPreconditioner(noise(0))
    gradient = noise(1)
    gradient[..., WIDTH // 2 :] *= 10.0
    preconditioner.observe(gradient)
    return preconditioner


def factor(preconditioner: PixelPreconditioner, values: Tensor) -> float:
    """The operator's Rayleigh quotient."""
    return float((values * preconditioner(values)).sum() / values.square().sum())


def waves(period: float) -> Tensor:
    across = torch.cos(2.0 * math.pi * torch.arange(WIDTH, dtype=torch.float64) / period)
    return across.expand(SHAPE)


def test_symmetric() -> None:
    preconditioner, one, other = observed(), noise(2), noise(3)
    torch.testing.assert_close((one * preconditioner(other)).sum(), (preconditioner(one) * other).sum())


@pytest.mark.parametrize("seed", range(4))
def test_positive(seed: int) -> None:
    assert factor(observed(), noise(seed)) > 0.0


def test_values_are_left_as_they_are() -> None:
    values = noise(4)
    before = values.clone()
    observed()(values)
    assert torch.equal(values, before)


def test_the_smoother_the_larger() -> None:
    factors = [factor(PixelPreconditioner(noise(0)), waves(period)) for period in (2, 8, 16, 56)]
    assert all(1.5 * fine < coarse for fine, coarse in pairwise(factors))


def test_the_finest_waves_are_left_to_the_gradient() -> None:
    # Times 1, and for gray once more times 2.
    assert factor(PixelPreconditioner(noise(0)), waves(2)) == pytest.approx(3.0, rel=0.05)


def test_gray_before_colors() -> None:
    colors = waves(8) * torch.tensor([1.0, 0.0, -1.0], dtype=torch.float64)[None, :, None, None]
    preconditioner = PixelPreconditioner(noise(0))
    assert factor(preconditioner, waves(8)) == pytest.approx(3.0 * factor(preconditioner, colors))


def test_less_where_the_gradient_is_strong() -> None:
    preconditioner = observed()
    left, right = torch.zeros(SHAPE).double(), torch.zeros(SHAPE).double()
    left[..., 20, 6], right[..., 20, -7] = 1.0, 1.0
    assert factor(preconditioner, left) == pytest.approx(10.0 * factor(preconditioner, right), rel=0.1)


def test_the_strength_of_the_whole_gradient_says_nothing() -> None:
    weak, strong = PixelPreconditioner(noise(0)), PixelPreconditioner(noise(0))
    weak.observe(1e-9 * noise(1))
    strong.observe(1e9 * noise(1))
    torch.testing.assert_close(weak(noise(2)), strong(noise(2)))


def test_parts_without_a_gradient_stay_within_bounds() -> None:
    """Such are the pixels that are fixed."""
    preconditioner = PixelPreconditioner(noise(0))
    gradient = noise(1)
    gradient[..., : WIDTH // 2] = 0.0
    preconditioner.observe(gradient)
    preconditioner.observe(torch.zeros(SHAPE).double())
    result = preconditioner(noise(2))
    assert result.isfinite().all()
    assert float(result.abs().max()) < 1e4


def test_a_gradient_of_zero_alone_is_observed() -> None:
    preconditioner = PixelPreconditioner(noise(0).float())
    preconditioner.observe(torch.zeros(SHAPE))
    assert preconditioner(noise(2).float()).isfinite().all()


@pytest.mark.parametrize("size", [(1, 1), (12, 24), (33, 7)])
def test_any_size(size: tuple[int, int]) -> None:
    values = torch.ones(1, 3, *size)
    preconditioner = PixelPreconditioner(values)
    preconditioner.observe(values)
    assert preconditioner(values).shape == values.shape
    assert preconditioner(values).isfinite().all()
