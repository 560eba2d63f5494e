"""The network's first convolution, from 3 channels to 64, and its gradient.

Libraries' kernels are made for many channels, and take as long for 3 as for 16.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from compositor.convolution_jit.ir_builder import FLOAT, LANES, VALUES, Writer, constant, write_function
from compositor.convolution_jit.kernel_arguments import IMAGE_CHANNELS, Image, ImageGradient

_BLOCK = 4  # Pixels of a row that are gone through together, with as many sums as fit the registers.
_COLORS, _SIDE = 3, 3
_PARTS = IMAGE_CHANNELS // LANES


def write_image_code(module: ir.Module) -> None:
    """Writes `image` and `image_gradient`."""
    kind = ir.FunctionType(FLOAT, [FLOAT, VALUES])
    total = ir.Function(module, kind, f"llvm.vector.reduce.fadd.v{LANES}f32")
    write_function(module, "image", Image, _image)
    write_function(module, "image_gradient", ImageGradient, lambda w: _image_gradient(w, total))


def _image(w: Writer) -> None:
    with w.counted(w.blocks(w.width, _BLOCK)) as block:
        left = w.block_start(block, w.width, _BLOCK)
        sums = [[w.load(w.bias, part * LANES) for part in range(_PARTS)] for _ in range(_BLOCK)]
        for i in range(_SIDE):
            y = w.clamped(w.total(w.piece, i - 1), w.height)
            columns = [w.clamped(w.total(left, at - 1), w.width) for at in range(_BLOCK + _SIDE - 1)]
            pixels = [_colors(w, w.total(w.times(y, w.line), w.times(x, _COLORS))) for x in columns]
            for j in range(_SIDE):
                for color in range(_COLORS):
                    _add_tap(w, sums, [pixels[at + j][color] for at in range(_BLOCK)], _tap(i, j, color))
        own = w.total(w.times(w.piece, w.width), left)
        for at, row in enumerate(sums):
            for part, each in enumerate(row):
                where = w.total(w.times(w.total(own, at), IMAGE_CHANNELS), part * LANES)
                flags = w.positive(each)
                w.store(w.where(flags, each), w.result, where)
                w.store_flags(flags, w.flags, where)


def _add_tap(w: Writer, sums: list[list[Any]], pixels: list[Any], tap: int) -> None:
    for part in range(_PARTS):
        weight = w.load(w.weight, tap + part * LANES)
        for row, pixel in zip(sums, pixels, strict=True):
            row[part] = w.added_product(row[part], pixel, weight)


def _image_gradient(w: Writer, total: ir.Function) -> None:
    wide = w.total(w.width, 2)
    with w.counted(w.blocks(wide, _BLOCK)) as block:
        left = w.block_start(block, wide, _BLOCK)
        sums = [[constant(0.0) for _ in range(_COLORS)] for _ in range(_BLOCK)]
        columns = [w.total(left, at - _SIDE + 1) for at in range(_BLOCK + _SIDE - 1)]
        for i in range(_SIDE):
            y = w.total(w.piece, -i)
            for part in range(_PARTS):
                pulls = [_pull(w, y, x, part * LANES) for x in columns]
                _add_pulls(w, sums, pulls, i, part)
        own = w.total(w.times(w.piece, wide), left)
        for at, row in enumerate(sums):
            for color, each in enumerate(row):
                value = w.b.call(total, [ir.Constant(FLOAT, 0.0), each], fastmath=("reassoc",))
                w.store(value, w.result, w.total(w.times(w.total(own, at), _COLORS), color))


def _add_pulls(w: Writer, sums: list[list[Any]], pulls: list[Any], i: int, part: int) -> None:
    for j in range(_SIDE):
        for color in range(_COLORS):
            weight = w.load(w.weight, _tap(i, j, color) + part * LANES)
            for at, row in enumerate(sums):
                row[color] = w.added_product(row[color], pulls[at + _SIDE - 1 - j], weight)


def _pull(w: Writer, y: Any, x: Any, channel: int) -> Any:
    """Sixteen channels of the gradient behind the rectifier."""
    inside = w.b.and_(w.within(y, w.height), w.within(x, w.width))
    y, x = w.clamped(y, w.height), w.clamped(x, w.width)
    pixel = w.total(w.times(w.total(w.times(y, w.width), x), IMAGE_CHANNELS), channel)
    gradient = w.load(w.gradient, w.total(w.times(y, w.line), w.times(x, IMAGE_CHANNELS), channel))
    return w.where(inside, w.where(w.load_flags(w.flags, pixel), gradient))


def _colors(w: Writer, pixel: Any) -> list[Any]:
    return [w.load_everywhere(w.picture, w.total(pixel, color)) for color in range(_COLORS)]


def _tap(i: int, j: int, color: int) -> int:
    """Where the weights of a place and color begin."""
    return ((i * _SIDE + j) * _COLORS + color) * IMAGE_CHANNELS
