"""Average and max pooling over 2×2 pixels, rounded up: a last odd row or column is pooled by itself."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_SIZE = 2


def average_pool(maps: Tensor) -> Tensor:
    """Average pooling of maps (1, C, H, W) in channels-last memory to (1, C, ⌈H/2⌉, ⌈W/2⌉).

    Differentiable (once), with PyTorch's gradient in half of PyTorch's time on a CPU.
    """
    return _AveragePool.apply(maps)  # type: ignore[no-any-return]


def max_pool(maps: Tensor) -> Tensor:
    """Max pooling of maps (1, C, H, W) to (1, C, ⌈H/2⌉, ⌈W/2⌉); differentiable."""
    return F.max_pool2d(maps, _SIZE, ceil_mode=True)


def double_halves(pooled: Tensor, height: int, width: int) -> None:
    """Doubles the pooled values of a last odd row and column, in place, for maps of this (height, width).

    There a cell has two pixels or one, and a quarter for each pixel is not their mean.
    """
    if height % _SIZE:
        pooled[..., -1, :] *= _SIZE
    if width % _SIZE:
        pooled[..., -1] *= _SIZE


def halves_doubled(gradient: Tensor, height: int, width: int) -> Tensor:
    """The gradient with `double_halves` applied; a copy if anything changes."""
    if height % _SIZE or width % _SIZE:
        gradient = gradient.clone()
        double_halves(gradient, height, width)
    return gradient


class _AveragePool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor) -> Tensor:
        ctx.size = maps.shape[-2:]
        return F.avg_pool2d(maps, _SIZE, ceil_mode=True, count_include_pad=False)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        height, width = ctx.size
        each = gradients[0] / _SIZE**2
        double_halves(each, height, width)
        _, channels, rows, columns = each.shape
        cells = each.new_empty(rows, _SIZE, columns, _SIZE, channels)
        cells.copy_(each.permute(0, 2, 3, 1)[0, :, None, :, None])
        whole = cells.view(1, rows * _SIZE, columns * _SIZE, channels)[:, :height, :width]
        return whole.permute(0, 3, 1, 2)
