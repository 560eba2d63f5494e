"""Optimization loop of one scale: minimizes an objective over an image's pixels by Adam or L-BFGS."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from compositor.errors import DivergenceError
from compositor.optimization.adam import Moments, PixelAdam
from compositor.optimization.lbfgs import PixelLbfgs
from compositor.progress import CancelCheck, Stopped
from compositor.settings import Optimizer, StyleSettings

Objective = Callable[[Tensor], tuple[dict[str, Tensor], Tensor]]
"""Losses of an image (1, 3, H, W) by name, and the gradient of `total`, which is minimized."""

Step = Callable[[float, bool], dict[str, Tensor]]
"""Takes one step, given the share of the steps that are done, 0 to 1, and whether the objective has just been
renewed. Returns the losses before it."""

# Reading a loss from a GPU waits for the GPU, so there losses are read only every so many steps.
_READ_EVERY = 10
# Steps over which `tolerance` is measured.
_WINDOW = 20
# Adam's step size at the last step of a frame, as a share of the first's. Pixels come to rest, so that the
# noise of the last steps stays neither in the picture as grain nor in the animation as flicker.
_FINAL_RATE = 0.1
_ADVICE = "take smaller weights of the losses, or another network"


@dataclass(frozen=True)
class OptimizationRun:
    """What is run at one scale.

    Attributes:
        steps: limit of the steps.
        decay_learning_rate: whether Adam's step size falls along a cosine, so that the last steps refine.
        moments: Adam's moments of the coarser scale, already of this size.
        hessian_diagonal: for L-BFGS, see `PixelLbfgs`.
        fixed: (1, 1, H, W) bool, pixels that do not change.
        constrained: what the image has to be like, and with it the gradient: called with either, returns its
            projection. After every step the image is replaced by it.
        renew: called every `renew_every` steps (`is_renewed_after`): the objective changes.
        smoothed: what the image, but for fixed pixels, is replaced by then, before the step that follows.
    """

    steps: int
    decay_learning_rate: bool = True
    moments: Moments | None = None
    hessian_diagonal: Tensor | float = 0.0
    fixed: Tensor | None = None
    constrained: Callable[[Tensor], Tensor] | None = None
    renew: Callable[[], None] | None = None
    renew_every: int = 1
    smoothed: Callable[[Tensor], Tensor] | None = None

    def is_renewed_after(self, taken: int) -> bool:
        """Whether the objective is renewed, and the image smoothed, after so many steps.

        Counted from the end, for the last time half of `renew_every` steps before it, and not before as many
        are taken. What steps have made since then stays in the image, as much in a short run as in a long.
        """
        half = self.renew_every // 2
        return taken > half and (self.steps - taken - half) % self.renew_every == 0 and taken < self.steps


@dataclass(frozen=True)
class StepCallbacks:
    """What the loop calls, on its own thread; `step` is the number of steps taken at this scale.

    Attributes:
        after_step: (step, losses), whenever losses were read.
        cancelled: called before every step; True ends the loop.
        snapshot_due: (step), after every step: whether a snapshot is wanted.
        take_snapshot: (step, losses, image (1, 3, H, W)), if it is.
    """

    after_step: Callable[[int, dict[str, float]], None] = lambda step, losses: None
    cancelled: CancelCheck = lambda: False
    snapshot_due: Callable[[int], bool] = lambda step: False
    take_snapshot: Callable[[int, dict[str, float], Tensor], None] = lambda step, losses, image: None


@dataclass
class Outcome:
    """The image that an optimization ended with, its last losses, and Adam's moments for the next scale."""

    image: Tensor
    losses: dict[str, float]
    steps: int
    stopped: Stopped
    moments: Moments | None


