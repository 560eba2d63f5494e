"""Kernels of the network's first convolution, from 3 channels to 64, and of its gradient.

Libraries' kernels are made for many channels, and take as long for 3 as for 16.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from compositor.convolution_jit.ir_builder import FLOAT, LANES, VALUES, Writer, constant, write_function
from compositor.convolution_jit.kernel_arguments import IMAGE_CHANNELS, Image, ImageGradient

_BLOCK = 4  # Pixels of a row computed together: as many sums as there are registers.
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
            y = w.clamped(w.add(w.work_item, i - 1), w.height)
            columns = [w.clamped(w.add(left, at - 1), w.width) for at in range(_BLOCK + _SIDE - 1)]
            pixels = [_colors(w, w.add(w.mul(y, w.row_stride), w.mul(x, _COLORS))) for x in columns]
            for j in range(_SIDE):
                for color in range(_COLORS):
                    _add_tap(w, sums, [pixels[at + j][color] for at in range(_BLOCK)], _tap(i, j, color))
        own = w.add(w.mul(w.work_item, w.width), left)
        for at, row in enumerate(sums):
            for part, each in enumerate(row):
                where = w.add(w.mul(w.add(own, at), IMAGE_CHANNELS), part * LANES)
                bits = w.positive(each)
                w.store(w.where(bits, each), w.result, where)
                w.store_mask_bits(bits, w.relu_mask_bits, where)


def _add_tap(w: Writer, sums: list[list[Any]], pixels: list[Any], tap: int) -> None:
    for part in range(_PARTS):
        weight = w.load(w.weight, tap + part * LANES)
        for row, pixel in zip(sums, pixels, strict=True):
            row[part] = w.fused_multiply_add(row[part], pixel, weight)


def _image_gradient(w: Writer, total: ir.Function) -> None:
    wide = w.add(w.width, 2)
    with w.counted(w.blocks(wide, _BLOCK)) as block:
        left = w.block_start(block, wide, _BLOCK)
        sums = [[constant(0.0) for _ in range(_COLORS)] for _ in range(_BLOCK)]
        columns = [w.add(left, at - _SIDE + 1) for at in range(_BLOCK + _SIDE - 1)]
        for i in range(_SIDE):
            y = w.add(w.work_item, -i)
            for part in range(_PARTS):
                pulls = [_pull(w, y, x, part * LANES) for x in columns]
                _add_pulls(w, sums, pulls, i, part)
        own = w.add(w.mul(w.work_item, wide), left)
        for at, row in enumerate(sums):
            for color, each in enumerate(row):
                value = w.b.call(total, [ir.Constant(FLOAT, 0.0), each], fastmath=("reassoc",))
                w.store(value, w.result, w.add(w.mul(w.add(own, at), _COLORS), color))


def _add_pulls(w: Writer, sums: list[list[Any]], pulls: list[Any], i: int, part: int) -> None:
    for j in range(_SIDE):
        for color in range(_COLORS):
            weight = w.load(w.weight, _tap(i, j, color) + part * LANES)
            for at, row in enumerate(sums):
                row[color] = w.fused_multiply_add(row[color], pulls[at + _SIDE - 1 - j], weight)


def _pull(w: Writer, y: Any, x: Any, channel: int) -> Any:
    """Sixteen channels of the gradient, masked by the rectifier."""
    inside = w.b.and_(w.within(y, w.height), w.within(x, w.width))
    y, x = w.clamped(y, w.height), w.clamped(x, w.width)
    pixel = w.add(w.mul(w.add(w.mul(y, w.width), x), IMAGE_CHANNELS), channel)
    gradient = w.load(w.gradient, w.add(w.mul(y, w.row_stride), w.mul(x, IMAGE_CHANNELS), channel))
    return w.where(inside, w.where(w.load_mask_bits(w.relu_mask_bits, pixel), gradient))


def _colors(w: Writer, pixel: Any) -> list[Any]:
    return [w.load_broadcast(w.picture, w.add(pixel, color)) for color in range(_COLORS)]


def _tap(i: int, j: int, color: int) -> int:
    """Offset of the weights of a row, column and color."""
    return ((i * _SIDE + j) * _COLORS + color) * IMAGE_CHANNELS
