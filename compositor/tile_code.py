"""The sums of Winograd's filtering as machine code, which LLVM makes for the processor at hand.

A tile's sums need all its values at once. PyTorch's operations take one after the other, or multiply by a
matrix that is half zeros, and go through memory each time. Here sixteen channels of a tile are read once and
its sums are written once.

Each function takes the address of 64-bit integers: a counter and how many pieces of work there are, as
`machine_code.Functions` wants it, and then its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from compositor.filtering import Filtering, Rows, transposed
from compositor.tile_arguments import GROUP, Gather, Lift, Settle, Spread

_LANES = 16  # Channels that are taken at once: AVX-512's; other processors take them in two or four parts.
_WORD, _FLAG = ir.IntType(64), ir.IntType(1)
_VALUES = ir.VectorType(ir.FloatType(), _LANES)
_BYTES = 4
_FUSED = ("contract",)  # Multiplied and added by one instruction, where the processor has it.


def tile_code(how: Filtering) -> str:
    """LLVM's assembly of the functions `spread`, `gather`, `lift` and `settle`."""
    module = ir.Module("tiles")
    _write(module, "spread", Spread, lambda at: _spread(at, how))
    _write(module, "gather", Gather, lambda at: _gather(at, how))
    _write(module, "lift", Lift, lambda at: _lift(at, how))
    _write(module, "settle", Settle, lambda at: _settle(at, how))
    return str(module)


class _At:
    """Writes what is done with sixteen channels of one tile."""

    def __init__(self, builder: ir.IRBuilder, given: dict[str, Any], row: Any, column: Any, channel: Any):
        self.b, self.given = builder, given
        self.row, self.column, self.channel = row, column, channel

    def __getattr__(self, field: str) -> Any:
        return self.given[field]

    def word(self, value: Any) -> Any:
        return ir.Constant(_WORD, value) if isinstance(value, int) else value

    def total(self, *terms: Any) -> Any:
        """The sum of integers."""
        first, *others = map(self.word, terms)
        for each in others:
            first = self.b.add(first, each)
        return first

    def times(self, left: Any, right: Any) -> Any:
        return self.b.mul(self.word(left), self.word(right))

    def less(self, left: Any, right: Any) -> Any:
        return self.b.icmp_signed("<", self.word(left), self.word(right))

    def within(self, value: Any, end: Any) -> Any:
        """Whether an integer is in 0 … end - 1."""
        return self.b.icmp_unsigned("<", value, end)

    def clamped(self, value: Any, end: Any) -> Any:
        least = self.b.select(self.less(value, 0), self.word(0), value)
        return self.b.select(self.less(least, end), least, self.total(end, -1))

    def load(self, start: Any, offset: Any) -> Any:
        return self.b.load(self._pointer(start, offset), align=_BYTES)

    def store(self, value: Any, start: Any, offset: Any) -> None:
        self.b.store(value, self._pointer(start, offset), align=_BYTES)

    def pixel(self, y: Any, x: Any, line: Any) -> Any:
        """Where the channels of a picture's pixel are, in values."""
        return self.total(self.times(y, line), self.times(x, self.channels), self.channel)

    def values(self, row: Any, tile: int) -> list[list[Any]]:
        """Where the tile's places are, in values."""
        own = self.total(self.times(self.total(self.times(row, self.columns), self.column), self.channels))
        return [
            [self.total(self.times(self.place, tile * i + j), own, self.channel) for j in range(tile)]
            for i in range(tile)
        ]

    def _pointer(self, start: Any, offset: Any) -> Any:
        address = self.b.add(start, self.times(offset, _BYTES))
        return self.b.inttoptr(address, ir.PointerType(_VALUES))


def _spread(at: _At, how: Filtering) -> None:
    tile, b = how.tile, at.b
    ys = [at.total(at.times(at.total(at.first, at.row), how.step), i - 1) for i in range(tile)]
    xs = [at.total(at.times(at.column, how.step), j - 1) for j in range(tile)]
    replicate = b.icmp_signed("!=", at.replicate, at.word(0))

    def value(y: Any, x: Any) -> Any:
        inside = b.and_(at.within(y, at.height), at.within(x, at.width))
        where = at.pixel(at.clamped(y, at.height), at.clamped(x, at.width), at.line)
        return b.select(b.or_(inside, replicate), at.load(at.picture, where), _constant(0.0))

    sums = _both(b, how.spreading, [[value(y, x) for x in xs] for y in ys])
    _store_places(at, at.values(at.row, tile), sums)


def _gather(at: _At, how: Filtering) -> None:
    b, bias = at.b, at.load(at.bias, at.channel)
    sums = _both(b, how.gathering, _load_places(at, at.values(at.row, how.tile)))
    top, left = at.times(at.total(at.first, at.row), how.step), at.times(at.column, how.step)
    for i, row in enumerate(sums):
        for j, each in enumerate(row):
            y, x = at.total(top, i), at.total(left, j)
            with b.if_then(b.and_(at.less(y, at.height), at.less(x, at.width)), likely=True):
                result = b.fadd(each, bias)
                positive = b.fcmp_ordered(">", result, _constant(0.0))
                result = b.select(positive, result, _constant(0.0))
                at.store(result, at.picture, at.pixel(y, x, at.line))


