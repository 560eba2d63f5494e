"""Tags of TIFFs that OpenImageIO does not tell: what further samples are, and whether it is a photograph."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_NEW_SUBFILE_TYPE, _COMPRESSION, _EXTRA_SAMPLES, _DNG_VERSION, _CFA_PATTERN = 254, 259, 338, 50706, 33422
# What OpenImageIO's wheels do not unpack.
_PACKED = {34887: "LERC", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL"}
_ASSOCIATED_ALPHA = 1
_REDUCED = 1
# Types of values by their number, with struct's letters; others are left out.
_LETTERS = {1: "B", 3: "H", 4: "I"}
_CLASSIC, _BIG = 42, 43
_MAX_VALUES = 1 << 8


def has_associated_alpha(path: Path) -> bool:
    """Whether the file says that its colors are multiplied by its alpha.

    Programs that do not say what the fourth sample is, as OpenCV, store it straight. OpenImageIO takes both
    kinds for the same.
    """
    return _ASSOCIATED_ALPHA in _tags(path).get(_EXTRA_SAMPLES, ())


def unreadable_tiff(path: Path) -> str | None:
    """Why a whole TIFF is not read, or should not be; None if it should.

    The first picture of a raw photograph is a thumbnail, or a sensor's values.
    """
    tags = _tags(path)
    packed = _PACKED.get(tags.get(_COMPRESSION, (0,))[0])
    if packed is not None:
        return f"is compressed by {packed}, which is not read; save it with LZW or Deflate"
    reduced = tags.get(_NEW_SUBFILE_TYPE, (0,))[0] & _REDUCED
    if _DNG_VERSION in tags or _CFA_PATTERN in tags or reduced:
        return "is a camera's raw photograph, or begins with a thumbnail; develop it, and save it as TIFF"
    return None


def _tags(path: Path) -> dict[int, tuple[int, ...]]:
    """The integers of the first picture's tags by number; what is damaged is left out."""
    with path.open("rb") as file:
        try:
            return _read_tags(file)
        except (struct.error, OSError, OverflowError, ValueError):
            return {}


def _read_tags(file: BinaryIO) -> dict[int, tuple[int, ...]]:
    head = file.read(16)
    order = ">" if head[:2] == b"MM" else "<"
    (version,) = struct.unpack_from(f"{order}H", head, 2)
    if version not in (_CLASSIC, _BIG):
        return {}
    big = version == _BIG
    number, count, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    inline = 8 if big else 4
    (directory,) = struct.unpack_from(f"{order}{number}", head, inline)
    file.seek(directory)
    (entries,) = struct.unpack(f"{order}{count}", file.read(struct.calcsize(count)))
    # A directory has a few dozens; no more than 65535 can be in a classic one.
    table = file.read(entry * min(entries, 1 << 16))
    found: dict[int, tuple[int, ...]] = {}
    for place in range(0, len(table) - entry + 1, entry):
        tag, kind, values = struct.unpack_from(f"{order}HH{number}", table, place)
        if kind in _LETTERS and 0 < values <= _MAX_VALUES:
            form = f"{order}{values}{_LETTERS[kind]}"
            if struct.calcsize(form) <= inline:
                found[tag] = struct.unpack_from(form, table, place + entry - inline)
            else:
                file.seek(*struct.unpack_from(f"{order}{number}", table, place + entry - inline))
                found[tag] = struct.unpack(form, file.read(struct.calcsize(form)))
    return found
