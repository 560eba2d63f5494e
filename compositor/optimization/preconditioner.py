"""Preconditioner of L-BFGS for pixels: about the inverse Hessian, before any of it is known."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

# Standard deviation in px, and weight, of the blur at the finest level. At each further level it is twice as
# wide, and weighs three times as much, up to a share of the shorter side.
_SIGMA, _WEIGHT = 1.5, 2.0
_WIDER, _HEAVIER = 2.0, 3.0
_WIDEST = 1 / 6
# Weight of the mean over the channels, at every level: gray before colors.
_GRAY = 2.0
# Pixels: the distance of the points at which the gradient's local strength is taken, linear between them.
_APART = 12
# How much of the strength that was known before stays in a step.
_INERTIA = 0.9
# The strength counts from this share of its mean on; and by at most this factor, up and down.
_LEAST, _MOST = 1e-2, 8.0


class PixelPreconditioner:
    """A symmetric positive operator S (I + g·J) (I + Σ wᵢ BᵢᵀBᵢ) S on images (1, 3, H, W).

    - Bᵢ blurs by a Gaussian, each twice as wide as the one before, and is sampled as coarsely: the operator
      is larger for low spatial frequencies than for high ones (levels as of Bramble, Pasciak and Xu 1990,
      with weights that were found by trying).
    - J is the mean over the channels: colors change together sooner than apart.
    - S, (1, 1, H, W), is smaller where the gradient has been strong in the steps so far: S² goes with one
      over its local root mean square. There the objective is steeper: the inverse curvature, measured along
      the steps, differs by over ten times between the parts of a frame, and goes down with the gradient
      (correlation of the logarithms −0.82 to −0.87). As in AdaGrad (Duchi, Hazan, Singer 2011), but by
      surroundings, not by pixel.

    Args:
        image: of the shape, dtype and device that are wanted.
    """

    def __init__(self, image: Tensor) -> None:
        height, width = image.shape[-2:]
        like = {"dtype": image.dtype, "device": image.device}
        self._levels: list[tuple[float, Tensor, Tensor]] = []
        sigma, weight = _SIGMA, _WEIGHT
        while not self._levels or sigma <= _WIDEST * min(height, width):
            rows, columns = (torch.from_numpy(_gaussians(side, sigma)).to(**like) for side in (height, width))
            self._levels.append((weight, rows, columns))
            sigma, weight = sigma * _WIDER, weight * _HEAVIER
        self._rows, self._columns = (torch.from_numpy(_tents(side)).to(**like) for side in (height, width))
        self._to_rows, self._to_columns = _normalized(self._rows.T), _normalized(self._columns.T)
        self._squares: Tensor | None = None
        self._local = image.new_ones(1, 1, 1, 1)

    def observe(self, gradient: Tensor) -> None:
        """Takes notice of how strong a gradient (1, 3, H, W) is in each part of the image."""
        squares = self._rows @ gradient.square().sum(dim=1)[0] @ self._columns.T
        squares = squares / squares.mean().clamp_min(torch.finfo(squares.dtype).tiny)
        known = self._squares
        self._squares = squares if known is None else torch.lerp(squares, known, _INERTIA)
        steepness = self._squares.clamp_min(_LEAST**2).sqrt()
        steepness = (steepness / steepness.log().mean().exp()).clamp(1.0 / _MOST, _MOST)
        self._local = (self._to_rows @ steepness.rsqrt() @ self._to_columns.T)[None, None]

    def __call__(self, values: Tensor) -> Tensor:
        """The operator's result for values (1, 3, H, W)."""
        values = values * self._local
        result = values.clone()
        for weight, rows, columns in self._levels:
            result.add_(rows.T @ (rows @ values @ columns.T) @ columns, alpha=weight)
        result.add_(result.mean(dim=1, keepdim=True), alpha=_GRAY)
        return result.mul_(self._local)


def _gaussians(side: int, sigma: float) -> np.ndarray:
    """(n, side): Gaussians that are one standard deviation apart; the sums of BᵀB's rows are about 1."""
    centers = _centers(side, sigma, math.ceil(side / sigma) + 2)
    blur = np.exp(-0.5 * ((np.arange(side) - centers[:, None]) / sigma) ** 2)
    return blur / np.sqrt(blur.T @ blur.sum(axis=1))


def _tents(side: int) -> np.ndarray:
    """(n, side): the weights of the pixels at points `_APART` px apart, linear up to the next one."""
    centers = _centers(side, _APART, math.ceil(side / _APART) + 1)
    tents = np.maximum(0.0, 1.0 - np.abs(np.arange(side) - centers[:, None]) / _APART)
    return tents / tents.sum(axis=1, keepdims=True)


def _centers(side: int, distance: float, count: int) -> np.ndarray:
    return (np.arange(count) - 0.5 * (count - 1)) * distance + 0.5 * (side - 1)


def _normalized(weights: Tensor) -> Tensor:
    return weights / weights.sum(dim=1, keepdim=True)
