"""Padding of feature maps, replicated or zero, in one pass; and the gradient of replicated padding."""

from __future__ import annotations

import torch
from torch import Tensor


def bordered(
    maps: Tensor, border: int, height: int, width: int, *, replicate: bool, positive: Tensor | None = None
) -> Tensor:
    """A padded copy of maps; not differentiable.

    PyTorch's own padding takes several times as long on a CPU.

    Args:
        maps: (1, C, h, w) in channels-last memory.
        border: pixels above and to the left.
        height, width: of the copy; the border below and to the right fills what is left of it.
        replicate: replicate the outermost pixels, or pad with zeros.
        positive: of the maps' shape; where it is not above zero, the maps count as zero.

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
    # Columns before rows: the rows then include the corners.
    between = result[border:bottom]
    between[:, :border] = inside[:, :1] if replicate else 0.0
    between[:, right:] = inside[:, -1:] if replicate else 0.0
    result[:border] = result[border] if replicate else 0.0
    result[bottom:] = result[bottom - 1] if replicate else 0.0
    return result


def folded(gradient: Tensor) -> Tensor:
    """The gradient of maps (1, C, h, w) from that of their copy with a replicated border of one pixel.

    Args:
        gradient: (1, C, h + 2, w + 2), changed in place.
    """
    gradient[..., 1, :] += gradient[..., 0, :]
    gradient[..., -2, :] += gradient[..., -1, :]
    gradient[..., 1] += gradient[..., 0]
    gradient[..., -2] += gradient[..., -1]
    return gradient[..., 1:-1, 1:-1]
