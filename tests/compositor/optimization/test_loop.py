"""The loop around the optimizers, on objectives whose minimum is known."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from compositor.errors import DivergenceError
from compositor.optimization.loop import Objective, OptimizationRun, Outcome, StepCallbacks, optimize
from compositor.progress import Stopped
from compositor.settings import DeviceChoice, Optimizer, StyleSettings

START = torch.full((1, 3, 16, 20), 0.5)


class Recorder:
    """Collects what `after_step` is told; says `cancelled` from the given question on."""

    def __init__(self, cancel_at: int | None = None) -> None:
        self.steps: list[int] = []
        self.totals: list[float] = []
        self.asked = 0
        self._cancel_at = cancel_at

    def after_step(self, step: int, losses: dict[str, float]) -> None:
        self.steps.append(step)
        self.totals.append(losses["total"])

    def cancelled(self) -> bool:
        self.asked += 1
        return self._cancel_at is not None and self.asked >= self._cancel_at


def run(
    objective: Objective,
    steps: int,
    settings: StyleSettings,
    recorder: Recorder | None = None,
    *,
    decays: bool = True,
) -> Outcome:
    told = recorder or Recorder()
    callbacks = StepCallbacks(told.after_step, told.cancelled)
    return optimize(START, objective, settings, OptimizationRun(steps, decay_learning_rate=decays), callbacks)


def target() -> Tensor:
    return 0.2 + 0.6 * torch.rand(START.shape, generator=torch.Generator().manual_seed(0))


def quadratic(image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    difference = image - target()
    return {"total": difference.square().sum()}, 2.0 * difference


def linear(image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    return {"total": image.sum()}, torch.ones_like(image)


def flat(image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    return {"total": torch.ones(())}, torch.zeros_like(image)


@pytest.mark.parametrize(
    ("optimizer", "steps", "precision"), [(Optimizer.ADAM, 150, 0.01), (Optimizer.LBFGS, 15, 1e-4)]
)
def test_converges_on_a_quadratic(optimizer: Optimizer, steps: int, precision: float) -> None:
    outcome = run(quadratic, steps, StyleSettings(optimizer=optimizer))
    torch.testing.assert_close(outcome.image, target(), atol=precision, rtol=0.0)
    assert outcome.stopped is Stopped.STEP_LIMIT
    assert outcome.steps == steps


@pytest.mark.parametrize("optimizer", Optimizer)
def test_result_stays_within_the_range_where_the_minimum_does_not(optimizer: Optimizer) -> None:
    def beyond(image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        return {"total": (image - 3.0).square().sum()}, 2.0 * (image - 3.0)

    outcome = run(beyond, 80, StyleSettings(optimizer=optimizer))
    torch.testing.assert_close(outcome.image, torch.ones_like(START))


@pytest.mark.parametrize("optimizer", Optimizer)
def test_start_is_left_as_it_is(optimizer: Optimizer) -> None:
    before = START.clone()
    run(quadratic, 3, StyleSettings(optimizer=optimizer))
    assert torch.equal(START, before)
    assert not START.requires_grad


@pytest.mark.parametrize("optimizer", Optimizer)
def test_after_step_is_told_every_step_and_a_falling_loss(optimizer: Optimizer) -> None:
    told = Recorder()
    outcome = run(quadratic, 6, StyleSettings(optimizer=optimizer), told)
    assert told.steps == [1, 2, 3, 4, 5, 6]
    # The loss of the first step is the start's own.
    assert told.totals[0] == pytest.approx(quadratic(START)[0]["total"].item())
    assert all(later < earlier for earlier, later in pairwise(told.totals[:3]))
    assert outcome.losses["total"] == told.totals[-1]


@pytest.mark.parametrize("optimizer", Optimizer)
def test_cancellation_ends_before_the_next_step(optimizer: Optimizer) -> None:
    told = Recorder(cancel_at=4)
    outcome = run(quadratic, 100, StyleSettings(optimizer=optimizer), told)
    assert outcome.stopped is Stopped.CANCELLED
    assert outcome.steps == 3
    assert told.steps == [1, 2, 3]
    assert told.asked == 4


def test_cancelled_at_once_gives_the_start_back() -> None:
    outcome = run(quadratic, 100, StyleSettings(), Recorder(cancel_at=1))
    assert outcome.steps == 0
    assert torch.equal(outcome.image, START)


@pytest.mark.parametrize("optimizer", Optimizer)
def test_tolerance_ends_a_loss_that_falls_no_more_after_its_window(optimizer: Optimizer) -> None:
    outcome = run(flat, 100, StyleSettings(optimizer=optimizer, tolerance=1e-3))
    assert outcome.stopped is Stopped.CONVERGED
    assert outcome.steps == 21


def test_tolerance_lets_a_falling_loss_go_on() -> None:
    settings = StyleSettings(optimizer=Optimizer.ADAM, tolerance=1e-3, learning_rate=0.001)
    assert run(linear, 60, settings).stopped is Stopped.STEP_LIMIT


def test_without_a_tolerance_every_step_is_taken() -> None:
    assert run(flat, 60, StyleSettings(tolerance=0.0)).steps == 60


def test_step_size_decays_to_a_tenth_when_asked_and_stays_otherwise() -> None:
    settings = StyleSettings(optimizer=Optimizer.ADAM, learning_rate=0.001)
    falls: dict[bool, list[float]] = {}
    for decays in (True, False):
        told = Recorder()
        run(linear, 100, settings, told, decays=decays)
        falls[decays] = [earlier - later for earlier, later in pairwise(told.totals)]
    per_step = 0.001 * START.numel()
    assert falls[False] == pytest.approx([per_step] * 99, rel=0.01)
    assert falls[True][0] == pytest.approx(per_step, rel=0.01)
    assert falls[True][-1] == pytest.approx(0.1 * per_step, rel=0.05)


def test_adam_hands_its_moments_on_and_lbfgs_has_none() -> None:
    moments = run(quadratic, 5, StyleSettings(optimizer=Optimizer.ADAM)).moments
    assert moments is not None
    assert moments.step == 5
    assert run(quadratic, 5, StyleSettings(optimizer=Optimizer.LBFGS)).moments is None


@pytest.mark.parametrize("optimizer", Optimizer)
def test_an_objective_is_renewed_after_every_so_many_steps(optimizer: Optimizer) -> None:
    calls: list[str] = []

    def objective(image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        calls.append("step")
        return quadratic(image)

    plan = OptimizationRun(7, renew=lambda: calls.append("renew"), renew_every=3)
    optimize(target(), objective, StyleSettings(optimizer=optimizer), plan, StepCallbacks())
    assert [place for place, call in enumerate(calls) if call == "renew"] == [3, 7]


@pytest.mark.parametrize(
    ("steps", "every", "renewed"),
    [
        (75, 10, [10, 20, 30, 40, 50, 60, 70]),
        (20, 10, [15]),
        (41, 10, [6, 16, 26, 36]),
        (9, 10, []),
        (3, 1, [1, 2]),
    ],
)
def test_the_last_renewal_leaves_half_of_a_round(steps: int, every: int, renewed: list[int]) -> None:
    plan = OptimizationRun(steps, renew=lambda: None, renew_every=every)
    assert [taken for taken in range(steps + 1) if plan.is_renewed_after(taken)] == renewed


@pytest.mark.parametrize("optimizer", Optimizer)
def test_what_is_not_fixed_is_smoothed_whenever_the_objective_is_renewed(optimizer: Optimizer) -> None:
    given: list[Tensor] = []

    def objective(image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        given.append(image.clone())
        return quadratic(image)

    fixed = torch.zeros(1, 1, *START.shape[-2:], dtype=torch.bool)
    fixed[..., :4] = True
    for held in (None, fixed):
        given.clear()
        plan = OptimizationRun(
            7, fixed=held, renew=lambda: None, renew_every=3, smoothed=lambda image: 0.0 * image + 0.25
        )
        optimize(START, objective, StyleSettings(optimizer=optimizer), plan, StepCallbacks())
        free = [image if held is None else image[..., 4:] for image in given]
        assert [bool((image == 0.25).all()) for image in free] == [step in (3, 6) for step in range(7)]
        assert held is None or all(bool((image[..., :4] == 0.5).all()) for image in given)


def spoiled(step: int, *, loss: float = 1.0, gradient: float = 0.0) -> Objective:
    """A quadratic whose style loss, or gradient, is another from a step on, counted from 1."""
    calls = 0

    def objective(image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        nonlocal calls
        calls += 1
        losses, found = quadratic(image)
        spoils = calls >= step
        losses["style"] = torch.tensor(loss if spoils else 1.0)
        return losses, found + (gradient if spoils else 0.0)

    return objective


@pytest.mark.parametrize("optimizer", Optimizer)
@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_ends_the_optimization_and_is_named(
    optimizer: Optimizer, loss: float
) -> None:
    told = Recorder()
    settings = StyleSettings(optimizer=optimizer, device=DeviceChoice.CPU)
    with pytest.raises(DivergenceError, match="at step 3 the loss style is"):
        run(spoiled(3, loss=loss), 5, settings, told)
    assert told.steps == [1, 2], "nobody is told a loss that is none"


@pytest.mark.parametrize("gradient", [float("nan"), float("inf")])
def test_an_image_that_is_not_finite_is_no_result(gradient: float) -> None:
    """Its losses would only be seen at the next step, and there is none."""
    settings = StyleSettings(optimizer=Optimizer.ADAM, device=DeviceChoice.CPU)
    with pytest.raises(DivergenceError, match="after step 5"):
        run(spoiled(5, gradient=gradient), 5, settings)
