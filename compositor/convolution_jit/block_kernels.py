"""Kernels of whole Winograd convolutions, a block of tiles at a time.

A thread takes a block of tiles through the input transform, the products and the output transform before it
takes the next block, so that intermediate values stay in its own cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from compositor.convolution.winograd_matrices import WinogradVariant
from compositor.convolution_jit import tile_kernels
from compositor.convolution_jit.ir_builder import BYTES, LANES, Writer, constant, write_function
from compositor.convolution_jit.kernel_arguments import (
    BLOCK_ROWS,
    CACHE_PADDING,
    GROUP,
    Convolve,
    ConvolveBack,
)
from compositor.convolution_jit.tile_ir_builder import Tile, TileWriter

_Body = Callable[[TileWriter, WinogradVariant], None]


def write_block_code(module: ir.Module, variant: WinogradVariant, *, wide: bool) -> None:
    """Writes `convolve`, `convolve_pooled`, `convolve_back` and `convolve_back_pooled`.

    Args:
        wide: whether the processor has 32 registers of 16 values, and not 16 of 8.
    """
    parts = GROUP // LANES if wide else 1

    def forwards(name: str, finish: _Body) -> None:
        write_function(module, name, Convolve, lambda w: _convolve(_Block(w, variant, parts), finish))

    def backwards(name: str, begin: _Body) -> None:
        write_function(module, name, ConvolveBack, lambda w: _convolve_back(_Block(w, variant, parts), begin))

    forwards("convolve", tile_kernels.output_transform)
    forwards("convolve_pooled", tile_kernels.output_transform_pooled)
    backwards("convolve_back", tile_kernels.output_transform_adjoint)
    backwards("convolve_back_pooled", tile_kernels.output_transform_adjoint_pooled)


class _Block:
    """A thread's memory for a block of tiles.

    Attributes:
        w: the writer.
        first, count: the index of the first tile in the picture, row by row, and the number of tiles.
    """

    def __init__(self, w: Writer, variant: WinogradVariant, parts: int) -> None:
        self.w, self._variant, self._parts = w, variant, parts
        self.first, self.count = w.word(0), w.word(0)
        self._coord_stride = w.add(w.mul(w.block, w.channels), CACHE_PADDING)
        self._products_coord_stride = w.add(w.mul(w.block, GROUP), CACHE_PADDING)
        self._transformed = w.add(w.scratch, w.mul(w.mul(w.thread_id, w.scratch_stride), BYTES))
        self._products = w.add(self._transformed, w.mul(self._coord_stride, BYTES * variant.tile**2))

    def take(self, first: Any, end: Any) -> None:
        """Selects the next tiles from `first` on, and before `end`."""
        self.first, self.count = first, self.w.minimum(self.w.block, self.w.sub(end, first))

    def begin(self, body: _Body) -> None:
        """Writes the first transform of each tile."""
        w = self.w
        with w.counted(self.count) as number:
            tile = self._tile(number)
            with w.counted(w.channels, LANES) as channel:
                body(
                    TileWriter(
                        w,
                        self._variant,
                        tile,
                        channel,
                        transformed=self._transformed,
                        coord_stride=self._coord_stride,
                    ),
                    self._variant,
                )

    def finish(self, body: _Body) -> None:
        """Writes the products and each tile's second transform, by groups of channels."""
        w = self.w
        with w.counted(w.results, GROUP) as group:
            self._multiply(group)
            given = {
                "transformed": w.add(self._products, w.mul(group, -BYTES)),
                "coord_stride": self._products_coord_stride,
                "depth": w.word(GROUP),
                "channels": w.results,
                "picture": w.result,
                "row_stride": w.result_row_stride,
            }
            with w.counted(self.count) as number:
                tile = self._tile(number)
                with w.counted(GROUP, LANES) as lane:
                    body(TileWriter(w, self._variant, tile, w.add(group, lane), **given), self._variant)

    def _tile(self, number: Any) -> Tile:
        w, overall = self.w, self.w.add(self.first, number)
        return Tile(w.b.udiv(overall, w.columns), w.b.urem(overall, w.columns), number)

    def _multiply(self, group: Any) -> None:
        """The transformed values at each transform coordinate times the kernel's, for a group of channels."""
        w, transform_coords = self.w, self._variant.tile**2
        with w.counted(transform_coords) as transform_coord:
            left = w.add(self._transformed, w.mul(w.mul(transform_coord, self._coord_stride), BYTES))
            before = w.add(w.mul(group, transform_coords), w.mul(transform_coord, GROUP))
            right = w.add(w.kernel, w.mul(w.mul(before, w.channels), BYTES))
            into = w.add(self._products, w.mul(w.mul(transform_coord, self._products_coord_stride), BYTES))
            with w.counted(GROUP, self._parts * LANES) as lane, w.counted(self.count, BLOCK_ROWS) as row:
                self._multiply_rows(left, right, into, row, lane)

    def _multiply_rows(self, left: Any, right: Any, into: Any, row: Any, lane: Any) -> None:
        """As many products as there are registers; rows beyond the count are computed and not used."""
        w, parts = self.w, range(self._parts)
        starts = [w.mul(w.add(row, index), w.channels) for index in range(BLOCK_ROWS)]
        sums = [constant(0.0)] * (BLOCK_ROWS * self._parts)
        with w.counted(w.channels, carried=sums) as channel:
            own = w.add(w.mul(channel, GROUP), lane)
            weights = [w.load(right, w.add(own, part * LANES)) for part in parts]
            values = [w.load_broadcast(left, w.add(start, channel)) for start in starts]
            pairs = [(value, weight) for value in values for weight in weights]
            sums[:] = [w.fused_multiply_add(total, *pair) for total, pair in zip(sums, pairs, strict=True)]
        for index, total in enumerate(sums):
            line, part = divmod(index, self._parts)
            own = w.add(w.mul(w.add(row, line), GROUP), lane, part * LANES)
            w.store(total, into, own)


def _convolve(block: _Block, finish: _Body) -> None:
    """A work item is a block."""
    w = block.w
    block.take(w.mul(w.work_item, w.block), w.tiles)
    block.begin(tile_kernels.input_transform)
    block.finish(finish)


def _convolve_back(block: _Block, begin: _Body) -> None:
    """A work item is a part of some rows of tiles, computed block by block."""
    w = block.w
    top = w.mul(w.work_item, w.length)
    rows = w.minimum(w.length, w.sub(w.rows, top))
    start, count = w.mul(top, w.columns), w.mul(rows, w.columns)
    with w.counted(count, w.block) as passed:
        block.take(w.add(start, passed), w.add(start, count))
        block.begin(begin)
        block.finish(lambda t, variant: tile_kernels.input_transform_adjoint(t, variant, top, w.work_item))
