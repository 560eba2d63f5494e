"""Kernels of Winograd's transforms of tiles: input, output, and their adjoints.

Sixteen channels of a tile are read once and its transform is written once. PyTorch's operations would add one
term after the other, or multiply by a matrix that is half zeros, and go through memory each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from compositor.convolution.winograd_matrices import Rows, WinogradVariant, transposed
from compositor.convolution_jit.ir_builder import BYTES, LANES, Writer, constant, write_function
from compositor.convolution_jit.kernel_arguments import (
    InputTransform,
    InputTransformAdjoint,
    OutputTransform,
    OutputTransformAdjoint,
)
from compositor.convolution_jit.tile_ir_builder import Tile, TileWriter


def write_tile_code(module: ir.Module, variant: WinogradVariant) -> None:
    """Writes the four transforms, and the pooled forms of the output transform and its adjoint."""

    def write(name: str, fields: Any, body: Callable[[TileWriter, WinogradVariant], None]) -> None:
        write_function(module, name, fields, lambda w: _on_each_tile(w, variant, body))

    write("input_transform", InputTransform, input_transform)
    write("output_transform", OutputTransform, output_transform)
    write("output_transform_pooled", OutputTransform, output_transform_pooled)
    write("output_transform_adjoint", OutputTransformAdjoint, output_transform_adjoint)
    write("output_transform_adjoint_pooled", OutputTransformAdjoint, output_transform_adjoint_pooled)
    write_function(
        module,
        "input_transform_adjoint",
        InputTransformAdjoint,
        lambda w: _input_transform_adjoint_rows(w, variant),
    )


def _on_each_tile(
    w: Writer, variant: WinogradVariant, body: Callable[[TileWriter, WinogradVariant], None]
) -> None:
    """A work item is a row of tiles and a group of channels."""
    row, start = _work_item(w)
    with _each_tile(w, row) as tile, w.counted(w.group, LANES) as lane:
        body(TileWriter(w, variant, tile, w.add(start, lane)), variant)


def _work_item(w: Writer) -> tuple[Any, Any]:
    """The row of tiles of a work item, and its first channel."""
    groups = w.b.sdiv(w.channels, w.group)
    return w.b.sdiv(w.work_item, groups), w.mul(w.b.srem(w.work_item, groups), w.group)


@contextmanager
def _each_tile(w: Writer, row: Any) -> Iterator[Tile]:
    """The tiles of a band's row."""
    with w.counted(w.columns) as column:
        yield Tile(w.add(w.first, row), column, w.add(w.mul(row, w.columns), column))


def input_transform(t: TileWriter, variant: WinogradVariant) -> None:
    """Bᵀ d B, see `InputTransform`."""
    ys, xs = t.rows(variant.tile, before=1), t.columns_of(variant.tile, before=1)
    replicate = t.equal(t.replicate, 1)

    def value(y: Any, x: Any) -> Any:
        found = t.load(t.picture, t.pixel(t.clamped(y, t.height), t.clamped(x, t.width), t.row_stride))
        return t.where(t.b.or_(t.inside(y, x), replicate), found)

    t.store_transformed(_both(t, variant.input_transform, [[value(y, x) for x in xs] for y in ys]))


def output_transform(t: TileWriter, variant: WinogradVariant) -> None:
    """max(0, Aᵀ M A + bias), see `OutputTransform`."""
    ys, xs = t.rows(variant.step), t.columns_of(variant.step)
    for y, row in zip(ys, _rectified(t, variant), strict=True):
        for x, each in zip(xs, row, strict=True):
            with t.b.if_then(t.inside(y, x), likely=True):
                t.store(each, t.picture, t.pixel(y, x, t.row_stride))
                t.store_mask_bits(t.positive(each), t.relu_mask_bits, t.mask_offset(y, x))


def output_transform_pooled(t: TileWriter, variant: WinogradVariant) -> None:
    """The output transform with average pooling, see `OutputTransform`."""
    ys, xs, sums = t.rows(variant.step), t.columns_of(variant.step), _rectified(t, variant)
    for top in range(0, variant.step, 2):
        for left in range(0, variant.step, 2):
            cells = [(top + i, left + j) for i in (0, 1) for j in (0, 1)]
            mean = constant(0.0)
            for i, j in cells:
                inside = t.inside(ys[i], xs[j])
                with t.b.if_then(inside, likely=True):
                    t.store_mask_bits(t.positive(sums[i][j]), t.relu_mask_bits, t.mask_offset(ys[i], xs[j]))
                mean = t.fused_multiply_add(mean, t.where(inside, sums[i][j]), constant(0.25))
            with t.b.if_then(t.inside(ys[top], xs[left]), likely=True):
                t.store(mean, t.picture, t.pixel(t.half(ys[top]), t.half(xs[left]), t.row_stride))


