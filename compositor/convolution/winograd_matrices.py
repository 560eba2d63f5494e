"""Matrices of Winograd's minimal filtering F(m×m, 3×3): kernel, input and output transform.

Lavin and Gray 2016, Fast Algorithms for Convolutional Neural Networks, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

# Bytes: maps are processed in bands of rows whose matrices are not larger than this, so that they stay in the
# processor's cache and take little memory.
_BAND = 2**22

Rows = tuple[tuple[float, ...], ...]
"""A matrix, row by row."""


@dataclass(frozen=True)
class WinogradVariant:
    """F(m×m, 3×3): its matrices along one dimension, and as Kronecker products for both.

    Attributes:
        step: m, the size of a tile of results, and the distance between tiles.
        kernel_transform: G, m + 2 rows of 3, times `divisor`.
        input_transform: Bᵀ, m + 2 rows of m + 2.
        output_transform: Aᵀ, m rows of m + 2.
    """

    step: int
    kernel_transform: Rows
    divisor: float
    input_transform: Rows
    output_transform: Rows

    @property
    def tile(self) -> int:
        """Side of a tile of inputs, m + 2."""
        return self.step + 2

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of tiles that cover maps of a size; the last may reach beyond them."""
        return -(-height // self.step), -(-width // self.step)

    @cached_property
    def kernel_transform_2d(self) -> Tensor:
        """G ⊗ G, ((m + 2)², 9)."""
        return _both(self.kernel_transform) / self.divisor**2

    @cached_property
    def input_transform_2d(self) -> Tensor:
        """Bᵀ ⊗ Bᵀ, ((m + 2)², (m + 2)²): with one product for both directions, it rounds once."""
        return _both(self.input_transform)

    @cached_property
    def output_transform_2d(self) -> Tensor:
        """Aᵀ ⊗ Aᵀ, (m², (m + 2)²)."""
        return _both(self.output_transform)


def variant_of(kernel: Tensor) -> WinogradVariant:
    """The variant of a transformed kernel ((m + 2)², C, D)."""
    return next(variant for variant in (F2X2, F4X4) if variant.tile**2 == kernel.shape[0])


def bands(rows: int, columns: int, kernel: Tensor) -> Iterable[range]:
    """Bands: ranges of rows of tiles that are processed together, of about equal length.

    Args:
        kernel: ((m + 2)², C, D).
    """
    coords = kernel.shape[0]
    most = max(1, _BAND // (kernel.element_size() * coords * columns * max(kernel.shape[1:])))
    count = -(-rows // most)
    return (range(rows * each // count, rows * (each + 1) // count) for each in range(count))


def transposed(rows: Rows) -> Rows:
    """The transposed matrix."""
    return tuple(zip(*rows, strict=True))


def _both(rows: Rows) -> Tensor:
    matrix = torch.tensor(rows, dtype=torch.float32)
    return torch.kron(matrix, matrix)


F2X2 = WinogradVariant(
    step=2,
    kernel_transform=((2, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 2)),
    divisor=2.0,
    input_transform=((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    output_transform=((1, 1, 1, 0), (0, 1, -1, -1)),
)
F4X4 = WinogradVariant(
    step=4,
    kernel_transform=((6, 0, 0), (-4, -4, -4), (-4, 4, -4), (1, 2, 4), (1, -2, 4), (0, 0, 24)),
    divisor=24.0,
    input_transform=(
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
    output_transform=((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)),
)
