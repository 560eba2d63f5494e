"""Whole convolutions by Winograd's filtering, a block of tiles at a time.

A thread makes a block's sums, multiplies them by the kernel and sums up the products before it takes the next
block, so that what lies between stays in its own cache. One operation after the other over many tiles, most
of what one thread writes is read by another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from compositor.convolution.winograd_matrices import Filtering
from compositor.convolution_jit import tile_kernels
from compositor.convolution_jit.ir_builder import BYTES, LANES, Writer, constant, write_function
from compositor.convolution_jit.kernel_arguments import APART, BLOCK_ROWS, GROUP, Convolve, ConvolveBack
from compositor.convolution_jit.tile_ir_builder import Tile, TileWriter

_Body = Callable[[TileWriter, Filtering], None]


def write_block_code(module: ir.Module, how: Filtering, *, wide: bool) -> None:
    """Writes `convolve`, `convolve_pooled`, `convolve_back` and `convolve_back_pooled`.

    Args:
        wide: whether the processor has 32 registers of 16 values, and not 16 of 8.
    """
    parts = GROUP // LANES if wide else 1

    def forwards(name: str, finish: _Body) -> None:
        write_function(module, name, Convolve, lambda w: _convolve(_Block(w, how, parts), finish))

    def backwards(name: str, begin: _Body) -> None:
        write_function(module, name, ConvolveBack, lambda w: _convolve_back(_Block(w, how, parts), begin))

    forwards("convolve", tile_kernels.gather)
    forwards("convolve_pooled", tile_kernels.gather_pooled)
    backwards("convolve_back", tile_kernels.lift)
    backwards("convolve_back_pooled", tile_kernels.lift_pooled)


class _Block:
    """A thread's room for a block of tiles.

    Attributes:
        w: the writer.
        first, count: the number of the first tile in the picture, row by row, and how many there are.
    """

    def __init__(self, w: Writer, how: Filtering, parts: int) -> None:
        self.w, self._how, self._parts = w, how, parts
        self.first, self.count = w.word(0), w.word(0)
        self._place = w.total(w.times(w.block, w.channels), APART)
        self._products_place = w.total(w.times(w.block, GROUP), APART)
        self._places = w.total(w.scratch, w.times(w.times(w.slot, w.room), BYTES))
        self._products = w.total(self._places, w.times(self._place, BYTES * how.tile**2))

    def take(self, first: Any, end: Any) -> None:
        """The next tiles from `first` on, but none from `end` on."""
        self.first, self.count = first, self.w.least(self.w.block, self.w.difference(end, first))

    def begin(self, body: _Body) -> None:
        """The sums of each tile's values."""
        w = self.w
        with w.counted(self.count) as number:
            tile = self._tile(number)
            with w.counted(w.channels, LANES) as channel:
                body(
                    TileWriter(w, self._how, tile, channel, places=self._places, place=self._place), self._how
                )

    def finish(self, body: _Body) -> None:
        """The products, and each tile's sums of them, by groups of channels."""
        w = self.w
        with w.counted(w.results, GROUP) as group:
            self._multiply(group)
            given = {
                "places": w.total(self._products, w.times(group, -BYTES)),
                "place": self._products_place,
                "depth": w.word(GROUP),
                "channels": w.results,
                "picture": w.result,
                "line": w.result_line,
            }
            with w.counted(self.count) as number:
                tile = self._tile(number)
                with w.counted(GROUP, LANES) as lane:
                    body(TileWriter(w, self._how, tile, w.total(group, lane), **given), self._how)

    def _tile(self, number: Any) -> Tile:
        w, overall = self.w, self.w.total(self.first, number)
        return Tile(w.b.udiv(overall, w.columns), w.b.urem(overall, w.columns), number)

    def _multiply(self, group: Any) -> None:
        """The sums at each place times the kernel's values for a group of channels."""
        w, places = self.w, self._how.tile**2
        with w.counted(places) as place:
            left = w.total(self._places, w.times(w.times(place, self._place), BYTES))
            before = w.total(w.times(group, places), w.times(place, GROUP))
            right = w.total(w.kernel, w.times(w.times(before, w.channels), BYTES))
            into = w.total(self._products, w.times(w.times(place, self._products_place), BYTES))
            with w.counted(GROUP, self._parts * LANES) as lane, w.counted(self.count, BLOCK_ROWS) as row:
                self._multiply_rows(left, right, into, row, lane)

    def _multiply_rows(self, left: Any, right: Any, into: Any, row: Any, lane: Any) -> None:
        """As many products as there are registers for; rows beyond the count are there, and of no meaning."""
        w, parts = self.w, range(self._parts)
        starts = [w.times(w.total(row, index), w.channels) for index in range(BLOCK_ROWS)]
        sums = [constant(0.0)] * (BLOCK_ROWS * self._parts)
        with w.counted(w.channels, carried=sums) as channel:
            own = w.total(w.times(channel, GROUP), lane)
            weights = [w.load(right, w.total(own, part * LANES)) for part in parts]
            values = [w.load_everywhere(left, w.total(start, channel)) for start in starts]
            pairs = [(value, weight) for value in values for weight in weights]
            sums[:] = [w.added_product(total, *pair) for total, pair in zip(sums, pairs, strict=True)]
        for index, total in enumerate(sums):
            line, part = divmod(index, self._parts)
            own = w.total(w.times(w.total(row, line), GROUP), lane, part * LANES)
            w.store(total, into, own)


def _convolve(block: _Block, finish: _Body) -> None:
    """A piece is a block."""
    w = block.w
    block.take(w.times(w.piece, w.block), w.tiles)
    block.begin(tile_kernels.spread)
    block.finish(finish)


def _convolve_back(block: _Block, begin: _Body) -> None:
    """A piece is a part of some rows of tiles, gone through block by block."""
    w = block.w
    top = w.times(w.piece, w.length)
    rows = w.least(w.length, w.difference(w.rows, top))
    start, count = w.times(top, w.columns), w.times(rows, w.columns)
    with w.counted(count, w.block) as passed:
        block.take(w.total(start, passed), w.total(start, count))
        block.begin(begin)
        block.finish(lambda t, how: tile_kernels.settle(t, how, top, w.piece))
