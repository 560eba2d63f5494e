"""The ways in which machine code does a convolution."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from torch import Tensor

from compositor.convolution.winograd_matrices import F2X2, F4X4, WinogradVariant
from compositor.convolution_jit import conv_by_blocks, conv_by_tiles
from compositor.networks.conv_algorithm import Transformed, transformed


@dataclass(frozen=True)
class Way:
    """By blocks, or by tiles of a size."""

    name: str
    variant: WinogradVariant
    by: ModuleType

    def kernel(self, weight: Tensor) -> Transformed:
        """A weight (D, C, 3, 3) as it is taken."""
        kernel = transformed(weight, self.variant)
        return Transformed(*map(conv_by_blocks.packed, kernel)) if self.by is conv_by_blocks else kernel

    def convolved(
        self, maps: Tensor, weight: Tensor, bias: Tensor, *, replicate: bool, pooled: bool = False
    ) -> tuple[Tensor, Tensor]:
        return self.by.convolved(maps, self.kernel(weight).forwards, bias, replicate=replicate, pooled=pooled)

    def gradient_below(
        self, gradient: Tensor, weight: Tensor, flags: Tensor, *, pooled: bool = False
    ) -> Tensor:
        return self.by.gradient_below(gradient, self.kernel(weight).backwards, flags, pooled=pooled)

    def __str__(self) -> str:
        return self.name


SMALL_TILES, LARGE_TILES = Way("small tiles", F2X2, conv_by_tiles), Way("large tiles", F4X4, conv_by_tiles)
BLOCKS = Way("blocks", F4X4, conv_by_blocks)
