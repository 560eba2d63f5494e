"""3×3 convolutions by Winograd's minimal filtering, which multiplies 16 times where there would be 36.

Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, section 4.1, F(2×2, 3×3). Each tile of
2×2 results is Aᵀ [U ⊙ (Bᵀ d B)] A of 4×4 values d, with U = G g Gᵀ of the kernel g made once. Summed over the
channels, the product is one of matrices at each of the 16 places, which is where the time goes.

On two cores with bfloat16 a convolution with 512 channels takes 0.6 to 0.7 of the time of oneDNN's own, with
256 0.75, from 128 to 256 0.8; with 128 and fewer the sums cost more than the products save. In bfloat16 the
result's relative error is 0.0044 where it is 0.0017.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.device import has_matrix_tiles

# Inputs times outputs, from which on it pays.
_LEAST_CHANNELS = {torch.bfloat16: 128 * 256, torch.float32: 256 * 256}
# Values: the picture is gone through in bands of rows with matrices that are not larger than this, so that
# they stay in the processor's cache and take no memory worth mentioning.
_BAND = 2**21

_TILE, _STEP = 4, 2
_G = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]])
_A = torch.tensor([[1.0, 1.0, 1.0, 0.0], [0.0, 1.0, -1.0, -1.0]])


def pays(weight: Tensor) -> bool:
    """Whether a kernel (D, C, 3, 3) is faster this way, where it is and in its own type.

    cuDNN has its own. With matrix tiles (Intel's AMX) products are a smaller part of the time: not measured,
    and left to oneDNN.
    """
    least = _LEAST_CHANNELS.get(weight.dtype)
    if weight.device.type != "cpu" or least is None or weight.shape[0] * weight.shape[1] < least:
        return False
    return weight.dtype is torch.float32 or not has_matrix_tiles()


def transformed(weight: Tensor) -> Tensor:
    """G g Gᵀ of a kernel (D, C, 3, 3), as (16, C, D) of its type."""
    outputs, channels = weight.shape[:2]
    places = weight.float().permute(2, 3, 1, 0).reshape(-1, channels * outputs)
    return (torch.kron(_G, _G) @ places).to(weight.dtype).view(-1, channels, outputs)


def adjoint(weight: Tensor) -> Tensor:
    """The kernel (C, D, 3, 3) that takes a gradient back through a convolution with `weight` (D, C, 3, 3)."""
    return weight.transpose(0, 1).flip(2, 3)


def winograd(
    maps: Tensor, kernel: Tensor, bias: Tensor | None, *, border: int, replicate: bool = False
) -> Tensor:
    """The convolution of maps with a border.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        kernel: (16, C, D) of `transformed`.
        bias: (D).
        border: pixels around the maps, beyond which only whole kernels are placed: 1 keeps the size.
        replicate: what the border is: a copy of the maps', or zeros.

    Returns:
        (1, D, H + 2 border − 2, W + 2 border − 2), in channels-last memory.
    """
    height, width = (size + 2 * border - 2 for size in maps.shape[-2:])
    rows, columns = (height + 1) // _STEP, (width + 1) // _STEP
    # An odd last row or column makes a tile with what lies one pixel further out, and is cut off again.
    sides = (border, border + width % _STEP, border, border + height % _STEP)
    padded = F.pad(maps, sides, mode="replicate") if replicate else F.pad(maps, sides)
    source = padded.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)[0]
    channels = kernel.shape[2]
    gathering = _gathering(maps.dtype)
    result = maps.new_empty(rows, _STEP, columns, _STEP, channels)
    band = max(1, _BAND // (_TILE * _TILE * columns * max(kernel.shape[1:])))
    for first in range(0, rows, band):
        part = result[first : first + band]
        products = torch.bmm(_tiles(source[_STEP * first :], len(part), columns), kernel)
        if bias is not None:
            # What stands at (1, 1) counts once in each of a tile's four results.
            products[_TILE + 1] += bias
        tiles = (gathering @ products.view(_TILE * _TILE, -1)).view(
            _STEP, _STEP, len(part), columns, channels
        )
        part.copy_(tiles.permute(2, 0, 3, 1, 4))
    whole = result.view(1, _STEP * rows, _STEP * columns, channels)[:, :height, :width]
    return whole.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def _tiles(source: Tensor, rows: int, columns: int) -> Tensor:
    """Bᵀ d B of the tiles, (16, rows · columns, C), of a picture (h, w, C) from its first row on."""
    channels = source.shape[-1]
    along = source.new_empty(_TILE, rows, *source.shape[1:])
    _spread(source[: _STEP * (rows + 1)].unfold(0, _TILE, _STEP).movedim(-1, 0), along)
    both = source.new_empty(_TILE, _TILE, rows, columns, channels)
    _spread(along.unfold(2, _TILE, _STEP).movedim(-1, 0), both.transpose(0, 1))
    return both.view(_TILE * _TILE, rows * columns, channels)


@cache
def _gathering(dtype: torch.dtype) -> Tensor:
    """(4, 16), Aᵀ in both directions at once: one product of matrices rounds once."""
    return torch.kron(_A, _A).to(dtype)


def _spread(values: Tensor, out: Tensor) -> None:
    """Bᵀ of four values, (4, …), written to `out`, (4, …)."""
    torch.sub(values[:2], values[2:], out=out[::3])
    torch.add(values[1], values[2], out=out[1])
    torch.sub(values[2], values[1], out=out[2])
