"""3×3 convolutions by Winograd's minimal filtering, which multiplies 36 times where there would be 144.

Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, section 4: F(4×4, 3×3) in single
precision, F(2×2, 3×3) in bfloat16 and for few tiles. Each tile of m×m results is Aᵀ [U ⊙ (Bᵀ d B)] A of
(m+2)×(m+2) values d, with U = G g Gᵀ of the kernel g made once. Summed over the channels, the product is one
of matrices at each of the (m+2)² places, which is where the time goes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from compositor import convolution_jit
from compositor.convolution.winograd_matrices import LARGE, SMALL, Filtering
from compositor.convolution_jit.kernel_arguments import GROUP
from compositor.hardware.precision import has_matrix_tiles

# Inputs times outputs, from which on it pays: by PyTorch's operations, and with compiled sums.
_LEAST_CHANNELS = {torch.bfloat16: 128 * 256, torch.float32: 64 * 128}
_LEAST_COMPILED = 64 * 64
# With so many inputs times outputs and no more of the larger tiles than this, most of the time goes into
# reading the kernel, of which the smaller tiles have less.
_LARGE_KERNEL, _FEW_TILES = 512 * 512, 16
# Inputs times outputs of a kernel of which a core's own cache has room for a good part: 36 values for each.
_MOST_IN_CACHE = 128 * 128


class Transformed(NamedTuple):
    """A kernel (D, C, 3, 3) for the convolution, (places, C, D), and for its gradient, (places, D, C)."""

    forwards: Tensor
    backwards: Tensor


def pays(weight: Tensor) -> bool:
    """Whether a kernel (D, C, 3, 3) is faster this way, where it is and in its own type.

    cuDNN has its own. With matrix tiles (Intel's AMX) bfloat16's products are a smaller part of the time: not
    measured, and left to oneDNN.
    """
    least = _LEAST_CHANNELS.get(weight.dtype)
    if weight.device.type != "cpu" or least is None:
        return False
    if weight.dtype is torch.float32:
        least = _LEAST_COMPILED if is_compiled(weight) else least
    elif has_matrix_tiles():
        return False
    return weight.shape[0] * weight.shape[1] >= least


def is_compiled(kernel: Tensor) -> bool:
    """Whether the sums with a kernel, (D, C, 3, 3) or transformed, are machine code."""
    channels = kernel.shape[:2] if kernel.ndim == 4 else kernel.shape[1:]
    if (
        kernel.dtype is not torch.float32
        or kernel.device.type != "cpu"
        or any(each % GROUP for each in channels)
    ):
        return False
    return convolution_jit.available()


def goes_by_blocks(weight: Tensor) -> bool:
    """Whether a convolution by a kernel (D, C, 3, 3) is compiled whole, by `convolution_jit`."""
    return pays(weight) and is_compiled(weight) and weight.shape[:2].numel() <= _MOST_IN_CACHE


def filtering(weight: Tensor, height: int, width: int) -> Filtering:
    """What is fastest for a kernel (D, C, 3, 3) that pays, and maps of this size."""
    if weight.dtype is torch.bfloat16:
        return SMALL
    few = (
        math.prod(LARGE.grid(height, width)) <= _FEW_TILES
        and weight.shape[:2].numel() >= _LARGE_KERNEL
        and is_compiled(weight)
    )
    return SMALL if few else LARGE


def transformed(weight: Tensor, how: Filtering) -> Transformed:
    """G g Gᵀ of a kernel (D, C, 3, 3), of its type."""
    outputs, channels = weight.shape[:2]
    values = weight.float().permute(2, 3, 1, 0).reshape(-1, channels * outputs)
    forwards = (how.kernel_both @ values).to(weight.dtype).view(-1, channels, outputs)
    return Transformed(forwards, forwards.transpose(1, 2).contiguous())