def output_transform_adjoint(t: TileWriter, variant: WinogradVariant) -> None:
    """A g Aᵀ, see `OutputTransformAdjoint`."""
    _output_transform_adjoint(t, variant, lambda y, x: t.load(t.picture, t.pixel(y, x, t.row_stride)))


def output_transform_adjoint_pooled(t: TileWriter, variant: WinogradVariant) -> None:
    """A g Aᵀ of the gradient of the pooled result, see `OutputTransformAdjoint`."""
    quarter = constant(0.25)
    _output_transform_adjoint(
        t,
        variant,
        lambda y, x: t.b.fmul(t.load(t.picture, t.pixel(t.half(y), t.half(x), t.row_stride)), quarter),
    )


def _output_transform_adjoint(
    t: TileWriter, variant: WinogradVariant, gradient: Callable[[Any, Any], Any]
) -> None:
    """A g Aᵀ; `gradient` loads the gradient of a pixel."""
    ys, xs = t.rows(variant.step), t.columns_of(variant.step)

    def value(y: Any, x: Any) -> Any:
        inside, y, x = t.inside(y, x), t.clamped(y, t.height), t.clamped(x, t.width)
        bits = t.load_mask_bits(t.relu_mask_bits, t.mask_offset(y, x))
        return t.where(inside, t.where(bits, gradient(y, x)))

    t.store_transformed(
        _both(t, transposed(variant.output_transform), [[value(y, x) for x in xs] for y in ys])
    )


def input_transform_adjoint(t: TileWriter, variant: WinogradVariant, top: Any, part: Any) -> None:
    """Adds B v Bᵀ to the sums of the tiles above and to the left, see `InputTransformAdjoint`.

    Args:
        top: the part's first row of tiles, whose upper pixels go to `halo_rows`, except in part 0.
        part: the number of the part.
    """
    b, shared = t.b, variant.tile - variant.step
    sums = _both(t, transposed(variant.input_transform), t.load_transformed())
    ys, xs = t.rows(variant.tile), t.columns_of(variant.tile)
    apart = b.and_(t.equal(t.row, top), t.less(0, part))
    new_rows, new_columns = b.or_(apart, t.equal(t.row, 0)), t.equal(t.column, 0)
    halo_row = t.add(t.halo_rows, t.mul(t.mul(part, t.row_stride), shared * BYTES))
    for i, line in enumerate(sums):
        start, y, new_row = t.picture, ys[i], t.boolean(True)
        if i < shared:
            start, y, new_row = (
                b.select(apart, halo_row, t.picture),
                b.select(apart, t.word(i), ys[i]),
                new_rows,
            )
        for j, each in enumerate(line):
            new, where = (
                b.and_(new_row, new_columns) if j < shared else new_row,
                t.pixel(y, xs[j], t.row_stride),
            )
            before = t.where(b.not_(new), t.load(start, where))
            t.store(b.fadd(before, each), start, where)


def _input_transform_adjoint_rows(w: Writer, variant: WinogradVariant) -> None:
    """A work item is a part of some rows of tiles, and a group of channels."""
    part, start = _work_item(w)
    top = w.mul(part, w.length)
    rows = w.minimum(w.length, w.sub(w.rows, top))
    with (
        w.counted(rows) as line,
        _each_tile(w, w.add(top, line)) as tile,
        w.counted(w.group, LANES) as lane,
    ):
        input_transform_adjoint(
            TileWriter(w, variant, tile, w.add(start, lane)), variant, w.add(w.first, top), part
        )


def _rectified(t: TileWriter, variant: WinogradVariant) -> list[list[Any]]:
    """max(0, Aᵀ M A + bias)."""
    bias = t.load(t.bias, t.channel)
    sums = _both(t, variant.output_transform, t.load_transformed())
    values = [[t.b.fadd(each, bias) for each in row] for row in sums]
    return [[t.where(t.positive(each), each) for each in row] for row in values]


def _both(t: TileWriter, matrix: Rows, tile: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """matrix · tile · matrixᵀ."""
    columns = [_sums(t, matrix, column) for column in zip(*tile, strict=True)]
    return [_sums(t, matrix, row) for row in zip(*columns, strict=True)]


def _sums(t: TileWriter, matrix: Rows, values: Sequence[Any]) -> list[Any]:
    return [_sum(t, [(f, v) for f, v in zip(row, values, strict=True) if f]) for row in matrix]


def _sum(t: TileWriter, terms: Iterable[tuple[float, Any]]) -> Any:
    total = None
    for factor, value in sorted(terms, key=lambda term: term[0] != 1):
        if total is None:
            total = value if factor == 1 else t.b.fmul(value, constant(factor))
        elif abs(factor) == 1:
            total = (t.b.fadd if factor > 0 else t.b.fsub)(total, value)
        else:
            total = t.fused_multiply_add(total, value, constant(factor))
    return total
