"""Writes what is done with sixteen channels of one tile."""

from __future__ import annotations

from typing import Any, NamedTuple

from compositor.convolution.winograd_matrices import Filtering
from compositor.convolution_jit.ir_builder import Writer


class Tile(NamedTuple):
    """A tile's place in the picture, and its number among those whose places are next to each other."""

    row: Any
    column: Any
    number: Any


class TileWriter(Writer):
    """A writer that knows where the tile's values are.

    Attributes:
        row, column, number: see `Tile`.
        channel: the first of the sixteen.

    Args:
        given: takes the place of the function's arguments; `depth`, else the number of channels, is how many
            a tile has at each of its places.
    """

    def __init__(self, w: Writer, how: Filtering, tile: Tile, channel: Any, **given: Any) -> None:
        super().__init__(w.b, w.given | given, w.piece, w.slot)
        self._how, self.channel = how, channel
        self.row, self.column, self.number = tile
        self.given.setdefault("depth", self.channels)

    def rows(self, count: int, before: int = 0) -> list[Any]:
        """The picture's rows from the tile's first on, or from `before` it."""
        return self._from(self.row, count, before)

    def columns_of(self, count: int, before: int = 0) -> list[Any]:
        """The picture's columns from the tile's first on, or from `before` it."""
        return self._from(self.column, count, before)

    def pixel(self, y: Any, x: Any, line: Any) -> Any:
        """Where the channels of a picture's pixel are, in values."""
        return self.total(self.times(y, line), self.times(x, self.channels), self.channel)

    def flag_at(self, y: Any, x: Any) -> Any:
        """Where the flags of a pixel's channels are, in values."""
        return self.pixel(y, x, self.times(self.width, self.channels))

    def inside(self, y: Any, x: Any) -> Any:
        """Whether a pixel lies within the picture."""
        return self.b.and_(self.within(y, self.height), self.within(x, self.width))

    def load_places(self) -> list[list[Any]]:
        return [[self.load(self.places, each) for each in row] for row in self._places()]

    def store_places(self, values: list[list[Any]]) -> None:
        for offsets, row in zip(self._places(), values, strict=True):
            for offset, each in zip(offsets, row, strict=True):
                self.store(each, self.places, offset)

    def _from(self, number: Any, count: int, before: int) -> list[Any]:
        start = self.times(number, self._how.step)
        return [self.total(start, index - before) for index in range(count)]

    def _places(self) -> list[list[Any]]:
        tile, own = self._how.tile, self.total(self.times(self.number, self.depth), self.channel)
        return [
            [self.total(self.times(self.place, tile * i + j), own) for j in range(tile)] for i in range(tile)
        ]