def _lift(at: _At, how: Filtering) -> None:
    b = at.b
    ys = [at.total(at.times(at.total(at.first, at.row), how.step), i) for i in range(how.step)]
    xs = [at.total(at.times(at.column, how.step), j) for j in range(how.step)]

    def value(y: Any, x: Any) -> Any:
        inside = b.and_(at.within(y, at.height), at.within(x, at.width))
        y, x = at.clamped(y, at.height), at.clamped(x, at.width)
        reference = at.load(at.positive, at.pixel(y, x, at.positive_line))
        positive = b.fcmp_ordered(">", reference, _constant(0.0))
        gradient = b.select(positive, at.load(at.picture, at.pixel(y, x, at.line)), _constant(0.0))
        return b.select(inside, gradient, _constant(0.0))

    sums = _both(b, transposed(how.gathering), [[value(y, x) for x in xs] for y in ys])
    _store_places(at, at.values(at.row, how.tile), sums)


def _settle(at: _At, how: Filtering) -> None:
    b, step = at.b, how.step
    row = at.total(at.times(at.row, 2), at.odd)
    sums = _both(b, transposed(how.spreading), _load_places(at, at.values(row, how.tile)))
    number = at.total(at.first, row)
    top, left = at.times(number, step), at.times(at.column, step)
    odd = b.icmp_signed("!=", at.odd, at.word(0))
    # Which rows and columns nothing has been written to before.
    upper = b.and_(b.not_(odd), b.icmp_signed("==", number, at.word(0)))
    upper = b.or_(upper, b.and_(b.not_(odd), b.icmp_signed("!=", row, at.word(0))))
    lower = b.or_(b.not_(odd), b.icmp_signed("==", row, at.last))
    leftmost = b.icmp_signed("==", at.column, at.word(0))
    for i, line in enumerate(sums):
        for j, each in enumerate(line):
            fresh = ir.Constant(_FLAG, 1) if 2 <= i < step else (upper if i < 2 else lower)
            fresh = b.and_(fresh, leftmost) if j < 2 else fresh
            where = at.pixel(at.total(top, i), at.total(left, j), at.line)
            before = b.select(fresh, _constant(0.0), at.load(at.picture, where))
            at.store(b.fadd(before, each), at.picture, where)


def _load_places(at: _At, where: Iterable[Iterable[Any]]) -> list[list[Any]]:
    return [[at.load(at.places, each) for each in row] for row in where]


def _store_places(at: _At, where: Iterable[Iterable[Any]], sums: Iterable[Iterable[Any]]) -> None:
    for offsets, row in zip(where, sums, strict=True):
        for offset, each in zip(offsets, row, strict=True):
            at.store(each, at.places, offset)


def _both(b: ir.IRBuilder, matrix: Rows, tile: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """matrix · tile · matrixᵀ."""
    columns = [_sums(b, matrix, column) for column in zip(*tile, strict=True)]
    return [_sums(b, matrix, row) for row in zip(*columns, strict=True)]


def _sums(b: ir.IRBuilder, matrix: Rows, values: Sequence[Any]) -> list[Any]:
    return [_sum(b, [(f, v) for f, v in zip(row, values, strict=True) if f]) for row in matrix]


def _sum(b: ir.IRBuilder, terms: Sequence[tuple[float, Any]]) -> Any:
    total = None
    for factor, value in sorted(terms, key=lambda term: term[0] != 1):
        if total is None:
            total = value if factor == 1 else b.fmul(value, _constant(factor))
        elif abs(factor) == 1:
            total = (b.fadd if factor > 0 else b.fsub)(total, value)
        else:
            product = b.fmul(value, _constant(factor), flags=_FUSED)  # pyright: ignore[reportCallIssue]
            total = b.fadd(total, product, flags=_FUSED)  # pyright: ignore[reportCallIssue]
    return total


def _constant(value: float) -> ir.Constant:
    return ir.Constant(_VALUES, [ir.Constant(ir.FloatType(), float(value))] * _LANES)


def _write(module: ir.Module, name: str, fields: Any, body: Callable[[_At], None]) -> None:
    """A function that takes pieces of work from a counter until there are none, as its fellows do."""
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [_WORD.as_pointer()]), name)
    b = ir.IRBuilder(function.append_basic_block())
    counter, count, *values = (
        b.gep(function.args[0], [ir.Constant(_WORD, index)]) for index in range(2 + len(fields._fields))
    )
    given = dict(zip(fields._fields, map(b.load, values), strict=True))
    total, groups = b.load(count), b.sdiv(given["channels"], ir.Constant(_WORD, GROUP))
    take = b.append_basic_block()
    b.branch(take)
    b.position_at_end(take)
    taken = b.atomic_rmw("add", counter, ir.Constant(_WORD, 1), "monotonic")
    with b.if_then(b.icmp_signed("<", taken, total)):
        row, start = b.sdiv(taken, groups), b.mul(b.srem(taken, groups), ir.Constant(_WORD, GROUP))
        with (
            _counted(b, given["columns"], 1) as column,
            _counted(b, ir.Constant(_WORD, GROUP), _LANES) as lane,
        ):
            body(_At(b, given, row, column, b.add(start, lane)))
        b.branch(take)
    b.ret_void()


@contextmanager
def _counted(b: ir.IRBuilder, end: Any, step: int) -> Iterator[Any]:
    """A loop from 0 up to an end."""
    before, head, inside, after = b.block, *(b.append_basic_block() for _ in range(3))
    b.branch(head)
    b.position_at_end(head)
    number = b.phi(_WORD)
    number.add_incoming(ir.Constant(_WORD, 0), before)
    b.cbranch(b.icmp_signed("<", number, end), inside, after)
    b.position_at_end(inside)
    yield number
    number.add_incoming(b.add(number, ir.Constant(_WORD, step)), b.block)
    b.branch(head)
    b.position_at_end(after)
