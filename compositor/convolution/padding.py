"""Feature maps within a border, made and taken back in one pass over them."""

from __future__ import annotations

import torch
from torch import Tensor


def bordered(
    maps: Tensor, border: int, height: int, width: int, *, replicate: bool, positive: Tensor | None = None
) -> Tensor:
    """A copy of maps with a border, up to a size; not differentiable.

    As PyTorch's own padding, which takes several times as long on a CPU.

    Args:
        maps: (1, C, h, w) in channels-last memory.
        border: pixels above and to the left.
        height, width: of the copy; what h + border and w + border leave of it is below and to the right.
        replicate: what the border is: a copy of the maps' outermost pixels, or zeros.
        positive: of the maps' shape; where this is not above zero, the maps are taken for zero.

    Returns:
        (height, width, C).
    """
    _, channels, rows, columns = maps.shape
    bottom, right = border + rows, border + columns
    result = maps.new_empty(height, width, channels)
    inside = result[border:bottom, border:right]
    values = maps.permute(0, 2, 3, 1)[0]
    if positive is None:
        inside.copy_(values)
    else:
        where = positive.permute(0, 2, 3, 1)[0]
        torch.ops.aten.threshold_backward.grad_input(values, where, 0, grad_input=inside)
    # The columns first: the rows then have the corners.
    between = result[border:bottom]
    between[:, :border] = inside[:, :1] if replicate else 0.0
    between[:, right:] = inside[:, -1:] if replicate else 0.0
    result[:border] = result[border] if replicate else 0.0
    result[bottom:] = result[bottom - 1] if replicate else 0.0
    return result


def folded(gradient: Tensor) -> Tensor:
    """The gradient of maps (1, C, h, w) from that of their copy with a replicated border of one pixel,
    (1, C, h + 2, w + 2), added up in place where it came from."""
    gradient[..., 1, :] += gradient[..., 0, :]
    gradient[..., -2, :] += gradient[..., -1, :]
    gradient[..., 1] += gradient[..., 0]
    gradient[..., -2] += gradient[..., -1]
    return gradient[..., 1:-1, 1:-1]
