"""L-BFGS optimizer for the pixels of an image, projected to the range 0..1."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch
from torch import Tensor

from compositor.optimization.preconditioner import PixelPreconditioner

# Root mean square over the pixels, in 0..1, of a step without known curvature.
_FIRST_STEP = 0.02
# A pair is used if the cosine of step and change is above this (cautious update, Li and Fukushima 2001).
_CAUTION = 1e-6


@dataclass(frozen=True)
class _Pair:
    """A step, the change of the gradient in it, and one over their product.

    The inverse is 0, and the pair so without effect, if the two show no positive curvature.
    """

    step: Tensor
    change: Tensor
    inverse: Tensor


class PixelLbfgs:
    """Limited-memory BFGS, projected to the range of an image.

    The direction is that of the two-loop recursion (Nocedal and Wright 2006, algorithm 7.4), with step length
    1: near its minimum the objective is smooth enough without a line search, each trial of which would cost a
    step. Departs from the published style transfer, whose image leaves the range and is clamped at the end: a
    pixel at its limit whose gradient points outwards does not move (Bertsekas 1982), every step is clamped,
    and the curvature is that of the clamped steps. The optimized image is then the one that is shown.

    The initial inverse Hessian is up to a factor the preconditioner's (`PixelPreconditioner`), or with
    `hessian_diagonal` one over that and a factor: led through the preconditioner it diverged.

    Args:
        image: (1, 3, H, W) in 0..1, changed in place.
        history: number of pairs; each takes two images of memory.
        hessian_diagonal: the known part of the Hessian's diagonal, (1, 1 or 3, H, W) or 0: the temporal
            loss's, which differs between reliable and free pixels by orders of magnitude. Without it the free
            ones (disocclusions) would hardly move until the curvature of the others is known.
    """

    def __init__(self, image: Tensor, history: int, hessian_diagonal: Tensor | float = 0.0) -> None:
        self._image = image
        self._hessian_diagonal = hessian_diagonal
        is_held = isinstance(hessian_diagonal, Tensor)
        self._preconditioner = None if is_held else PixelPreconditioner(image)
        self._pairs: deque[_Pair] = deque(maxlen=history)
        self._before: tuple[Tensor, Tensor] | None = None
        self._scale = image.new_ones(())

    def step(self, gradient: Tensor, *, renewed: bool = False) -> None:
        """One step.

        Args:
            gradient: of the objective at the image as it is, (1, 3, H, W).
            renewed: whether the objective is another one than in the step before: the change of the gradient
                then says nothing about curvature, and is not used.
        """
        if self._preconditioner is not None:
            self._preconditioner.observe(gradient)
        if not renewed or self._before is None:
            self._remember(gradient)
        outwards = ((self._image <= 0.0) & (gradient > 0.0)) | ((self._image >= 1.0) & (gradient < 0.0))
        # Pixels that are fixed have a gradient of exactly zero.
        stays = outwards | (gradient == 0.0)
        downhill = gradient.masked_fill(stays, 0.0)
        direction = self._direction(downhill).masked_fill(stays, 0.0)
        # Decided on the device: a decision in Python would wait for the GPU.
        descends = _dot(direction, downhill) > 0.0
        direction = torch.where(descends, direction, self._first(downhill))
        self._before = self._image.clone(), gradient
        self._image.sub_(direction).clamp_(0.0, 1.0)

    def _remember(self, gradient: Tensor) -> None:
        if self._before is None:
            preconditioned = gradient if self._preconditioner is None else self._preconditioner(gradient)
            self._scale = _first_scale(preconditioned)
            return
        image, earlier = self._before
        step, change = self._image - image, gradient - earlier
        product = _dot(step, change)
        curved = product > _CAUTION * step.norm() * change.norm()
        inverse = torch.where(curved, 1.0 / product, 0.0)
        self._pairs.append(_Pair(step, change, inverse))
        curvature = self._curvature(step, change, inverse)
        self._scale = torch.where(curved, curvature, self._scale)

    def _direction(self, gradient: Tensor) -> Tensor:
        """The approximate inverse Hessian times the gradient."""
        result, shares = gradient.clone(), []
        for pair in reversed(self._pairs):
            share = pair.inverse * _dot(pair.step, result)
            result.addcmul_(pair.change, share, value=-1.0)
            shares.append(share)
        result = self._initial_inverse(result)
        for pair, share in zip(self._pairs, reversed(shares), strict=True):
            result.addcmul_(pair.step, share - pair.inverse * _dot(pair.change, result))
        return result

    def _initial_inverse(self, gradient: Tensor) -> Tensor:
        """The initial inverse Hessian times a gradient."""
        if self._preconditioner is not None:
            return self._preconditioner(gradient) / self._scale
        return gradient / (self._scale + self._hessian_diagonal)

    def _curvature(self, step: Tensor, change: Tensor, inverse: Tensor) -> Tensor:
        """The scale of the initial Hessian, from the newest pair (Nocedal and Wright, equation 7.20)."""
        if self._preconditioner is not None:
            return _dot(change, self._preconditioner(change)) * inverse
        unknown = change - self._hessian_diagonal * step
        product = _dot(unknown, step)
        known = product > _CAUTION * unknown.norm() * step.norm()
        whole = _dot(change, change) * inverse
        return torch.where(known, _dot(unknown, unknown) / product, whole)

    def _first(self, gradient: Tensor) -> Tensor:
        return gradient / (_first_scale(gradient) + self._hessian_diagonal)


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """The dot product of two tensors of one shape."""
    return torch.dot(one.flatten(), other.flatten())


def _first_scale(gradient: Tensor) -> Tensor:
    return gradient.square().mean().sqrt().clamp_min(1e-20) / _FIRST_STEP
