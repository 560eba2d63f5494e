"""Convolution with ReLU as one differentiable operation with fixed weights, which saves memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor import convolution_jit
from compositor.convolution import winograd
from compositor.convolution.padding import bordered, folded
from compositor.convolution.pooling import average_pool
from compositor.convolution.winograd_matrices import F4X4
from compositor.convolution_jit import JitConvolution
from compositor.networks.conv_algorithm import (
    Transformed,
    goes_by_blocks,
    is_compiled,
    pays,
    transformed,
    winograd_variant,
)

# oneDNN's kernels take as long for three channels as for sixteen, and twice as long as for four.
_EVEN_CHANNELS = 4
_FULL_HD = 1080, 1920


class Kernel:
    """The fixed weights of a layer, prepared for the fastest algorithm.

    Args:
        weight, bias: (D, C, 3, 3) and (D).

    Attributes:
        packed: the weight for `convolution_jit.CONVOLUTION_BY_BLOCKS`, if that is fastest.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight, self.bias = weight, bias
        self._transformed: dict[int, Transformed] = {}
        self.packed: Transformed | None = None
        # Made at once, so that free memory is already reduced by it when the first frame is planned.
        if goes_by_blocks(weight):
            self.packed = Transformed(*map(convolution_jit.packed_for_blocks, transformed(weight, F4X4)))
        else:
            self.transformed(*_FULL_HD)

    def transformed(self, height: int, width: int) -> Transformed | None:
        """The weight transformed for Winograd on maps of a size, in px; None if PyTorch's is faster."""
        if not pays(self.weight):
            return None
        variant = winograd_variant(self.weight, height, width)
        if variant.step not in self._transformed:
            self._transformed[variant.step] = transformed(self.weight, variant)
        return self._transformed[variant.step]


def rectified_convolution(maps: Tensor, kernel: Kernel, *, replicate: bool, dtype: torch.dtype) -> Tensor:
    """max(0, w ∗ x + b) with a 3×3 kernel, at the size of the input; differentiable (once) towards the maps.

    Autograd would keep the padded input of every convolution beside the output of its rectifier. For the
    gradient of the input alone, the output is enough: where it is zero, the gradient is zero. The compiled
    convolutions keep only a bit for each value of it.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        kernel: of the maps' dtype.
        replicate: replicate the border, or pad with zeros.
        dtype: of the result, and of the gradient's computation.
    """
    compiled = _compiled(maps, kernel, replicate=replicate)
    if compiled is not None:
        return _CompiledConvolution.apply(maps, compiled)  # type: ignore[no-any-return]
    return _RectifiedConvolution.apply(maps, _Options(kernel, replicate, dtype))  # type: ignore[no-any-return]


def pooled_convolution(maps: Tensor, kernel: Kernel, *, replicate: bool, dtype: torch.dtype) -> Tensor:
    """`average_pool` of a `rectified_convolution`; compiled, without the unpooled result in memory."""
    compiled = _compiled(maps, kernel, replicate=replicate)
    if compiled is not None:
        return _CompiledConvolution.apply(maps, compiled._replace(pooled=True))  # type: ignore[no-any-return]
    return average_pool(rectified_convolution(maps, kernel, replicate=replicate, dtype=dtype))


def convolution(maps: Tensor, kernel: Kernel, *, replicate: bool) -> Tensor:
    """w ∗ x + b alone, differentiable; the arguments are those of `rectified_convolution`."""
    if replicate:
        return F.conv2d(F.pad(maps, (1, 1, 1, 1), mode="replicate"), kernel.weight, kernel.bias)
    return F.conv2d(maps, kernel.weight, kernel.bias, padding=1)


class _Options(NamedTuple):
    kernel: Kernel
    replicate: bool
    dtype: torch.dtype


class _RectifiedConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, options: _Options) -> Tensor:
        result = _rectified(maps, options.kernel, replicate=options.replicate).to(options.dtype)
        ctx.options, ctx.size, ctx.maps_dtype = options, maps.shape[-2:], maps.dtype
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (result,) = ctx.saved_tensors
        options: _Options = ctx.options
        below = _below(gradients[0], result, options.kernel, ctx.size, replicate=options.replicate)
        below = below.to(ctx.maps_dtype)
        return folded(below) if options.replicate else below, None


