"""The contrast that an image lacks of its render's."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from compositor.losses.contrast_term import NARROW, WIDE, ContrastTerm

SIZE = 128


def spot(light: float, ground: float = 0.4, *, left: int = 48) -> Tensor:
    """(1, 3, SIZE, SIZE): a square of a quarter of the height, gray on gray."""
    image = torch.full((1, 3, SIZE, SIZE), ground)
    image[..., 48:80, left : left + 32] = light
    return image


def grating(cycles: float, amplitude: float = 0.1) -> Tensor:
    """(1, 3, SIZE, SIZE): gray, lighter and darker so many times across."""
    phase = (torch.arange(SIZE) + 0.5) / SIZE * cycles * 2.0 * torch.pi
    return (0.5 + amplitude * torch.sin(phase)).expand(1, 3, SIZE, SIZE).clone()


def test_the_render_itself_and_what_has_more_contrast_lack_nothing() -> None:
    term = ContrastTerm(spot(0.7))
    assert term(spot(0.7)).item() == pytest.approx(0.0, abs=1e-12)
    assert term(spot(0.9)).item() == pytest.approx(0.0, abs=1e-12)


def test_flat_lacks_all_and_half_of_the_contrast_a_quarter() -> None:
    term = ContrastTerm(spot(0.7))
    assert term(torch.full((1, 3, SIZE, SIZE), 0.2)).item() == pytest.approx(1.0)
    assert term(spot(0.55)).item() == pytest.approx(0.25, rel=1e-4)


def test_a_reversed_contrast_is_worse_than_none() -> None:
    assert ContrastTerm(spot(0.7))(spot(0.1)).item() == pytest.approx(4.0, rel=1e-4)


def test_light_as_a_whole_does_not_matter() -> None:
    assert ContrastTerm(spot(0.7))(spot(0.5, 0.2)).item() == pytest.approx(0.0, abs=1e-10)


def test_where_the_render_is_flat_anything_goes() -> None:
    image = spot(0.7)
    image[..., 4:20, 4:20] = 1.0
    assert ContrastTerm(spot(0.7))(image).item() < 0.01


def test_the_two_means_are_gaussian() -> None:
    """A sine of f cycles a side passes a Gaussian mean by exp(−(2π f σ)² / 2)."""
    strong, weak = grating(4.0), grating(4.0, 0.02)
    passed = [torch.exp(torch.tensor(-0.5 * (2.0 * torch.pi * 4.0 * sigma) ** 2)) for sigma in (NARROW, WIDE)]
    found = ContrastTerm(strong)._contrast(strong)[0, 0, 32]
    inner = found[16:48]  # away from the borders, where the wide mean is cut
    assert inner.abs().max().item() == pytest.approx(0.1 * (passed[0] - passed[1]).item(), rel=0.02)
    assert ContrastTerm(strong)(weak).item() == pytest.approx(0.8**2, rel=1e-3)


def test_the_loss_is_the_same_at_any_size() -> None:
    def at(factor: int) -> float:
        render, image = (
            each.repeat_interleave(factor, 2).repeat_interleave(factor, 3) for each in (spot(0.7), spot(0.5))
        )
        return ContrastTerm(render)(image).item()

    assert at(3) == pytest.approx(at(1), rel=0.02)


def test_hidden_places_do_not_count() -> None:
    visible = torch.ones(1, 1, SIZE, SIZE)
    visible[..., : SIZE // 2] = 0.0
    render = spot(0.7, left=80)
    image = render.clone()
    image[..., :32] = spot(0.9, left=0)[..., :32]
    term = ContrastTerm(render, visible)
    assert term(render).item() == pytest.approx(0.0, abs=1e-12)
    assert term(image).item() == pytest.approx(0.0, abs=1e-4)
    assert ContrastTerm(spot(0.7, left=0), visible)(spot(0.4)).item() < 0.01


def test_noise_of_a_flat_render_counts_for_little() -> None:
    noise = 0.5 + 0.002 * torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    assert ContrastTerm(noise)(torch.full_like(noise, 0.5)).item() < 1e-3


def test_its_gradient_is_that_of_the_loss() -> None:
    term = ContrastTerm(spot(0.7))
    image = spot(0.5).double().requires_grad_(True)
    term = ContrastTerm(spot(0.7).double())
    (gradient,) = torch.autograd.grad(term(image), image)
    changed = image.detach().clone()
    changed[0, 1, 60, 60] += 1e-3
    change = (term(changed) - term(image.detach())).item()
    assert change == pytest.approx(1e-3 * gradient[0, 1, 60, 60].item(), rel=1e-2)
