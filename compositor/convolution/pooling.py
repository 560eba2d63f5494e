"""Average and maximum pooling over 2×2 pixels; a last odd row or column is kept, with what is there of it."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_SIZE = 2


def average_pool(maps: Tensor) -> Tensor:
    """Means of maps (1, C, H, W) in channels-last memory, rounded up to (H + 1) / 2 and (W + 1) / 2;
    differentiable (once).

    The gradient is PyTorch's own, which on a CPU takes twice as long to find.
    """
    return _AveragePool.apply(maps)  # type: ignore[no-any-return]


def max_pool(maps: Tensor) -> Tensor:
    """The same with maxima."""
    return F.max_pool2d(maps, _SIZE, ceil_mode=True)


def double_halves(pooled: Tensor, height: int, width: int) -> None:
    """Makes up, in place, for the pixels that a last odd row and column of maps of this size don't have: to
    what was pooled there, or its gradient, a quarter for each pixel is too little."""
    if height % _SIZE:
        pooled[..., -1, :] *= _SIZE
    if width % _SIZE:
        pooled[..., -1] *= _SIZE


def halves_doubled(gradient: Tensor, height: int, width: int) -> Tensor:
    """A gradient for which that is made up, as `double_halves` does, in a copy where there is something."""
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
        spread = each.new_empty(rows, _SIZE, columns, _SIZE, channels)
        spread.copy_(each.permute(0, 2, 3, 1)[0, :, None, :, None])
        whole = spread.view(1, rows * _SIZE, columns * _SIZE, channels)[:, :height, :width]
        return whole.permute(0, 3, 1, 2)
