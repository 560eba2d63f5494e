"""Reads what an OpenEXR file promises, before any memory is taken for it.

The library believes a header: a few bytes can ask it for gigabytes, and a file that was cut short is only
found out in the middle of its pixels. The layout is that of https://openexr.com/en/latest/OpenEXRFileLayout.html.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from video.errors import FileError
from video.files.decode_limits import MAX_PIXELS, check_decode_limits

_MAGIC = b"\x76\x2f\x31\x01"
_TILED, _DEEP = 0x200, 0x800
MULTI_PART = 0x1000
"""Flag in the version of a file that may have several parts."""
_LONGEST_NAME = 255
_MOST_ATTRIBUTES = 10_000
# By the number of the compression method.
_ROWS_IN_A_CHUNK = {0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256, 10: 256, 11: 32}


@dataclass(frozen=True)
class Window:
    """Pixels from (left, top) to (right, bottom), both included."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.right - self.left + 1, self.bottom - self.top + 1


@dataclass(frozen=True)
class Part:
    """One part of a file.

    Attributes:
        channels: their names.
        data, display: where there are pixels, and what of them is the picture.
        attributes: all of the part's, by name, as the file has them.
    """

    channels: tuple[str, ...]
    data: Window
    display: Window
    attributes: Mapping[str, bytes]

    @property
    def largest(self) -> int:
        """Pixels of the larger of the two windows."""
        return max(width * height for width, height in (self.data.size, self.display.size))

    @property
    def chromaticities(self) -> tuple[float, ...] | None:
        """x and y of red, green, blue and white, where the file names them."""
        noted = self.attributes.get("chromaticities", b"")
        values = struct.unpack("<8f", noted) if len(noted) == 32 else ()
        # Of a zero y there is no color.
        return values if values and all(0.0 < y <= 1.0 for y in values[1::2]) else None


def read_header(path: Path) -> tuple[Part, ...]:
    """The parts of an EXR file that is whole, as far as can be told without reading its pixels.

    Raises:
        FileError: missing, no EXR, cut short, deep, subsampled, or too large to be one in good faith.
    """
    try:
        with path.open("rb") as file:
            return _parts(file, path)
    except FileNotFoundError:
        raise FileError(path, "does not exist; check the name") from None
    except IsADirectoryError:
        raise FileError(path, "is a folder; name a picture") from None
    except PermissionError:
        raise FileError(path, "may not be read; check its permissions") from None
    except (OSError, struct.error, KeyError, ValueError):
        raise FileError(path, "the EXR is damaged or cut short; make it again") from None


def header_length(file: IO[bytes], file_size: int) -> int:
    """Bytes before the table of the pixels' places, of a file that `read_header` takes."""
    file.seek(0)
    _headers(file, file_size)
    return file.tell()


def _headers(file: IO[bytes], file_size: int) -> tuple[int, list[dict[str, bytes]]]:
    """The version with its flags, and every part's attributes; the file is at its beginning."""
    _, version = struct.unpack("<4sI", file.read(8))
    headers = [_header(file, file_size)]
    if version & MULTI_PART:
        while _more_headers(file):
            headers.append(_header(file, file_size))
    return version, headers


def _parts(file: IO[bytes], path: Path) -> tuple[Part, ...]:
    file_size = path.stat().st_size
    if file.read(4) != _MAGIC:
        raise FileError(path, "is no EXR, whatever its name says")
    file.seek(0)
    version, headers = _headers(file, file_size)
    if version & _DEEP or any(each.get("type", b"").startswith(b"deep") for each in headers):
        raise FileError(path, "is a deep EXR; flatten it, or save it without deep pixels")
    parts = tuple(_part(header, path) for header in headers)
    # Each channel comes as a float for every pixel of the picture.
    check_decode_limits(path, sum(4 * len(part.channels) * part.largest for part in parts))
    for part in parts:
        _check_chunks(file, file_size, part, version)
    return parts


def _header(file: IO[bytes], file_size: int) -> dict[str, bytes]:
    attributes: dict[str, bytes] = {}
    while name := _text(file):
        _text(file)
        (size,) = struct.unpack("<i", file.read(4))
        if not 0 <= size <= file_size or len(attributes) > _MOST_ATTRIBUTES:
            raise ValueError("an attribute is larger than the file")
        value = file.read(size)
        if len(value) != size:
            raise ValueError("cut short")
        attributes[name] = value
    return attributes


def _more_headers(file: IO[bytes]) -> bool:
    """Whether another part's header follows; an empty one ends them."""
    position = file.tell()
    if file.read(1) == b"\0":
        return False
    file.seek(position)
    return True


def _text(file: IO[bytes]) -> str:
    found = bytearray()
    while (byte := file.read(1)) != b"\0":
        if not byte or len(found) >= _LONGEST_NAME:
            raise ValueError("a name does not end")
        found += byte
    return found.decode("utf-8", "replace")


def _part(attributes: dict[str, bytes], path: Path) -> Part:
    data, display = (
        Window(*struct.unpack("<4i", attributes[name])) for name in ("dataWindow", "displayWindow")
    )
    for width, height in (data.size, display.size):
        if width < 1 or height < 1:
            raise ValueError("an empty window")
        if width * height > MAX_PIXELS:
            raise FileError(path, "has too many pixels; the limit is about 89 million")
    return Part(_channels(attributes["channels"], path), data, display, attributes)


def _channels(table: bytes, path: Path) -> tuple[str, ...]:
    found: list[str] = []
    position = 0
    while position < len(table) and table[position] != 0:
        end = table.index(0, position)
        name = table[position:end].decode("utf-8", "replace")
        across, down = struct.unpack_from("<2i", table, end + 9)
        if (across, down) != (1, 1):
            raise FileError(path, f"its channel {name} is subsampled; save it with RGB channels")
        found.append(name)
        position = end + 17
    if not found:
        raise FileError(path, "is an EXR without channels")
    return tuple(found)


def _check_chunks(file: IO[bytes], file_size: int, part: Part, version: int) -> None:
    """Raises ValueError if the table of the pixels' places is not whole, or points behind the file's end."""
    count = _chunk_count(part, version)
    if count is None:
        # Of a single part with several levels, which is checked by its decoder.
        return
    if 8 * count > file_size:
        raise ValueError("cut short")
    offsets = struct.unpack(f"<{count}Q", file.read(8 * count))
    if min(offsets) == 0 or max(offsets) >= file_size:
        raise ValueError("cut short")
    after_table = file.tell()
    file.seek(max(offsets))
    tiled = b"tiled" in part.attributes.get("type", b"") or bool(version & _TILED)
    numbers = (1 if version & MULTI_PART else 0) + (4 if tiled else 1)
    (size,) = struct.unpack_from("<i", file.read(4 * numbers + 4), 4 * numbers)
    if size < 0 or file.tell() + size > file_size:
        raise ValueError("cut short")
    file.seek(after_table)


def _chunk_count(part: Part, version: int) -> int | None:
    if "chunkCount" in part.attributes:
        (count,) = struct.unpack("<i", part.attributes["chunkCount"])
    elif version & _TILED:
        across, down, mode = struct.unpack("<2IB", part.attributes["tiles"])
        if mode & 0x0F:
            return None
        width, height = part.data.size
        count = -(-width // across) * -(-height // down) if across and down else 0
    else:
        rows = _ROWS_IN_A_CHUNK.get(part.attributes["compression"][0])
        if rows is None:
            return None
        count = -(-part.data.size[1] // rows)
    if count < 1:
        raise ValueError("no chunks")
    return count
