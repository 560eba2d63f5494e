"""The sums of Winograd's filtering.

A tile's sums need all its values at once. PyTorch's operations take one after the other, or multiply by a
matrix that is half zeros, and go through memory each time. Here sixteen channels of a tile are read once and
its sums are written once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from compositor.convolution.winograd_matrices import Filtering, Rows, transposed
from compositor.convolution_jit.ir_builder import BYTES, LANES, Writer, constant, write_function
from compositor.convolution_jit.kernel_arguments import Gather, Lift, Settle, Spread
from compositor.convolution_jit.tile_ir_builder import Tile, TileWriter


def write_tile_code(module: ir.Module, how: Filtering) -> None:
    """Writes `spread`, `gather`, `gather_pooled`, `lift`, `lift_pooled` and `settle`."""

    def write(name: str, fields: Any, body: Callable[[TileWriter, Filtering], None]) -> None:
        write_function(module, name, fields, lambda w: _on_each_tile(w, how, body))

    write("spread", Spread, spread)
    write("gather", Gather, gather)
    write("gather_pooled", Gather, gather_pooled)
    write("lift", Lift, lift)
    write("lift_pooled", Lift, lift_pooled)
    write_function(module, "settle", Settle, lambda w: _settle_rows(w, how))


def _on_each_tile(w: Writer, how: Filtering, body: Callable[[TileWriter, Filtering], None]) -> None:
    """A piece is a row of tiles and a group of channels."""
    row, start = _piece(w)
    with _each_tile(w, row) as tile, w.counted(w.group, LANES) as lane:
        body(TileWriter(w, how, tile, w.total(start, lane)), how)


def _piece(w: Writer) -> tuple[Any, Any]:
    """The number of a piece's rows, and its first channel."""
    groups = w.b.sdiv(w.channels, w.group)
    return w.b.sdiv(w.piece, groups), w.times(w.b.srem(w.piece, groups), w.group)


@contextmanager
def _each_tile(w: Writer, row: Any) -> Iterator[Tile]:
    """The tiles of a band's row."""
    with w.counted(w.columns) as column:
        yield Tile(w.total(w.first, row), column, w.total(w.times(row, w.columns), column))


def spread(t: TileWriter, how: Filtering) -> None:
    ys, xs = t.rows(how.tile, before=1), t.columns_of(how.tile, before=1)
    replicate = t.equal(t.replicate, 1)

    def value(y: Any, x: Any) -> Any:
        found = t.load(t.picture, t.pixel(t.clamped(y, t.height), t.clamped(x, t.width), t.line))
        return t.where(t.b.or_(t.inside(y, x), replicate), found)

    t.store_places(_both(t, how.spreading, [[value(y, x) for x in xs] for y in ys]))


def gather(t: TileWriter, how: Filtering) -> None:
    ys, xs = t.rows(how.step), t.columns_of(how.step)
    for y, row in zip(ys, _rectified(t, how), strict=True):
        for x, each in zip(xs, row, strict=True):
            with t.b.if_then(t.inside(y, x), likely=True):
                t.store(each, t.picture, t.pixel(y, x, t.line))
                t.store_flags(t.positive(each), t.flags, t.flag_at(y, x))


def gather_pooled(t: TileWriter, how: Filtering) -> None:
    ys, xs, sums = t.rows(how.step), t.columns_of(how.step), _rectified(t, how)
    for top in range(0, how.step, 2):
        for left in range(0, how.step, 2):
            cells = [(top + i, left + j) for i in (0, 1) for j in (0, 1)]
            mean = constant(0.0)
            for i, j in cells:
                inside = t.inside(ys[i], xs[j])
                with t.b.if_then(inside, likely=True):
                    t.store_flags(t.positive(sums[i][j]), t.flags, t.flag_at(ys[i], xs[j]))
                mean = t.added_product(mean, t.where(inside, sums[i][j]), constant(0.25))
            with t.b.if_then(t.inside(ys[top], xs[left]), likely=True):
                t.store(mean, t.picture, t.pixel(t.half(ys[top]), t.half(xs[left]), t.line))


def lift(t: TileWriter, how: Filtering) -> None:
    _lifted(t, how, lambda y, x: t.load(t.picture, t.pixel(y, x, t.line)))


def lift_pooled(t: TileWriter, how: Filtering) -> None:
    quarter = constant(0.25)
    _lifted(t, how, lambda y, x: t.b.fmul(t.load(t.picture, t.pixel(t.half(y), t.half(x), t.line)), quarter))


def _lifted(t: TileWriter, how: Filtering, gradient: Callable[[Any, Any], Any]) -> None:
    """A g Aᵀ of a gradient, loaded for a picture's pixel."""
    ys, xs = t.rows(how.step), t.columns_of(how.step)

    def value(y: Any, x: Any) -> Any:
        inside, y, x = t.inside(y, x), t.clamped(y, t.height), t.clamped(x, t.width)
        flags = t.load_flags(t.flags, t.flag_at(y, x))
        return t.where(inside, t.where(flags, gradient(y, x)))

    t.store_places(_both(t, transposed(how.gathering), [[value(y, x) for x in xs] for y in ys]))


def settle(t: TileWriter, how: Filtering, top: Any, part: Any) -> None:
    """Adds B v Bᵀ to what the tiles before have left, above and to the left.

    Args:
        top: the part's first row of tiles, whose upper pixels go to `seams`, but in part 0.
        part: its number.
    """
    b, shared = t.b, how.tile - how.step
    sums = _both(t, transposed(how.spreading), t.load_places())
    ys, xs = t.rows(how.tile), t.columns_of(how.tile)
    apart = b.and_(t.equal(t.row, top), t.less(0, part))
    new_rows, new_columns = b.or_(apart, t.equal(t.row, 0)), t.equal(t.column, 0)
    seam = t.total(t.seams, t.times(t.times(part, t.line), shared * BYTES))
    for i, line in enumerate(sums):
        start, y, new_row = t.picture, ys[i], t.flag(True)
        if i < shared:
            start, y, new_row = b.select(apart, seam, t.picture), b.select(apart, t.word(i), ys[i]), new_rows
        for j, each in enumerate(line):
            new, where = b.and_(new_row, new_columns) if j < shared else new_row, t.pixel(y, xs[j], t.line)
            before = t.where(b.not_(new), t.load(start, where))
            t.store(b.fadd(before, each), start, where)


def _settle_rows(w: Writer, how: Filtering) -> None:
    """A piece is a part of some rows of tiles, and a group of channels."""
    part, start = _piece(w)
    top = w.times(part, w.length)
    rows = w.least(w.length, w.difference(w.rows, top))
    with (
        w.counted(rows) as line,
        _each_tile(w, w.total(top, line)) as tile,
        w.counted(w.group, LANES) as lane,
    ):
        settle(TileWriter(w, how, tile, w.total(start, lane)), how, w.total(w.first, top), part)


def _rectified(t: TileWriter, how: Filtering) -> list[list[Any]]:
    """max(0, Aᵀ M A + bias)."""
    bias = t.load(t.bias, t.channel)
    sums = _both(t, how.gathering, t.load_places())
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
            total = t.added_product(total, value, constant(factor))
    return total
