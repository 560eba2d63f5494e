"""Writes what is done with sixteen channels of one tile."""

from __future__ import annotations

from typing import Any

from compositor.filtering import Filtering
from compositor.machine_code.writer import Writer


class TileWriter(Writer):
    """A writer that knows where the tile's values are.

    Attributes:
        row, column: of the tile, in the band.
        channel: the first of the sixteen.
    """

    def __init__(self, w: Writer, how: Filtering, row: Any, column: Any, channel: Any) -> None:
        super().__init__(w.b, w.given, w.piece)
        self._how, self.column, self.channel = how, column, channel
        # Every other row of tiles, for those that say which.
        self.row = w.total(w.times(row, 2), w.odd) if "odd" in w.given else row

    def rows(self, count: int, before: int = 0) -> list[Any]:
        """The picture's rows from the tile's first on, or from `before` it."""
        return self._from(self.total(self.first, self.row), count, before)

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
        tile, number = self._how.tile, self.total(self.times(self.row, self.columns), self.column)
        own = self.total(self.times(number, self.channels), self.channel)
        return [
            [self.total(self.times(self.place, tile * i + j), own) for j in range(tile)] for i in range(tile)
        ]
