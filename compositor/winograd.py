"""3×3 convolutions by Winograd's minimal filtering, which multiplies 36 times where there would be 144.

Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, section 4: F(4×4, 3×3) in single
precision, F(2×2, 3×3) in bfloat16. Each tile of m×m results is Aᵀ [U ⊙ (Bᵀ d B)] A of (m+2)×(m+2) values d,
with U = G g Gᵀ of the kernel g made once. Summed over the channels, the product is one of matrices at each of
the (m+2)² places, which is where the time goes.

Of oneDNN's own time, on two cores: in single precision (Intel with AVX-512) 0.36 with 512 channels, 0.44
with 256, 0.6 with 128; with 64 the sums cost more than the products save. In bfloat16 (AMD) 0.6 to 0.7, 0.75,
and nothing won. The result's relative error is 2e-6 in single precision, and in bfloat16 0.0044 where it is
0.0017; with the larger tiles it would be 0.022.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from compositor.borders import bordered
from compositor.precision import has_matrix_tiles

# Inputs times outputs, from which on it pays.
_LEAST_CHANNELS = {torch.bfloat16: 128 * 256, torch.float32: 64 * 128}
# Bytes: the picture is gone through in bands of rows with matrices that are not larger than this, so that
# they stay in the processor's cache and take no memory worth mentioning.
_BAND = 2**22


@dataclass(frozen=True)
class _Filtering:
    """F(m×m, 3×3) in Lavin and Gray's names: `step` m, `kernel` G (m + 2, 3), `gathering` Aᵀ (m, m + 2)."""

    step: int
    kernel: Tensor
    gathering: Tensor


_SMALL = _Filtering(
    2,
    torch.tensor([[2.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [0.0, 0.0, 2.0]]) / 2.0,
    torch.tensor([[1.0, 1.0, 1.0, 0.0], [0.0, 1.0, -1.0, -1.0]]),
)
_LARGE = _Filtering(
    4,
    torch.tensor(
        [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], dtype=torch.float32
    )
    / 24.0,
    torch.tensor(
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
        dtype=torch.float32,
    ),
)
# Bᵀ of the larger; the smaller's is in `_spread`.
_SPREADING = torch.tensor(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    dtype=torch.float32,
)


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
    """G g Gᵀ of a kernel (D, C, 3, 3), as (places, C, D) of its type."""
    outputs, channels = weight.shape[:2]
    places = weight.float().permute(2, 3, 1, 0).reshape(-1, channels * outputs)
    return (_both(_filtering(weight.dtype).kernel) @ places).to(weight.dtype).view(-1, channels, outputs)


def adjoint(weight: Tensor) -> Tensor:
    """The kernel (C, D, 3, 3) that takes a gradient back through a convolution with `weight` (D, C, 3, 3)."""
    return weight.transpose(0, 1).flip(2, 3)


def winograd(
    maps: Tensor,
    kernel: Tensor,
    bias: Tensor | None,
    *,
    border: int,
    replicate: bool = False,
    positive: Tensor | None = None,
) -> Tensor:
    """The convolution of maps with a border.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        kernel: (places, C, D) of `transformed`, of the maps' type.
        bias: (D).
        border: pixels around the maps, beyond which only whole kernels are placed: 1 keeps the size.
        replicate: what the border is: a copy of the maps', or zeros.
        positive: of the maps' shape; where this is not above zero, the maps are taken for zero.

    Returns:
        (1, D, H + 2 border − 2, W + 2 border − 2), with the channels next to each other in memory; rows and
        columns are a part of larger ones where the tiles do not fill them.
    """
    filtering = _filtering(maps.dtype)
    step, tile = filtering.step, filtering.step + 2
    height, width = (size + 2 * border - 2 for size in maps.shape[-2:])
    rows, columns = -(-height // step), -(-width // step)
    # Last tiles that are not filled see more of the border, and are cut off again.
    source = bordered(
        maps, border, step * rows + 2, step * columns + 2, replicate=replicate, positive=positive
    )
    channels = kernel.shape[2]
    gathering = _both(filtering.gathering).to(maps.dtype)
    spread = _by_sums if filtering is _SMALL else _by_product
    result = maps.new_empty(rows, step, columns, step, channels)
    band = max(1, _BAND // (maps.element_size() * tile**2 * columns * max(kernel.shape[1:])))
    for first in range(0, rows, band):
        part = result[first : first + band]
        places = spread(source[step * first :], len(part), columns)
        products = torch.bmm(places, kernel)
        if bias is not None:
            # What stands at (1, 1) counts once in each of a tile's results.
            products[tile + 1] += bias
        tiles = (gathering @ products.view(tile**2, -1)).view(step, step, len(part), columns, channels)
        part.copy_(tiles.permute(2, 0, 3, 1, 4))
    whole = result.view(1, step * rows, step * columns, channels)[:, :height, :width]
    return whole.permute(0, 3, 1, 2)


def _filtering(dtype: torch.dtype) -> _Filtering:
    return _SMALL if dtype is torch.bfloat16 else _LARGE


def _both(matrix: Tensor) -> Tensor:
    """A matrix for both directions at once: one product of matrices, which rounds once."""
    return torch.kron(matrix, matrix)


def _by_product(source: Tensor, rows: int, columns: int) -> Tensor:
    """Bᵀ d B of the larger tiles, (36, rows · columns, C), of a picture (h, w, C) from its first row on."""
    step, tile = _LARGE.step, _LARGE.step + 2
    tiles = source[: step * rows + 2].unfold(0, tile, step).unfold(1, tile, step)
    values = tiles.permute(3, 4, 0, 1, 2).reshape(tile**2, -1)
    return (_both(_SPREADING).to(values.dtype) @ values).view(tile**2, rows * columns, -1)


def _by_sums(source: Tensor, rows: int, columns: int) -> Tensor:
    """The same of the smaller tiles, (16, rows · columns, C): in bfloat16 faster than by a product."""
    step, tile, channels = _SMALL.step, _SMALL.step + 2, source.shape[-1]
    along = source.new_empty(tile, rows, *source.shape[1:])
    _spread(source[: step * rows + 2].unfold(0, tile, step).movedim(-1, 0), along)
    both = source.new_empty(tile, tile, rows, columns, channels)
    _spread(along.unfold(2, tile, step).movedim(-1, 0), both.transpose(0, 1))
    return both.view(tile**2, rows * columns, channels)


def _spread(values: Tensor, out: Tensor) -> None:
    """Bᵀ of four values, (4, …), written to `out`, (4, …)."""
    torch.sub(values[:2], values[2:], out=out[::3])
    torch.add(values[1], values[2], out=out[1])
    torch.sub(values[2], values[1], out=out[2])
