"""3×3 convolutions by Winograd's minimal filtering, which multiplies 36 times where there would be 144.

Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, section 4: F(4×4, 3×3) in single
precision, F(2×2, 3×3) in bfloat16. Each tile of m×m results is Aᵀ [U ⊙ (Bᵀ d B)] A of (m+2)×(m+2) values d,
with U = G g Gᵀ of the kernel g made once. Summed over the channels, the product is one of matrices at each of
the (m+2)² places, which is where the time goes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from compositor import compiled_tiles, tile_operations
from compositor.filtering import LARGE, SMALL, Filtering
from compositor.precision import has_matrix_tiles
from compositor.tile_arguments import GROUP

# Inputs times outputs, from which on it pays: by PyTorch's operations, and with compiled sums.
_LEAST_CHANNELS = {torch.bfloat16: 128 * 256, torch.float32: 64 * 128}
_LEAST_COMPILED = 64 * 64
# Inputs times outputs times pixels, from which on a layer is worth the time that compiling takes.
_LEAST_WORK = 2**24


def pays(weight: Tensor, pixels: float) -> bool:
    """Whether a kernel (D, C, 3, 3) is faster this way, where it is and in its own type.

    cuDNN has its own. With matrix tiles (Intel's AMX) bfloat16's products are a smaller part of the time: not
    measured, and left to oneDNN.
    """
    least = _LEAST_CHANNELS.get(weight.dtype)
    if weight.device.type != "cpu" or least is None:
        return False
    if weight.dtype is torch.float32:
        least = _LEAST_COMPILED if _is_compiled(weight.dtype, weight.shape[:2], pixels) else least
    elif has_matrix_tiles():
        return False
    return weight.shape[0] * weight.shape[1] >= least


def transformed(weight: Tensor) -> Tensor:
    """G g Gᵀ of a kernel (D, C, 3, 3), as (places, C, D) of its type."""
    outputs, channels = weight.shape[:2]
    values = weight.float().permute(2, 3, 1, 0).reshape(-1, channels * outputs)
    both = _filtering(weight.dtype).kernel_both
    return (both @ values).to(weight.dtype).view(-1, channels, outputs)


def winograd(maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool) -> Tensor:
    """The rectified convolution of maps, at their size.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        kernel: (places, C, D) of `transformed`, of the maps' type.
        bias: (D).
        replicate: what lies beyond the maps' border: its copy, or zeros.

    Returns:
        (1, D, H, W) in channels-last memory.
    """
    if _is_compiled(maps.dtype, kernel.shape[1:], maps.shape[2] * maps.shape[3]):
        return compiled_tiles.convolved(maps, kernel, bias, replicate=replicate)
    return tile_operations.convolved(maps, kernel, bias, _filtering(maps.dtype), replicate=replicate)


def winograd_gradient(gradient: Tensor, kernel: Tensor, positive: Tensor) -> Tensor:
    """The gradient of a convolution's input with its border, from that of its rectified result.

    The convolution's own steps transposed and in reverse: B [Uᵀ ⊙ (A g Aᵀ)] Bᵀ, added up where tiles overlap.
    A convolution of the gradient would need tiles for the border too.

    Args:
        gradient: (1, D, H, W) in channels-last memory.
        kernel: (places, D, C): that of `winograd` with the last two swapped.
        positive: (1, D, H, W), the rectified result; where it is not above zero, nothing comes back.

    Returns:
        (1, C, H + 2, W + 2), with the channels next to each other in memory; rows and columns are a part of
        larger ones where the tiles do not fill them.
    """
    if _is_compiled(gradient.dtype, kernel.shape[1:], gradient.shape[2] * gradient.shape[3]):
        return compiled_tiles.gradient_below(gradient, kernel, positive)
    return tile_operations.gradient_below(gradient, kernel, positive, _filtering(gradient.dtype))


def _filtering(dtype: torch.dtype) -> Filtering:
    return SMALL if dtype is torch.bfloat16 else LARGE


def _is_compiled(dtype: torch.dtype, channels: torch.Size, pixels: float) -> bool:
    """Whether the sums are compiled: by the layer's size alone, so that a frame comes out the same again."""
    if dtype is not torch.float32 or any(each % GROUP for each in channels):
        return False
    return channels.numel() * pixels >= _LEAST_WORK and compiled_tiles.available()
