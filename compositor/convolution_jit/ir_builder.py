"""LLVM IR builder for functions that work on sixteen channels at once (SIMD).

Each function takes the address of 64-bit integers: two counters and the number of work items, as
`compiler.JitModule` defines them, and then its arguments. Addresses are in bytes, all else in values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

LANES = 16  # AVX-512's; other processors take them in two or four parts.
WORD, BOOL, FLOAT = ir.IntType(64), ir.IntType(1), ir.FloatType()
VALUES = ir.VectorType(FLOAT, LANES)
_BITS = ir.VectorType(BOOL, LANES)
BYTES = 4
_FUSED = ("contract",)  # Multiplied and added by one instruction, where the processor has it.


def new_module() -> ir.Module:
    """An empty module."""
    return ir.Module("compositor")


def constant(value: float) -> ir.Constant:
    """Sixteen times the same value."""
    return ir.Constant(VALUES, [ir.Constant(FLOAT, float(value))] * LANES)


class Writer:
    """Writes the IR of one work item; the function's arguments are attributes.

    Attributes:
        b: the builder.
        work_item: the number of the work item.
        thread_id: the number of the thread.
    """

    def __init__(self, builder: ir.IRBuilder, given: dict[str, Any], work_item: Any, thread_id: Any) -> None:
        self.b, self.given, self.work_item, self.thread_id = builder, given, work_item, thread_id

    def __getattr__(self, field: str) -> Any:
        return self.given[field]

    def boolean(self, value: bool) -> Any:
        return ir.Constant(BOOL, value)

    def word(self, value: int) -> Any:
        return _word(value)

    def add(self, *terms: Any) -> Any:
        """The sum of integers."""
        first, *others = map(_word, terms)
        for each in others:
            first = self.b.add(first, each)
        return first

    def sub(self, left: Any, right: Any) -> Any:
        return self.b.sub(_word(left), _word(right))

    def mul(self, left: Any, right: Any) -> Any:
        return self.b.mul(_word(left), _word(right))

    def less(self, left: Any, right: Any) -> Any:
        return self.b.icmp_signed("<", _word(left), _word(right))

    def equal(self, left: Any, right: Any) -> Any:
        return self.b.icmp_signed("==", _word(left), _word(right))

    def half(self, value: Any) -> Any:
        """Half an integer, rounded down."""
        return self.b.ashr(value, _word(1))

    def within(self, value: Any, end: Any) -> Any:
        """Whether an integer is in 0 … end - 1."""
        return self.b.icmp_unsigned("<", value, end)

    def clamped(self, value: Any, end: Any) -> Any:
        """The nearest integer in 0 … end - 1."""
        return self.minimum(self.b.select(self.less(value, 0), _word(0), value), self.add(end, -1))

    def minimum(self, left: Any, right: Any) -> Any:
        return self.b.select(self.less(left, right), _word(left), _word(right))

    def load(self, start: Any, offset: Any) -> Any:
        """Sixteen values."""
        return self.b.load(self._pointer(start, offset, VALUES), align=BYTES)

    def store(self, value: Any, start: Any, offset: Any) -> None:
        """Sixteen values, or one."""
        self.b.store(value, self._pointer(start, offset, value.type), align=BYTES)

    def load_broadcast(self, start: Any, offset: Any) -> Any:
        """One value, sixteen times."""
        value = self.b.load(self._pointer(start, offset, FLOAT), align=BYTES)
        nothing, index = ir.Constant(VALUES, ir.Undefined), ir.IntType(32)
        first = self.b.insert_element(nothing, value, ir.Constant(index, 0))
        every = ir.Constant(ir.VectorType(index, LANES), [0] * LANES)
        return self.b.shuffle_vector(first, nothing, every)

    def load_mask_bits(self, start: Any, offset: Any) -> Any:
        """Sixteen bits of a mask; the offset is that of their values."""
        return self.b.bitcast(self.b.load(self._mask_pointer(start, offset), align=2), _BITS)

    def store_mask_bits(self, bits: Any, start: Any, offset: Any) -> None:
        self.b.store(self.b.bitcast(bits, ir.IntType(LANES)), self._mask_pointer(start, offset), align=2)

    def positive(self, values: Any) -> Any:
        """Which of the values are above zero."""
        return self.b.fcmp_ordered(">", values, constant(0.0))

    def where(self, mask: Any, values: Any) -> Any:
        """The values, and zero where the mask (sixteen bits, or one) is 0."""
        return self.b.select(mask, values, constant(0.0))

    def fused_multiply_add(self, total: Any, left: Any, right: Any) -> Any:
        product = self.b.fmul(left, right, flags=_FUSED)  # pyright: ignore[reportCallIssue]
        return self.b.fadd(total, product, flags=_FUSED)  # pyright: ignore[reportCallIssue]

    @contextmanager
    def counted(self, end: Any, step: int = 1, carried: list[Any] | None = None) -> Iterator[Any]:
        """A loop from 0 up to an end.

        Args:
            carried: values carried from iteration to iteration: the list is changed in place, to their values
                within an iteration, and after the loop to their final ones.
        """
        carried = [] if carried is None else carried
        before, head, inside, after = self.b.block, *(self.b.append_basic_block() for _ in range(3))
        self.b.branch(head)
        self.b.position_at_end(head)
        states = [self.b.phi(each.type) for each in (_word(0), *carried)]
        for state, value in zip(states, (_word(0), *carried), strict=True):
            state.add_incoming(value, before)
        number, carried[:] = states[0], states[1:]
        self.b.cbranch(self.less(number, end), inside, after)
        self.b.position_at_end(inside)
        yield number
        for state, value in zip(states, (self.add(number, step), *carried), strict=True):
            state.add_incoming(value, self.b.block)
        self.b.branch(head)
        self.b.position_at_end(after)
        carried[:] = states[1:]

    def _pointer(self, start: Any, offset: Any, kind: Any) -> Any:
        address = self.add(start, self.mul(offset, BYTES))
        return self.b.inttoptr(address, ir.PointerType(kind))

    def _mask_pointer(self, start: Any, offset: Any) -> Any:
        address = self.add(start, self.b.lshr(offset, _word(3)))
        return self.b.inttoptr(address, ir.PointerType(ir.IntType(LANES)))


def write_function(module: ir.Module, name: str, fields: Any, body: Callable[[Writer], None]) -> None:
    """A function that takes work items from a counter, which all threads share, until there are none.

    Args:
        fields: the named tuple of its arguments.
        body: writes the IR of one work item.
    """
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [WORD.as_pointer()]), name)
    b = ir.IRBuilder(function.append_basic_block())
    counter, next_thread_id, count, *values = (
        b.gep(function.args[0], [_word(index)]) for index in range(3 + len(fields._fields))
    )
    given = dict(zip(fields._fields, map(b.load, values), strict=True))
    thread_id = b.atomic_rmw("add", next_thread_id, _word(1), "monotonic")
    total, take = b.load(count), b.append_basic_block()
    b.branch(take)
    b.position_at_end(take)
    taken = b.atomic_rmw("add", counter, _word(1), "monotonic")
    with b.if_then(b.icmp_signed("<", taken, total)):
        body(Writer(b, given, taken, thread_id))
        b.branch(take)
    b.ret_void()


def _word(value: Any) -> Any:
    return ir.Constant(WORD, value) if isinstance(value, int) else value