def optimize(
    initial: Tensor,
    objective: Objective,
    settings: StyleSettings,
    run: OptimizationRun,
    callbacks: StepCallbacks,
) -> Outcome:
    """Minimizes an objective from an initial image, (1, 3, H, W) in 0..1, which is not changed.

    Raises:
        DivergenceError: a loss that was read, or the image at the end, is not finite.
    """
    image = initial.clone()
    take_step, adam = _stepper(image, partial(_restricted, objective, run), settings, run)
    read_every = 1 if image.device.type == "cpu" else _READ_EVERY
    history: list[float] = []
    losses: dict[str, float] = {}
    stopped, taken = Stopped.STEP_LIMIT, 0
    while taken < run.steps:
        if callbacks.cancelled():
            stopped = Stopped.CANCELLED
            break
        renewed = _renewed(run, taken)
        if renewed and run.smoothed is not None:
            smoothed = run.smoothed(image)
            image.copy_(smoothed if run.fixed is None else torch.where(run.fixed, image, smoothed))
        current = take_step(taken / run.steps, renewed)
        if run.constrained is not None:
            image.copy_(run.constrained(image))
        taken += 1
        due = callbacks.snapshot_due(taken)
        if due or taken % read_every == 0 or taken == run.steps:
            losses = {name: float(value.detach()) for name, value in current.items()}
            _check_losses(losses, taken)
            callbacks.after_step(taken, losses)
            if due:
                callbacks.take_snapshot(taken, losses, image)
            history.append(losses["total"])
            if _converged(history, settings.tolerance, max(1, _WINDOW // read_every)):
                stopped = Stopped.CONVERGED
                break
    # The last losses are those from before the last step.
    if not image.isfinite().all():
        raise DivergenceError(
            f"after step {taken} the image has values that are no finite numbers: {_ADVICE}"
        )
    return Outcome(image.detach().clamp_(0.0, 1.0), losses, taken, stopped, adam and adam.moments)


def _renewed(run: OptimizationRun, taken: int) -> bool:
    """Whether the objective had to be renewed after so many steps; then it is."""
    if run.renew is None or not run.is_renewed_after(taken):
        return False
    run.renew()
    return True


def _check_losses(losses: Mapping[str, float], step: int) -> None:
    wrong = [name for name, value in losses.items() if not math.isfinite(value)]
    if wrong:
        raise DivergenceError(
            f"at step {step} the loss {wrong[0]} is {losses[wrong[0]]}, no finite number: {_ADVICE}"
        )


def _stepper(
    image: Tensor, objective: Objective, settings: StyleSettings, run: OptimizationRun
) -> tuple[Step, PixelAdam | None]:
    """What takes a step with the optimizer that the settings name; and Adam, if that is it."""
    if settings.optimizer is Optimizer.ADAM:
        adam = PixelAdam(image, run.moments, (settings.adam_beta1, settings.adam_beta2))
        rate, decays = settings.learning_rate, run.decay_learning_rate
        return _adam_steps(image, objective, adam, rate, decays), adam
    lbfgs = PixelLbfgs(image, settings.lbfgs_history, run.hessian_diagonal)
    return _lbfgs_steps(image, objective, lbfgs), None


def _adam_steps(image: Tensor, objective: Objective, adam: PixelAdam, rate: float, decays: bool) -> Step:
    def step(progress: float, renewed: bool) -> dict[str, Tensor]:
        losses, gradient = objective(image)
        adam.step(gradient, rate * _cosine(progress) if decays else rate)
        return losses

    return step


def _lbfgs_steps(image: Tensor, objective: Objective, lbfgs: PixelLbfgs) -> Step:
    def step(progress: float, renewed: bool) -> dict[str, Tensor]:
        losses, gradient = objective(image)
        lbfgs.step(gradient, renewed=renewed)
        return losses

    return step


def _restricted(
    objective: Objective, run: OptimizationRun, image: Tensor
) -> tuple[dict[str, Tensor], Tensor]:
    """An objective whose gradient leaves out what the run does not change."""
    losses, gradient = objective(image)
    if run.constrained is not None:
        gradient = run.constrained(gradient)
    return losses, gradient if run.fixed is None else gradient.masked_fill(run.fixed, 0.0)


def _cosine(progress: float) -> float:
    return _FINAL_RATE + (1.0 - _FINAL_RATE) * 0.5 * (1.0 + math.cos(math.pi * progress))


def _converged(history: list[float], tolerance: float, window: int) -> bool:
    if tolerance <= 0.0 or len(history) <= window:
        return False
    before, now = history[-1 - window], history[-1]
    return before - now < tolerance * abs(before)
