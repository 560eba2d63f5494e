"""Choice of the convolution algorithm for a kernel and size: Winograd's, compiled or not, or PyTorch's own.

Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, section 4: F(4×4, 3×3) in single
precision, with 36 multiplications where there would be 144, and F(2×2, 3×3) in bfloat16 and for few tiles.
Each tile of m×m results is Aᵀ [U ⊙ (Bᵀ d B)] A of (m+2)×(m+2) values d, with U = G g Gᵀ of the kernel g
computed once. Summed over the channels, the product is one of matrices at each of the (m+2)² transform
coordinates, which takes most of the time.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from compositor import convolution_jit
from compositor.convolution.winograd_matrices import F2X2, F4X4, WinogradVariant
from compositor.hardware.precision import has_matrix_tiles

# Inputs times outputs from which on Winograd is faster: by PyTorch's operations, and compiled. By operations
# in single precision it takes 0.53 to 1.02 of the time from there on, and 0.84 to 1.85 below.
_LEAST_CHANNELS, _LEAST_COMPILED = 128 * 256, 64 * 64
_TYPES = torch.float32, torch.bfloat16
# With so many inputs times outputs and no more 4×4 tiles than this, most of the time is taken by reading the
# transformed kernel, which is smaller for 2×2 tiles.
_LARGE_KERNEL, _FEW_TILES = 512 * 512, 16
# Inputs times outputs of a kernel that fits into a core's cache for a good part: 36 values for each.
_MOST_IN_CACHE = 128 * 128


class Transformed(NamedTuple):
    """A kernel (D, C, 3, 3) for the convolution, ((m+2)², C, D), and its gradient, ((m+2)², D, C)."""

    forwards: Tensor
    backwards: Tensor


def pays(weight: Tensor) -> bool:
    """Whether a kernel (D, C, 3, 3) is faster by this project's Winograd, on its device and in its dtype.

    cuDNN has its own. With matrix tiles (Intel's AMX) bfloat16 products take a smaller part of the time: not
    measured, and left to oneDNN.
    """
    if weight.device.type != "cpu" or weight.dtype not in _TYPES:
        return False
    if weight.dtype is torch.bfloat16 and has_matrix_tiles():
        return False
    least = _LEAST_COMPILED if is_compiled(weight) else _LEAST_CHANNELS
    return weight.shape[0] * weight.shape[1] >= least


def is_compiled(kernel: Tensor) -> bool:
    """Whether the transforms for a kernel, (D, C, 3, 3) or transformed, are compiled (`convolution_jit`)."""
    channels = kernel.shape[:2] if kernel.ndim == 4 else kernel.shape[1:]
    if (
        kernel.dtype is not torch.float32
        or kernel.device.type != "cpu"
        or any(each % convolution_jit.CHANNEL_GROUP for each in channels)
    ):
        return False
    return convolution_jit.available()


def goes_by_blocks(weight: Tensor) -> bool:
    """Whether a convolution by a kernel (D, C, 3, 3) is compiled as a whole, by blocks of tiles."""
    return pays(weight) and is_compiled(weight) and weight.shape[:2].numel() <= _MOST_IN_CACHE


def winograd_variant(weight: Tensor, height: int, width: int) -> WinogradVariant:
    """The fastest transform size for a kernel (D, C, 3, 3) and maps of this size, in px."""
    if weight.dtype is torch.bfloat16:
        return F2X2
    few = (
        math.prod(F4X4.grid(height, width)) <= _FEW_TILES
        and weight.shape[:2].numel() >= _LARGE_KERNEL
        and is_compiled(weight)
    )
    return F2X2 if few else F4X4


def transformed(weight: Tensor, variant: WinogradVariant) -> Transformed:
    """G g Gᵀ of a kernel (D, C, 3, 3), of its dtype."""
    outputs, channels = weight.shape[:2]
    values = weight.float().permute(2, 3, 1, 0).reshape(-1, channels * outputs)
    forwards = (variant.kernel_transform_2d @ values).to(weight.dtype).view(-1, channels, outputs)
    return Transformed(forwards, forwards.transpose(1, 2).contiguous())
