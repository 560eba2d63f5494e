"""LLVM IR builder for sixteen channels of one Winograd tile."""

from __future__ import annotations

from typing import Any, NamedTuple

from compositor.convolution.winograd_matrices import WinogradVariant
from compositor.convolution_jit.ir_builder import Writer


class Tile(NamedTuple):
    """A tile's row and column in the picture, and its index among the transformed tiles."""

    row: Any
    column: Any
    number: Any


class TileWriter(Writer):
    """A writer that addresses a tile's values.

    Attributes:
        row, column, number: see `Tile`.
        channel: the first of the sixteen.

    Args:
        given: replaces the function's arguments of these names; `depth` is the number of a tile's values at
            each transform coordinate, by default the number of channels.
    """

    def __init__(self, w: Writer, variant: WinogradVariant, tile: Tile, channel: Any, **given: Any) -> None:
        super().__init__(w.b, w.given | given, w.work_item, w.thread_id)
        self._variant, self.channel = variant, channel
        self.row, self.column, self.number = tile
        self.given.setdefault("depth", self.channels)

    def rows(self, count: int, before: int = 0) -> list[Any]:
        """The picture's rows from the tile's first on, or from so many before it."""
        return self._from(self.row, count, before)

    def columns_of(self, count: int, before: int = 0) -> list[Any]:
        """The picture's columns from the tile's first on, or from so many before it."""
        return self._from(self.column, count, before)

    def pixel(self, y: Any, x: Any, row_stride: Any) -> Any:
        """Offset of a pixel's channels in a picture, in values."""
        return self.add(self.mul(y, row_stride), self.mul(x, self.channels), self.channel)

    def mask_offset(self, y: Any, x: Any) -> Any:
        """Offset of a pixel's channels in the mask, in values."""
        return self.pixel(y, x, self.mul(self.width, self.channels))

    def inside(self, y: Any, x: Any) -> Any:
        """Whether a pixel lies within the picture."""
        return self.b.and_(self.within(y, self.height), self.within(x, self.width))

    def load_transformed(self) -> list[list[Any]]:
        return [[self.load(self.transformed, each) for each in row] for row in self._offsets()]

    def store_transformed(self, values: list[list[Any]]) -> None:
        for offsets, row in zip(self._offsets(), values, strict=True):
            for offset, each in zip(offsets, row, strict=True):
                self.store(each, self.transformed, offset)

    def _from(self, number: Any, count: int, before: int) -> list[Any]:
        start = self.mul(number, self._variant.step)
        return [self.add(start, index - before) for index in range(count)]

    def _offsets(self) -> list[list[Any]]:
        tile, own = self._variant.tile, self.add(self.mul(self.number, self.depth), self.channel)
        return [
            [self.add(self.mul(self.coord_stride, tile * i + j), own) for j in range(tile)]
            for i in range(tile)
        ]
