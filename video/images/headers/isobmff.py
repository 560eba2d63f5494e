"""AVIF and HEIC files, by the boxes of ISO/IEC 14496-12 and 23008-12."""

from __future__ import annotations

import struct
from enum import StrEnum
from pathlib import Path

HEIF_SUFFIXES = (".avif", ".heic", ".heif")

_HEAD = 1 << 16
_AVIF = {b"avif", b"avis"}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


class StillKind(StrEnum):
    """By how the picture in the file is coded."""

    AVIF = "AVIF"
    HEIC = "HEIC"


def still_kind(path: Path) -> StillKind | None:
    """What kind of picture the file says that it is; None for no such file."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[4:8] != b"ftyp":
        return None
    (size,) = struct.unpack(">I", head[:4])
    content = head[8 : min(size, len(head))]
    # The major brand, its version, then the others.
    brands = {content[:4]} | {content[place : place + 4] for place in range(8, len(content), 4)}
    if brands & _AVIF:
        return StillKind.AVIF
    return StillKind.HEIC if content[:4] in _HEIC else None


def code_points(path: Path) -> tuple[int, int] | None:
    """The first numbers that the file has for primaries and transfer curve (H.273), None if it has none."""
    with path.open("rb") as file:
        _, found, after = file.read(_HEAD).partition(b"colrnclx")
    return struct.unpack(">2H", after[:4]) if found and len(after) >= 4 else None
