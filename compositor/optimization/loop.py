"""Moves an image's pixels down the gradient of an objective, at one scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from compositor.optimization.adam import Moments, PixelAdam
from compositor.optimization.lbfgs import PixelLbfgs
from compositor.progress import Stopped
from compositor.settings import Optimizer, StyleSettings

Objective = Callable[[Tensor], tuple[dict[str, Tensor], Tensor]]
"""Losses of an image (1, 3, H, W) by name, and the gradient of `total`, which is minimized."""

MaskedObjective = Objective
"""The same, with a gradient that is zero where a pixel is fixed."""

Step = Callable[[float], dict[str, Tensor]]
"""Takes one step; its argument is how far the optimization is, 0 to 1. Returns the losses before the step."""

# On a GPU reading a loss waits for it, so losses are read only every so many steps there.
_READ_EVERY = 10
# Steps over which `tolerance` is measured.
_WINDOW = 20
# Adam's step size at the last step of a frame, as a share of the first's. Pixels come to rest, so that the
# noise of the last steps stays neither in the picture as grain nor in the animation as flicker.
_FINAL_RATE = 0.1


@dataclass
class Outcome:
    """The image that an optimization ended with, its last losses, and Adam's moments to carry on with."""

    image: Tensor
    losses: dict[str, float]
    steps: int
    stopped: Stopped
    moments: Moments | None


def optimize(
    start: Tensor,
    objective: Objective,
    steps: int,
    settings: StyleSettings,
    *,
    settle: bool = True,
    moments: Moments | None = None,
    hessian_diagonal: Tensor | float = 0.0,
    fixed: Tensor | None = None,
    after_step: Callable[[int, dict[str, float]], None],
    cancelled: Callable[[], bool],
    snapshot_due: Callable[[int], bool] = lambda step: False,
    take_snapshot: Callable[[int, dict[str, float], Tensor], None] = lambda step, losses, image: None,
) -> Outcome:
    """Runs up to `steps` steps from `start`, (1, 3, H, W) in 0..1, which is left as it is.

    Args:
        settle: let Adam's step size fall along a cosine, so that the last steps refine.
        moments: Adam's moments of the coarser scale, already of this size.
        stiffness: for L-BFGS, see `PixelLbfgs`.
        fixed: (1, 1, H, W) bool, pixels that stay as they are.
        after_step: called with the number of steps taken and the losses, whenever losses were read.
        cancelled: asked before every step.
        snapshot_due, take_snapshot: asked after every step, and called with the step, losses and image.
    """
    image = start.clone()
    optimizer = partial(_optimizer, objective, fixed)
    betas = settings.adam_beta1, settings.adam_beta2
    adam = PixelAdam(image, moments, betas) if settings.optimizer is Optimizer.ADAM else None
    take_step = (
        _lbfgs_steps(image, optimizer, PixelLbfgs(image, settings.lbfgs_history, hessian_diagonal))
        if adam is None
        else _adam_steps(image, optimizer, adam, settings.learning_rate, settle)
    )
    read_every = 1 if image.device.type == "cpu" else _READ_EVERY
    history: list[float] = []
    losses: dict[str, float] = {}
    stopped, taken = Stopped.STEP_LIMIT, 0
    while taken < steps:
        if cancelled():
            stopped = Stopped.CANCELLED
            break
        current = take_step(taken / steps)
        taken += 1
        due = snapshot_due(taken)
        if due or taken % read_every == 0 or taken == steps:
            losses = {name: float(value.detach()) for name, value in current.items()}
            after_step(taken, losses)
            if due:
                take_snapshot(taken, losses, image)
            history.append(losses["total"])
            if _converged(history, settings.tolerance, max(1, _WINDOW // read_every)):
                stopped = Stopped.CONVERGED
                break
    return Outcome(image.detach().clamp_(0.0, 1.0), losses, taken, stopped, adam and adam.moments)


def _adam_steps(
    image: Tensor, optimizer: MaskedObjective, adam: PixelAdam, rate: float, settle: bool
) -> Step:
    def step(progress: float) -> dict[str, Tensor]:
        losses, gradient = optimizer(image)
        adam.step(gradient, rate * _cosine(progress) if settle else rate)
        return losses

    return step


def _lbfgs_steps(image: Tensor, optimizer: MaskedObjective, lbfgs: PixelLbfgs) -> Step:
    def step(progress: float) -> dict[str, Tensor]:
        losses, gradient = optimizer(image)
        lbfgs.step(gradient)
        return losses

    return step


def _optimizer(objective: Objective, fixed: Tensor | None, image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    losses, gradient = objective(image)
    return losses, gradient if fixed is None else gradient.masked_fill(fixed, 0.0)


def _cosine(progress: float) -> float:
    return _FINAL_RATE + (1.0 - _FINAL_RATE) * 0.5 * (1.0 + math.cos(math.pi * progress))


def _converged(history: list[float], tolerance: float, window: int) -> bool:
    if tolerance <= 0.0 or len(history) <= window:
        return False
    before, now = history[-1 - window], history[-1]
    return before - now < tolerance * abs(before)
