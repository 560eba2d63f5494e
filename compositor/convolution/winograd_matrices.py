"""The matrices of Winograd's minimal filtering F(m×m, 3×3).

Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

# Bytes: the picture is gone through in bands of rows with matrices that are not larger than this, so that
# they stay in the processor's cache and take no memory worth mentioning.
_BAND = 2**22

Rows = tuple[tuple[float, ...], ...]
"""A matrix, row by row."""


@dataclass(frozen=True)
class Filtering:
    """F(m×m, 3×3): the matrices of one direction, and of both at once.

    Attributes:
        step: m.
        kernel: G, m + 2 rows of 3, times `divisor`.
        spreading: Bᵀ, m + 2 rows of m + 2.
        gathering: Aᵀ, m rows of m + 2.
    """

    step: int
    kernel: Rows
    divisor: float
    spreading: Rows
    gathering: Rows

    @property
    def tile(self) -> int:
        """Values that a tile of results is made of, along each side."""
        return self.step + 2

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of tiles that cover maps of a size; the last may reach beyond them."""
        return -(-height // self.step), -(-width // self.step)

    @cached_property
    def kernel_both(self) -> Tensor:
        """G ⊗ G, ((m + 2)², 9)."""
        return _both(self.kernel) / self.divisor**2

    @cached_property
    def spreading_both(self) -> Tensor:
        """Bᵀ ⊗ Bᵀ, ((m + 2)², (m + 2)²): with one product for both directions, it rounds once."""
        return _both(self.spreading)

    @cached_property
    def gathering_both(self) -> Tensor:
        """Aᵀ ⊗ Aᵀ, (m², (m + 2)²)."""
        return _both(self.gathering)


def filtering_of(kernel: Tensor) -> Filtering:
    """What a transformed kernel (places, C, D) is for."""
    return next(how for how in (SMALL, LARGE) if how.tile**2 == kernel.shape[0])


def bands(rows: int, columns: int, kernel: Tensor) -> Iterable[range]:
    """Rows of tiles that are gone through together, about equally many each time.

    Args:
        kernel: (places, C, D).
    """
    places = kernel.shape[0]
    most = max(1, _BAND // (kernel.element_size() * places * columns * max(kernel.shape[1:])))
    count = -(-rows // most)
    return (range(rows * each // count, rows * (each + 1) // count) for each in range(count))


def transposed(rows: Rows) -> Rows:
    """The matrix's columns as rows."""
    return tuple(zip(*rows, strict=True))


def _both(rows: Rows) -> Tensor:
    matrix = torch.tensor(rows, dtype=torch.float32)
    return torch.kron(matrix, matrix)


SMALL = Filtering(
    step=2,
    kernel=((2, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 2)),
    divisor=2.0,
    spreading=((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    gathering=((1, 1, 1, 0), (0, 1, -1, -1)),
)
LARGE = Filtering(
    step=4,
    kernel=((6, 0, 0), (-4, -4, -4), (-4, 4, -4), (1, 2, 4), (1, -2, 4), (0, 0, 24)),
    divisor=24.0,
    spreading=(
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
    gathering=((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
)
