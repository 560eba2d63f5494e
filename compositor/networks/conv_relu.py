"""A convolution and its rectifier as one differentiable operation, of a layer that is never trained."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor import convolution_jit
from compositor.convolution import winograd
from compositor.convolution.padding import bordered, folded
from compositor.convolution.pooling import average_pool
from compositor.convolution.winograd_matrices import LARGE
from compositor.convolution_jit import conv_by_blocks, conv_by_tiles, conv_rgb
from compositor.networks.conv_algorithm import (
    Transformed,
    filtering,
    goes_by_blocks,
    is_compiled,
    pays,
    transformed,
)

# oneDNN's kernels take as long for three channels as for sixteen, and twice as long as for four.
_EVEN_CHANNELS = 4
_FULL_HD = 1080, 1920


class Kernel:
    """What a layer convolves with, and never changes.

    Args:
        weight, bias: (D, C, 3, 3) and (D).

    Attributes:
        taps: the weight as `convolution_jit.conv_rgb` takes it, where it is the picture's.
        packed: the weight as `convolution_jit.conv_by_blocks` takes it, where that is fastest.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight, self.bias = weight, bias
        self.taps = (
            conv_rgb.by_taps(weight) if conv_rgb.fits(weight) and convolution_jit.available() else None
        )
        self._transformed: dict[int, Transformed] = {}
        self.packed: Transformed | None = None
        # Made at once, so that what is said of the free memory before the first frame holds.
        if goes_by_blocks(weight):
            self.packed = Transformed(*map(conv_by_blocks.packed, transformed(weight, LARGE)))
        else:
            self.transformed(*_FULL_HD)

    def transformed(self, height: int, width: int) -> Transformed | None:
        """The weight for Winograd's filtering of maps of a size, where that pays."""
        if not pays(self.weight):
            return None
        how = filtering(self.weight, height, width)
        if how.step not in self._transformed:
            self._transformed[how.step] = transformed(self.weight, how)
        return self._transformed[how.step]


def rectified_convolution(maps: Tensor, kernel: Kernel, *, replicate: bool, dtype: torch.dtype) -> Tensor:
    """max(0, w ∗ x + b) with a 3×3 kernel, at the size of the input; differentiable (once) towards the maps.

    Autograd would keep the padded input of every convolution beside the output of its rectifier. Where only
    the gradient of the input is wanted, the output alone says all that is needed: where it is zero, nothing
    comes back. By machine code not even that is kept, but a bit of each value.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        kernel: of the maps' dtype.
        replicate: what lies beyond the border: its copy, or zeros.
        dtype: of the result, and of what the gradient is computed with.
    """
    how = _tile_how(maps, kernel, replicate=replicate)
    if how is not None:
        return _TileConvolution.apply(maps, how)  # type: ignore[no-any-return]
    if kernel.taps is not None and replicate and maps.shape[3] >= conv_rgb.LEAST_WIDTH:
        return _ImageConvolution.apply(maps, kernel.taps, kernel.bias).to(dtype)  # type: ignore[no-any-return]
    return _RectifiedConvolution.apply(maps, _How(kernel, replicate, dtype))  # type: ignore[no-any-return]


def pooled_convolution(maps: Tensor, kernel: Kernel, *, replicate: bool, dtype: torch.dtype) -> Tensor:
    """`average_pool` of a `rectified_convolution`.

    Where that is made at once, the convolution's own result is never in memory.
    """
    how = _tile_how(maps, kernel, replicate=replicate)
    if how is not None:
        return _TileConvolution.apply(maps, how._replace(pooled=True))  # type: ignore[no-any-return]
    return average_pool(rectified_convolution(maps, kernel, replicate=replicate, dtype=dtype))


def convolution(maps: Tensor, kernel: Kernel, *, replicate: bool) -> Tensor:
    """w ∗ x + b alone, differentiable; the arguments are those of `rectified_convolution`."""
    if replicate:
        return F.conv2d(F.pad(maps, (1, 1, 1, 1), mode="replicate"), kernel.weight, kernel.bias)
    return F.conv2d(maps, kernel.weight, kernel.bias, padding=1)


class _How(NamedTuple):
    kernel: Kernel
    replicate: bool
    dtype: torch.dtype


class _RectifiedConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, how: _How) -> Tensor:
        result = _rectified(maps, how.kernel, replicate=how.replicate).to(how.dtype)
        ctx.how, ctx.size, ctx.maps_dtype = how, maps.shape[-2:], maps.dtype
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (result,) = ctx.saved_tensors
        below = _below(gradients[0], result, ctx.how.kernel, ctx.size, replicate=ctx.how.replicate)
        below = below.to(ctx.maps_dtype)
        return folded(below) if ctx.how.replicate else below, None


class _TileHow(NamedTuple):
    by: ModuleType
    weight: Transformed
    bias: Tensor
    replicate: bool
    pooled: bool = False


def _tile_how(maps: Tensor, kernel: Kernel, *, replicate: bool) -> _TileHow | None:
    """What of machine code takes maps of this size by a kernel; None if nothing does."""
    if kernel.packed is not None:
        return _TileHow(conv_by_blocks, kernel.packed, kernel.bias, replicate)
    weight = kernel.transformed(*maps.shape[2:])
    if weight is not None and is_compiled(weight.forwards):
        return _TileHow(conv_by_tiles, weight, kernel.bias, replicate)
    return None


class _TileConvolution(torch.autograd.Function):
    """By machine code, of which the gradient needs a bit for each value of the result."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, how: _TileHow) -> Tensor:
        ctx.how = how
        kernel = how.weight.forwards
        result, flags = how.by.convolved(maps, kernel, how.bias, replicate=how.replicate, pooled=how.pooled)
        ctx.save_for_backward(flags)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (flags,), how = ctx.saved_tensors, ctx.how
        below = how.by.gradient_below(gradients[0], how.weight.backwards, flags, pooled=how.pooled)
        return folded(below) if how.replicate else below[..., 1:-1, 1:-1], None


class _ImageConvolution(torch.autograd.Function):
    """The same of the picture itself, whose border is copied."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, taps: Tensor, bias: Tensor) -> Tensor:
        result, flags = conv_rgb.convolved(maps, taps, bias)
        ctx.save_for_backward(taps, flags)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return folded(conv_rgb.gradient_below(gradients[0], *ctx.saved_tensors)), None, None


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
    """The gradient of a convolution's input, which is of (height, width) `size`, from that of its rectified
    result.

    Where the border was replicated, it is that of the input with its border.
    """
    transformed_weight = kernel.transformed(*size)
    if transformed_weight is not None:
        below = winograd.gradient_below(gradient, transformed_weight.backwards, result)
        return below if replicate else below[..., 1:-1, 1:-1]
    gradient = torch.ops.aten.threshold_backward(gradient, result, 0)
    weight = kernel.weight.to(gradient.dtype)
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
