"""L-BFGS on pixels, on quadratics whose minimum within 0..1 is known or can be checked."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from compositor.optimization.lbfgs import PixelLbfgs

SHAPE = (1, 3, 6, 8)
SIZE = 3 * 6 * 8


def gray() -> Tensor:
    return torch.full(SHAPE, 0.5)


def steep(spread: float) -> Tensor:
    """A symmetric positive definite matrix whose eigenvalues lie between 1 and `spread`."""
    generator = torch.Generator().manual_seed(0)
    basis, _ = torch.linalg.qr(torch.randn(SIZE, SIZE, generator=generator, dtype=torch.float64))
    return (basis * torch.logspace(0.0, float(torch.tensor(spread).log10()), SIZE).double()) @ basis.T


def minimize(matrix: Tensor, target: Tensor, steps: int, history: int = 20) -> Tensor:
    """Minimizes (x − t)ᵀ M (x − t) / 2 from gray."""
    image = gray().double()
    lbfgs = PixelLbfgs(image, history)
    for _ in range(steps):
        lbfgs.step((matrix @ (image - target).flatten()).view(SHAPE))
        assert float(image.min()) >= 0.0
        assert float(image.max()) <= 1.0
    return image


def uniform(low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(SHAPE, generator=torch.Generator().manual_seed(1)).double()


def test_minimum_of_an_ill_conditioned_quadratic() -> None:
    target = uniform(0.2, 0.8)
    found = minimize(steep(300.0), target, 150)
    torch.testing.assert_close(found, target, atol=1e-4, rtol=0.0)


def test_curvature_makes_it_far_faster_than_steps_along_the_gradient() -> None:
    matrix, target = steep(300.0), uniform(0.2, 0.8)
    plain = gray().double()
    for _ in range(60):
        # 1/300 is the longest step that gradient descent can take here.
        plain -= (matrix @ (plain - target).flatten()).view(SHAPE) / 300.0
    ours = minimize(matrix, target, 60)
    assert (ours - target).norm() < 0.1 * (plain - target).norm()


def test_a_minimum_outside_of_the_range_is_met_at_its_border() -> None:
    matrix, target = steep(30.0), uniform(-0.5, 1.5)
    found = minimize(matrix, target, 300)
    gradient = (matrix @ (found - target).flatten()).view(SHAPE)
    free = (found > 1e-6) & (found < 1.0 - 1e-6)
    assert 0.2 < float(free.double().mean()) < 0.9
    # The conditions of Karush, Kuhn and Tucker: level where free, pushing outwards at the limits.
    assert float(gradient[free].abs().max()) < 1e-2
    assert float(gradient[found <= 1e-6].min()) > -1e-2
    assert float(gradient[found >= 1.0 - 1e-6].max()) < 1e-2


@pytest.mark.parametrize("strength", [1e-6, 1.0, 1e6])
def test_first_step_is_as_long_for_every_strength_of_the_gradient(strength: float) -> None:
    image = gray()
    PixelLbfgs(image, 5).step(strength * torch.randn(SHAPE, generator=torch.Generator().manual_seed(2)))
    assert float((image - gray()).square().mean().sqrt()) == pytest.approx(0.02, rel=1e-4)


def test_no_gradient_moves_nothing() -> None:
    image = gray()
    lbfgs = PixelLbfgs(image, 5)
    for _ in range(3):
        lbfgs.step(torch.zeros(SHAPE))
    assert torch.equal(image, gray())


def test_a_hilltop_is_left_downhill() -> None:
    # Curvature of the wrong sign must not turn the direction round.
    image = gray() + 0.01 * torch.randn(SHAPE, generator=torch.Generator().manual_seed(3))
    lbfgs = PixelLbfgs(image, 5)
    for _ in range(60):
        lbfgs.step(0.5 - image)
    assert ((image == 0.0) | (image == 1.0)).all()


def test_history_is_bounded() -> None:
    matrix, target = steep(300.0), uniform(0.2, 0.8)
    short = (minimize(matrix, target, 60, history=2) - target).norm()
    long = (minimize(matrix, target, 60, history=60) - target).norm()
    assert long < 0.5 * short


def test_pixels_without_a_gradient_stay_though_their_neighbors_move() -> None:
    image, target = gray().double(), uniform(0.2, 0.8)
    lbfgs = PixelLbfgs(image, 20)
    for _ in range(10):
        gradient = image - target
        gradient[..., 2:4] = 0.0
        lbfgs.step(gradient)
    assert torch.equal(image[..., 2:4], gray().double()[..., 2:4])
    torch.testing.assert_close(image[..., :2], target[..., :2], atol=1e-2, rtol=0.0)


def test_free_pixels_do_not_wait_for_stiff_ones() -> None:
    # Half of the pixels are held far more firmly than the other half needs to move.
    target, matrix = uniform(0.2, 0.8), steep(100.0)
    held = torch.zeros(SHAPE, dtype=torch.float64)
    held[..., :4] = 1e5 * uniform(0.5, 1.0)[..., :4]
    errors = []
    for hessian_diagonal in (held, 0.0):
        image = gray().double()
        lbfgs = PixelLbfgs(image, 20, hessian_diagonal)
        for _ in range(30):
            lbfgs.step((matrix @ (image - target).flatten()).view(SHAPE) + held * (image - target))
        errors.append(float((image - target)[..., 4:].abs().mean()))
    assert errors[0] < 0.3 * errors[1]


def test_the_step_after_a_renewal_teaches_no_curvature() -> None:
    """Another objective's gradient, which has grown along the last step, looks like a strong curvature."""
    target = uniform(0.2, 0.8)

    def length_of_the_next_step(renewed: bool) -> float:
        image = gray().double()
        optimizer, before = PixelLbfgs(image, 20), image
        for _ in range(6):
            before = image.clone()
            optimizer.step(image - target)
        last = image.clone()
        optimizer.step(image - target + 1000.0 * (image - before), renewed=renewed)
        return float((image - last).norm())

    assert length_of_the_next_step(True) > 8.0 * length_of_the_next_step(False)