class _Compiled(NamedTuple):
    convolution: JitConvolution
    weight: Transformed
    bias: Tensor
    replicate: bool
    pooled: bool = False


def _compiled(maps: Tensor, kernel: Kernel, *, replicate: bool) -> _Compiled | None:
    """The compiled convolution for maps of this size; None if there is none."""
    if kernel.packed is not None:
        return _Compiled(convolution_jit.CONVOLUTION_BY_BLOCKS, kernel.packed, kernel.bias, replicate)
    weight = kernel.transformed(*maps.shape[2:])
    if weight is not None and is_compiled(weight.forwards):
        return _Compiled(convolution_jit.CONVOLUTION_BY_TILES, weight, kernel.bias, replicate)
    return None


class _CompiledConvolution(torch.autograd.Function):
    """Its gradient needs one bit for each value of the result."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, compiled: _Compiled) -> Tensor:
        ctx.compiled = compiled
        result, relu_mask_bits = compiled.convolution.convolved(
            maps,
            compiled.weight.forwards,
            compiled.bias,
            replicate=compiled.replicate,
            pooled=compiled.pooled,
        )
        ctx.save_for_backward(relu_mask_bits)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (relu_mask_bits,) = ctx.saved_tensors
        compiled: _Compiled = ctx.compiled
        below = compiled.convolution.gradient_below(
            gradients[0], compiled.weight.backwards, relu_mask_bits, pooled=compiled.pooled
        )
        return folded(below) if compiled.replicate else below[..., 1:-1, 1:-1], None


def _rectified(maps: Tensor, kernel: Kernel, *, replicate: bool) -> Tensor:
    weight = kernel.transformed(*maps.shape[2:])
    if weight is not None:
        return winograd.convolved(maps, weight.forwards, kernel.bias, replicate=replicate)
    if replicate and maps.device.type == "cpu":
        height, width = maps.shape[-2:]
        source = bordered(maps, 1, height + 2, width + 2, replicate=True)
        return F.conv2d(source.permute(2, 0, 1)[None], kernel.weight, kernel.bias).relu_()
    return convolution(maps, kernel, replicate=replicate).relu_()


def _below(
    gradient: Tensor, result: Tensor, kernel: Kernel, size: tuple[int, int], *, replicate: bool
) -> Tensor:
    """The gradient of a convolution's input of this (height, width), from that of its rectified result.

    With a replicated border, it is the gradient of the input including its border.
    """
    transformed_weight = kernel.transformed(*size)
    if transformed_weight is not None:
        below = winograd.gradient_below(gradient, transformed_weight.backwards, result)
        return below if replicate else below[..., 1:-1, 1:-1]
    gradient = torch.ops.aten.threshold_backward(gradient, result, 0)
    # The image's own layer is in single precision; so is its gradient, but on a GPU, to save memory.
    dtype = kernel.weight.dtype if gradient.device.type == "cpu" else gradient.dtype
    gradient, weight = gradient.to(dtype), kernel.weight.to(dtype)
    (height, width), padding = size, 1
    if replicate:
        height, width, padding = height + 2, width + 2, 0
    channels = weight.shape[1]
    if channels % _EVEN_CHANNELS:
        more = _EVEN_CHANNELS - channels % _EVEN_CHANNELS
        weight = F.pad(weight, (0, 0, 0, 0, 0, more)).contiguous(memory_format=torch.channels_last)
    # Only the input's size and memory format are looked at.
    shape = (1, weight.shape[1], height, width)
    like = torch.empty(shape, dtype=weight.dtype, device=weight.device, memory_format=torch.channels_last)
    outcome = torch.ops.aten.convolution_backward(
        gradient, like, weight, None, [1, 1], [padding] * 2, [1, 1], False, [0, 0], 1, [True, False, False]
    )
    return outcome[0][:, :channels]
