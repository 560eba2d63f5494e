"""TIFFs of any kind, uncompressed, made by code from the specification (Adobe, TIFF revision 6.0)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Literal

import numpy as np


class Photometric(IntEnum):
    """PhotometricInterpretation: what a sample means."""

    WHITE_IS_ZERO = 0
    BLACK_IS_ZERO = 1
    RGB = 2
    PALETTE = 3
    MASK = 4
    SEPARATED = 5
    LAB = 8


class Extra(IntEnum):
    """ExtraSamples: what a further sample is."""

    UNSPECIFIED = 0
    ASSOCIATED_ALPHA = 1
    STRAIGHT_ALPHA = 2


Order = Literal["<", ">"]

_INTEGER, _SIGNED, _FLOAT = 1, 2, 3
_SHORT, _LONG, _UNDEFINED = 3, 4, 7
_LETTERS = {_SHORT: "H", _LONG: "I", _UNDEFINED: "B"}
ORIENTATION, PROFILE = 274, 34675


def make_tiff(
    samples: np.ndarray,
    photometric: Photometric = Photometric.RGB,
    *,
    bits: int = 0,
    extras: Sequence[Extra] = (),
    planar: bool = False,
    big_endian: bool = False,
    orientation: int = 0,
    palette: np.ndarray | None = None,
    profile: bytes = b"",
    numbers: Mapping[int, int] | None = None,
) -> bytes:
    """The file of (H, W, C) samples in the type in which they are stored.

    Args:
        bits: of a sample; fewer than the type has are packed into bytes, row by row.
        extras: the meaning of the last samples of a pixel.
        palette: (2**bits, 3) uint16.
        numbers: further tags, one number each.
    """
    height, width, count = samples.shape
    order: Order = ">" if big_endian else "<"
    bits = bits or 8 * samples.dtype.itemsize
    planes = [samples[..., channel : channel + 1] for channel in range(count)] if planar else [samples]
    strips = [_packed(plane, bits, order) for plane in planes]
    offsets = [8 + sum(map(len, strips[:number])) for number in range(len(strips))]
    kind = {"u": _INTEGER, "i": _SIGNED, "f": _FLOAT}[samples.dtype.kind]
    tags: dict[int, tuple[int, Sequence[int]]] = {
        256: (_LONG, [width]),
        257: (_LONG, [height]),
        258: (_SHORT, [bits] * count),
        259: (_SHORT, [1]),
        262: (_SHORT, [photometric]),
        273: (_LONG, offsets),
        277: (_SHORT, [count]),
        278: (_LONG, [height]),
        279: (_LONG, [len(strip) for strip in strips]),
        284: (_SHORT, [2 if planar else 1]),
        339: (_SHORT, [kind] * count),
    }
    if orientation:
        tags[ORIENTATION] = (_SHORT, [orientation])
    if extras:
        tags[338] = (_SHORT, list(extras))
    if palette is not None:
        tags[320] = (_SHORT, palette.T.ravel().tolist())
    if profile:
        tags[PROFILE] = (_UNDEFINED, list(profile))
    tags |= {tag: (_LONG, [number]) for tag, number in (numbers or {}).items()}
    return _assembled(b"".join(strips), tags, order)


def _packed(plane: np.ndarray, bits: int, order: Order) -> bytes:
    if bits == 8 * plane.dtype.itemsize:
        return plane.astype(plane.dtype.newbyteorder(order)).tobytes()
    rows = plane.reshape(len(plane), -1).astype(np.uint64)
    if bits == 24:
        whole = rows.astype(f"{order}u4").view(np.uint8).reshape(len(rows), -1, 4)
        return (whole[..., 1:] if order == ">" else whole[..., :3]).tobytes()
    # The highest bit comes first, in either byte order.
    each = (rows[..., None] >> np.arange(bits - 1, -1, -1, dtype=np.uint64)) & np.uint64(1)
    return np.packbits(each.reshape(len(rows), -1).astype(np.uint8), axis=1).tobytes()


def _assembled(pixels: bytes, tags: Mapping[int, tuple[int, Sequence[int]]], order: str) -> bytes:
    directory = 8 + len(pixels) + len(pixels) % 2
    after = directory + 2 + 12 * len(tags) + 4
    entries, values = struct.pack(f"{order}H", len(tags)), b""
    for tag, (kind, numbers) in sorted(tags.items()):
        content = struct.pack(f"{order}{len(numbers)}{_LETTERS[kind]}", *numbers)
        entries += struct.pack(f"{order}HHI", tag, kind, len(numbers))
        if len(content) <= 4:
            entries += content.ljust(4, b"\0")
        else:
            entries += struct.pack(f"{order}I", after + len(values))
            values += content + bytes(len(content) % 2)
    head = struct.pack(f"{order}2sHI", b"MM" if order == ">" else b"II", 42, directory)
    return head + pixels + bytes(len(pixels) % 2) + entries + bytes(4) + values
