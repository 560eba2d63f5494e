"""What the fourth byte of a TGA's pixels is (Truevision TGA 2.0): OpenImageIO always takes it for alpha."""

from __future__ import annotations

import os
import struct
from enum import IntEnum
from pathlib import Path

import numpy as np

_HEADER, _FOOTER = 18, 26
_SIGNATURE = b"TRUEVISION-XFILE"
# Of the extension area: its length, and where its last byte says what alpha is.
_EXTENSION, _ATTRIBUTES = 495, 494
_UNCOMPRESSED = 2


class _Alpha(IntEnum):
    """Field 24 of the extension area."""

    NONE = 0
    IGNORED = 1
    KEPT = 2
    USEFUL = 3
    PREMULTIPLIED = 4


def has_no_alpha(path: Path) -> bool:
    """Whether a TGA of 32 bits has none: by its extension area, or else by its header's bits of alpha.

    Where these are none, as in files of programs that use the byte all the same, alpha is somewhere not zero.
    """
    said = _said(path)
    if said is not None:
        return said in (_Alpha.NONE, _Alpha.IGNORED)
    with path.open("rb") as file:
        head = file.read(_HEADER)
        if len(head) < _HEADER or head[16] != 32 or head[17] & 0x0F:
            return False
        if head[2] != _UNCOMPRESSED:
            return True
        width, height = struct.unpack_from("<2H", head, 12)
        file.seek(_HEADER + head[0])
        left = 4 * width * height
        while left > 0 and (block := file.read(min(left, 1 << 20))):
            left -= len(block)
            if np.frombuffer(block[: len(block) // 4 * 4], np.uint8)[3::4].any():
                return False
    return True


def is_premultiplied(path: Path) -> bool:
    """Whether a TGA's colors are multiplied by its alpha."""
    return _said(path) == _Alpha.PREMULTIPLIED


def _said(path: Path) -> int | None:
    """What the extension area says of alpha; None where there is none."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        size = file.tell()
        if size < _HEADER + _FOOTER:
            return None
        file.seek(size - _FOOTER)
        footer = file.read(_FOOTER)
        (extension,) = struct.unpack_from("<I", footer)
        if footer[8:24] != _SIGNATURE or not _HEADER <= extension <= size - _EXTENSION:
            return None
        file.seek(extension + _ATTRIBUTES)
        return file.read(1)[0]
