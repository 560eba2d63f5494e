"""L-BFGS for the pixels of a picture, which stay within 0..1."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch
from torch import Tensor

# How far a step without any curvature goes: the root mean square over the pixels, in 0..1.
_FIRST_STEP = 0.02
# A pair of steps tells of curvature when their cosine is above this (cautious update, Li and Fukushima 2001).
_CAUTION = 1e-6


@dataclass(frozen=True)
class _Pair:
    """A step, the change of the gradient that it brought, and one over their product.

    The inverse is 0, and the pair so without effect, where the two do not tell of a curvature.
    """

    step: Tensor
    change: Tensor
    inverse: Tensor


class PixelLbfgs:
    """Limited-memory BFGS, projected on the range of a picture.

    The direction is the two-loop recursion's (Nocedal and Wright 2006, algorithm 7.4), taken whole: near its
    minimum the objective is smooth enough to do without a line search, each trial of which would cost a step.
    Departs from the published style transfer, whose image leaves the range and is clamped at the end: a pixel
    at its limit that the gradient pushes outwards is held (Bertsekas 1982), every step is clamped, and
    the curvature is that of the clamped steps. What is optimised is then what is seen.

    Args:
        image: (1, 3, H, W) in 0..1, moved in place.
        history: steps that are remembered; each takes two images of memory.
        stiffness: what is known of the Hessian's diagonal, (1, 1 or 3, H, W) or 0: the temporal loss's part,
            which differs between held and free pixels by orders of magnitude. Without it the free ones, which
            were just revealed, would wait until the curvature of the held ones has been learnt.
    """

    def __init__(self, image: Tensor, history: int, stiffness: Tensor | float = 0.0) -> None:
        self._image = image
        self._stiffness = stiffness
        self._pairs: deque[_Pair] = deque(maxlen=history)
        self._before: tuple[Tensor, Tensor] | None = None
        self._scale = image.new_ones(())

    def step(self, gradient: Tensor) -> None:
        """One step down from the image, at which `gradient` was found."""
        self._remember(gradient)
        outwards = ((self._image <= 0.0) & (gradient > 0.0)) | ((self._image >= 1.0) & (gradient < 0.0))
        downhill = gradient.masked_fill(outwards, 0.0)
        direction = self._direction(downhill).masked_fill(outwards, 0.0)
        # Not asked in Python: a GPU would have to be waited for.
        descends = (direction * downhill).sum() > 0.0
        direction = torch.where(descends, direction, self._first(downhill))
        self._before = self._image.clone(), gradient
        self._image.sub_(direction).clamp_(0.0, 1.0)

    def _remember(self, gradient: Tensor) -> None:
        if self._before is None:
            self._scale = _first_scale(gradient)
            return
        image, earlier = self._before
        step, change = self._image - image, gradient - earlier
        product = (step * change).sum()
        tells = product > _CAUTION * step.norm() * change.norm()
        inverse = torch.where(tells, 1.0 / product, 0.0)
        self._pairs.append(_Pair(step, change, inverse))
        curvature = self._curvature(step, change, inverse)
        self._scale = torch.where(tells, curvature, self._scale)

    def _direction(self, gradient: Tensor) -> Tensor:
        """The approximate inverse Hessian times the gradient."""
        result, shares = gradient.clone(), []
        for pair in reversed(self._pairs):
            share = pair.inverse * (pair.step * result).sum()
            result -= share * pair.change
            shares.append(share)
        result /= self._scale + self._stiffness
        for pair, share in zip(self._pairs, reversed(shares), strict=True):
            result += (share - pair.inverse * (pair.change * result).sum()) * pair.step
        return result

    def _curvature(self, step: Tensor, change: Tensor, inverse: Tensor) -> Tensor:
        """A scale for what of the Hessian is not known: that of the newest pair (Nocedal, equation 7.20)."""
        unknown = change - self._stiffness * step
        product = (unknown * step).sum()
        known = product > _CAUTION * unknown.norm() * step.norm()
        whole = change.square().sum() * inverse
        return torch.where(known, unknown.square().sum() / product, whole)

    def _first(self, gradient: Tensor) -> Tensor:
        return gradient / (_first_scale(gradient) + self._stiffness)


def _first_scale(gradient: Tensor) -> Tensor:
    return gradient.square().mean().sqrt().clamp_min(1e-20) / _FIRST_STEP
