"""A convolution and its rectifier as one differentiable operation, of a layer that is never trained."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

# oneDNN's kernels take as long for three channels as for sixteen, and twice as long as for four.
_EVEN_CHANNELS = 4


def rectified_convolution(
    maps: Tensor, weight: Tensor, bias: Tensor, *, replicate: bool, dtype: torch.dtype
) -> Tensor:
    """max(0, w ∗ x + b) with a 3×3 kernel, at the size of the input; differentiable (once) towards the maps.

    Autograd would keep the padded input of every convolution beside the output of its rectifier. Where only
    the gradient of the input is wanted, the output alone says all that is needed: where it is zero, nothing
    comes back.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        weight, bias: (D, C, 3, 3) and (D), of the maps' dtype.
        replicate: what lies beyond the border: its copy, or zeros.
        dtype: of the result, and of what the gradient is computed with.
    """
    return _RectifiedConvolution.apply(maps, weight, bias, _How(replicate, dtype))  # type: ignore[no-any-return]


def convolution(maps: Tensor, weight: Tensor, bias: Tensor, *, replicate: bool) -> Tensor:
    """w ∗ x + b alone; the arguments are those of `rectified_convolution`."""
    if replicate:
        return F.conv2d(F.pad(maps, (1, 1, 1, 1), mode="replicate"), weight, bias)
    return F.conv2d(maps, weight, bias, padding=1)


class _How(NamedTuple):
    replicate: bool
    dtype: torch.dtype


class _RectifiedConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor, how: _How) -> Tensor:
        result = convolution(maps, weight, bias, replicate=how.replicate).relu_().to(how.dtype)
        ctx.replicate, ctx.size, ctx.maps_dtype = how.replicate, maps.shape[-2:], maps.dtype
        ctx.save_for_backward(result, weight)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        result, weight = ctx.saved_tensors
        gradient = torch.ops.aten.threshold_backward(gradients[0], result, 0)
        weight = weight.to(gradient.dtype)
        (height, width), padding = ctx.size, 1
        if ctx.replicate:
            height, width, padding = height + 2, width + 2, 0
        below = _below(gradient, weight, (height, width), padding).to(ctx.maps_dtype)
        return _folded(below) if ctx.replicate else below, None, None, None


def _below(gradient: Tensor, weight: Tensor, size: tuple[int, int], padding: int) -> Tensor:
    """The gradient of a convolution's input, of (height, width) `size`, from that of its output."""
    channels = weight.shape[1]
    if channels % _EVEN_CHANNELS:
        more = _EVEN_CHANNELS - channels % _EVEN_CHANNELS
        weight = F.pad(weight, (0, 0, 0, 0, 0, more)).contiguous(memory_format=torch.channels_last)
    # Only the input's size and memory format are looked at.
    shape = (1, weight.shape[1], *size)
    like = torch.empty(shape, dtype=weight.dtype, device=weight.device, memory_format=torch.channels_last)
    outcome = torch.ops.aten.convolution_backward(
        gradient, like, weight, None, [1, 1], [padding] * 2, [1, 1], False, [0, 0], 1, [True, False, False]
    )
    return outcome[0][:, :channels]


def _folded(gradient: Tensor) -> Tensor:
    """The gradient of maps from that of their copy with a replicated border, added up where it came from."""
    gradient[..., 1, :] += gradient[..., 0, :]
    gradient[..., -2, :] += gradient[..., -1, :]
    gradient[..., 1] += gradient[..., 0]
    gradient[..., -2] += gradient[..., -1]
    return gradient[..., 1:-1, 1:-1]
