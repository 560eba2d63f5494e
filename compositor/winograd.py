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

from collections.abc import Iterable
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
    """F(m×m, 3×3), with Lavin and Gray's matrices for both directions at once, so that a product rounds once.

    Attributes:
        step: m.
        kernel: G ⊗ G, ((m + 2)², 9).
        spreading: Bᵀ ⊗ Bᵀ, ((m + 2)², (m + 2)²).
        gathering: Aᵀ ⊗ Aᵀ, (m², (m + 2)²).
    """

    step: int
    kernel: Tensor
    spreading: Tensor
    gathering: Tensor

    @property
    def tile(self) -> int:
        """Values that a tile of results is made of, along each side."""
        return self.step + 2


def _both(*rows: tuple[float, ...]) -> Tensor:
    matrix = torch.tensor(rows, dtype=torch.float32)
    return torch.kron(matrix, matrix)


_SMALL = _Filtering(
    step=2,
    kernel=_both((2, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 2)) / 2.0**2,
    spreading=_both((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    gathering=_both((1, 1, 1, 0), (0, 1, -1, -1)),
)
_LARGE = _Filtering(
    step=4,
    kernel=_both((6, 0, 0), (-4, -4, -4), (-4, 4, -4), (1, 2, 4), (1, -2, 4), (0, 0, 24)) / 24.0**2,
    spreading=_both(
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
    gathering=_both((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
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
    values = weight.float().permute(2, 3, 1, 0).reshape(-1, channels * outputs)
    return (_filtering(weight.dtype).kernel @ values).to(weight.dtype).view(-1, channels, outputs)


def winograd(maps: Tensor, kernel: Tensor, bias: Tensor, *, replicate: bool) -> Tensor:
    """The convolution of maps, at their size.

    Args:
        maps: (1, C, H, W) in channels-last memory.
        kernel: (places, C, D) of `transformed`, of the maps' type.
        bias: (D).
        replicate: what lies beyond the maps' border: its copy, or zeros.

    Returns:
        (1, D, H, W), with the channels next to each other in memory; rows and columns are a part of larger
        ones where the tiles do not fill them.
    """
    how, channels = _filtering(maps.dtype), kernel.shape[2]
    height, width = maps.shape[-2:]
    rows, columns = -(-height // how.step), -(-width // how.step)
    # Last tiles that are not filled see more of the border, and are cut off again.
    source = bordered(maps, 1, how.step * rows + 2, how.step * columns + 2, replicate=replicate)
    gathering = how.gathering.to(maps.dtype)
    spread = _by_sums if how is _SMALL else _by_product
    result = maps.new_empty(rows, how.step, columns, how.step, channels)
    for band in _bands(rows, columns, how, kernel):
        places = spread(source[how.step * band.start :], len(band), columns)
        products = torch.bmm(places, kernel)
        # What stands at (1, 1) counts once in each of a tile's results.
        products[how.tile + 1] += bias
        tiles = (gathering @ products.view(how.tile**2, -1)).view(how.step, how.step, len(band), columns, -1)
        result[band.start : band.stop] = tiles.permute(2, 0, 3, 1, 4)
    whole = result.view(1, how.step * rows, how.step * columns, channels)[:, :height, :width]
    return whole.permute(0, 3, 1, 2)


def winograd_gradient(gradient: Tensor, kernel: Tensor, positive: Tensor) -> Tensor:
    """The gradient of a convolution's input with its border, from that of its rectified result.

    The convolution's own steps transposed and in reverse: B [Uᵀ ⊙ (A g Aᵀ)] Bᵀ, added up where tiles overlap.
    A convolution of the gradient would need tiles for the border too.

    Args:
        gradient: (1, D, H, W) in channels-last memory.
        kernel: (places, D, C): that of `winograd` with the last two swapped.
        positive: (1, D, H, W), the rectified result; where it is not above zero, nothing comes back.

    Returns:
        (1, C, H + 2, W + 2), a part of larger memory as with `winograd`.
    """
    how, channels = _filtering(gradient.dtype), kernel.shape[2]
    step, tile = how.step, how.tile
    height, width = gradient.shape[-2:]
    tiles = _tiles(gradient, positive, step)
    rows, columns = tiles.shape[2:4]
    gathered, spread = (matrix.T.to(gradient.dtype) for matrix in (how.gathering, how.spreading))
    result = gradient.new_empty(step * rows + 2, step * columns + 2, channels)
    result[step * rows :] = result[:, step * columns :] = 0.0
    # From the last on: a band's tiles end in the first rows of the next band, which must be there.
    for band in reversed(list(_bands(rows, columns, how, kernel))):
        part = tiles[:, :, band.start : band.stop].reshape(step**2, -1)
        products = torch.bmm((gathered @ part).view(tile**2, -1, kernel.shape[1]), kernel)
        values = (spread @ products.view(tile**2, -1)).view(tile, tile, len(band), columns, channels)
        _overlay(values, result[step * band.start :], step)
    return result[None, : height + 2, : width + 2].permute(0, 3, 1, 2)


def _filtering(dtype: torch.dtype) -> _Filtering:
    return _SMALL if dtype is torch.bfloat16 else _LARGE


def _bands(rows: int, columns: int, how: _Filtering, kernel: Tensor) -> Iterable[range]:
    """Rows of tiles that are gone through together, about equally many each time."""
    most = max(1, _BAND // (kernel.element_size() * how.tile**2 * columns * max(kernel.shape[1:])))
    count = -(-rows // most)
    return (range(rows * each // count, rows * (each + 1) // count) for each in range(count))


def _by_product(source: Tensor, rows: int, columns: int) -> Tensor:
    """Bᵀ d B of the larger tiles, (36, rows · columns, C), of a picture (h, w, C) from its first row on."""
    step, tile = _LARGE.step, _LARGE.tile
    tiles = source[: step * rows + 2].unfold(0, tile, step).unfold(1, tile, step)
    values = tiles.permute(3, 4, 0, 1, 2).reshape(tile**2, -1)
    return (_LARGE.spreading.to(values.dtype) @ values).view(tile**2, rows * columns, -1)


def _by_sums(source: Tensor, rows: int, columns: int) -> Tensor:
    """The same of the smaller tiles, (16, rows · columns, C): in bfloat16 faster than by a product."""
    step, tile, channels = _SMALL.step, _SMALL.tile, source.shape[-1]
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


def _tiles(gradient: Tensor, positive: Tensor, step: int) -> Tensor:
    """A rectifier's gradient (1, D, H, W) as tiles (step, step, rows, columns, D), filled up with zeros."""
    _, channels, height, width = gradient.shape
    rows, columns = -(-height // step), -(-width // step)
    values = bordered(gradient, 0, step * rows, step * columns, replicate=False, positive=positive)
    return values.view(rows, step, columns, step, channels).permute(1, 3, 0, 2, 4)


def _overlay(values: Tensor, out: Tensor, step: int) -> None:
    """Writes tiles (step + 2, step + 2, rows, columns, C) to a picture, each `step` from the one before.

    Where tiles overlap they are added up, as are the last ones with what lies below and to the right.
    """
    rows, columns, channels = values.shape[2:]
    down, right = out.stride()[:2]

    def places(top: int, left: int, height: int, width: int) -> Tensor:
        size = (height, width, rows, columns, channels)
        strides = (down, right, step * down, step * right, 1)
        return out.as_strided(size, strides, out.storage_offset() + top * down + left * right)

    places(0, 0, step, step).copy_(values[:step, :step])
    places(step, 0, 2, step).add_(values[step:, :step])
    places(0, step, step, 2).add_(values[:step, step:])
    places(step, step, 2, 2).add_(values[step:, step:])
