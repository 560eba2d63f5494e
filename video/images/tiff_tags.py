"""Whether a TIFF's colors are multiplied by its alpha, by a tag of which OpenImageIO tells only a part."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_EXTRA_SAMPLES = 338
_ASSOCIATED_ALPHA = 1
_SHORT = 3
_CLASSIC, _BIG = 42, 43


def has_associated_alpha(path: Path) -> bool:
    """Whether the file says so of a sample of its first picture.

    Programs that do not say what the fourth sample is, as OpenCV, store it straight. OpenImageIO takes both
    kinds for the same.
    """
    with path.open("rb") as file:
        try:
            return _ASSOCIATED_ALPHA in _extra_samples(file)
        except (struct.error, OSError, OverflowError, ValueError):
            return False


def _extra_samples(file: BinaryIO) -> tuple[int, ...]:
    head = file.read(16)
    order = ">" if head[:2] == b"MM" else "<"
    (version,) = struct.unpack_from(f"{order}H", head, 2)
    if version not in (_CLASSIC, _BIG):
        return ()
    big = version == _BIG
    number, count, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    (directory,) = struct.unpack_from(f"{order}{number}", head, 8 if big else 4)
    file.seek(directory)
    (entries,) = struct.unpack(f"{order}{count}", file.read(struct.calcsize(count)))
    # A directory has a few dozens; no more than 65535 can be in a classic one.
    table = file.read(entry * min(entries, 1 << 16))
    for place in range(0, len(table) - entry + 1, entry):
        tag, kind, values = struct.unpack_from(f"{order}HH{number}", table, place)
        if tag == _EXTRA_SAMPLES and kind == _SHORT:
            inline = place + entry - (8 if big else 4)
            if 2 * values <= (8 if big else 4):
                return struct.unpack_from(f"{order}{values}H", table, inline)
            file.seek(*struct.unpack_from(f"{order}{number}", table, inline))
            wanted = min(values, 1 << 8)
            return struct.unpack(f"{order}{wanted}H", file.read(2 * wanted))
    return ()
