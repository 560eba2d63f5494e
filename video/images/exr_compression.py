"""Makes the passes that Blender has saved in haste small, without a loss, and where nobody waits for it.

A frame's passes in full float are 73 MB at 1080p. Compressed by Blender they hold up its render, so that it
saves them as they are as long as the engine keeps up, and they are packed here: rows and header stay the same
to the last bit but for the method of compression, which becomes ZIPS, row by row. The layout is that of
https://openexr.com/en/latest/OpenEXRFileLayout.html.
"""

from __future__ import annotations

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from video.errors import FileError
from video.files.atomic import write_atomically
from video.images.exr_header import MULTI_PART, Part, header_length, read_header

_NONE, _ZIPS = b"\x00", b"\x02"
_COMPRESSION = b"compression\0compression\0\x01\0\0\0"
# zlib's fastest: rows of floats gain little from more.
_LEVEL = 1


class Packer:
    """Packs files one after the other on a thread of its own.

    Args:
        folder: only what lies in it is packed; files from elsewhere belong to the user.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "packing")

    def pack(self, path: Path | None) -> None:
        """Has a file packed, if it is one that can be."""
        if path is not None and path.parent == self._folder:
            self._thread.submit(_quietly, path)

    def close(self) -> None:
        """Waits for the files that are to be packed."""
        self._thread.shutdown()


def _quietly(path: Path) -> None:
    # A file that cannot be packed, on a full disk say, is as good as before.
    with suppress(FileError, OSError):
        pack(path)


def pack(path: Path) -> bool:
    """Compresses an EXR of uncompressed rows; False where there is nothing to do.

    Raises:
        FileError: the file is damaged, or cannot be replaced; it is as before then.
    """
    parts = read_header(path)
    if not all(_is_plain(part) for part in parts):
        return False
    rows = sum(part.data.size[1] for part in parts)

    def write(temporary: Path) -> None:
        with path.open("rb") as source, temporary.open("wb") as target:
            _rewrite(source, target, path.stat().st_size, rows)

    try:
        write_atomically(path, write)
    except (struct.error, ValueError):
        raise FileError(path, "the EXR is damaged or cut short; make it again") from None
    return True


def _is_plain(part: Part) -> bool:
    return part.attributes["compression"] == _NONE and "tiles" not in part.attributes


def _rewrite(source: IO[bytes], target: IO[bytes], size: int, rows: int) -> None:
    length = header_length(source, size)
    source.seek(0)
    header = source.read(length)
    target.write(header.replace(_COMPRESSION + _NONE, _COMPRESSION + _ZIPS))
    places = struct.unpack(f"<{rows}Q", source.read(8 * rows))
    # Of several parts each chunk says first which one it belongs to.
    numbers = 8 if struct.unpack_from("<I", header, 4)[0] & MULTI_PART else 4
    moved = [0] * rows
    target.seek(8 * rows, 1)
    for index in sorted(range(rows), key=places.__getitem__):
        source.seek(places[index])
        head = source.read(numbers)
        (count,) = struct.unpack("<i", source.read(4))
        row = source.read(count)
        if len(row) != count:
            raise ValueError("cut short")
        packed = _packed(row)
        moved[index] = target.tell()
        target.write(head + struct.pack("<i", len(packed)) + packed)
    target.seek(length)
    target.write(struct.pack(f"<{rows}Q", *moved))


def _packed(row: bytes) -> bytes:
    """A row by ZIPS: every second byte first, differences, zlib; as it is where that is not shorter."""
    values = np.frombuffer(row, np.uint8)
    sorted_ = np.concatenate([values[0::2], values[1::2]])
    differences = sorted_.copy()
    differences[1:] = sorted_[1:] - sorted_[:-1] + np.uint8(128)
    packed = zlib.compress(differences.tobytes(), _LEVEL)
    return packed if len(packed) < len(row) else row
