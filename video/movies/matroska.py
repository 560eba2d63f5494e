"""Puts the shape of a movie's pixels into a finished Matroska file, which PyAV has no way to ask for.

Matroska says at what size a picture is displayed. FFmpeg leaves a Void element behind the first index, so
that the file need not become longer: what lies between that and the new elements is moved into it.
RFC 8794 (EBML) and RFC 9559 (Matroska).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

_SEGMENT, _SEEK_HEAD, _SEEK, _SEEK_POSITION, _VOID = 0x18538067, 0x114D9B74, 0x4DBB, 0x53AC, 0xEC
_TRACKS, _TRACK, _VIDEO, _HEIGHT, _CHECKSUM = 0x1654AE6B, 0xAE, 0xE0, 0xBA, 0xBF
_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT = 0x54B0, 0x54BA, 0x54B2
# The header, the index and the tracks, with whatever their codecs need.
_HEAD = 1 << 20


class NoRoomError(ValueError):
    """The file is not laid out as FFmpeg does it; nothing was changed."""


@dataclass(frozen=True)
class _Element:
    """Places in the file: of the element, of its size, of its content, and of its end."""

    name: int
    start: int
    size: int
    content: int
    end: int


def set_pixel_aspect(path: Path, size: tuple[int, int], aspect: Fraction) -> None:
    """Says in a Matroska file that its pixels are `aspect` times as wide as high.

    Args:
        path: of a file that FFmpeg has written.
        size: width and height of its pictures.

    Raises:
        NoRoomError: see there.
    """
    with path.open("r+b") as file:
        head = bytearray(file.read(_HEAD))
        try:
            _put(head, _display_size(size, aspect))
        except (StopIteration, IndexError, OverflowError, struct.error):
            raise NoRoomError("there is no place for the size at which it is displayed") from None
        file.seek(0)
        file.write(head)


def _display_size(size: tuple[int, int], aspect: Fraction) -> bytes:
    width, height = (size[0] * aspect, size[1]) if aspect > 1 else (size[0], size[1] / aspect)
    shown = (_DISPLAY_WIDTH, round(width)), (_DISPLAY_HEIGHT, round(height))
    return b"".join(struct.pack(">HBI", name, 0x84, value) for name, value in shown)


def _put(head: bytearray, new: bytes) -> None:
    segment = _first(head, 0, len(head), _SEGMENT)
    parts = {each.name: each for each in _elements(head, segment.content, len(head))}
    void, index, tracks = parts[_VOID], parts[_SEEK_HEAD], parts[_TRACKS]
    track = next(
        each
        for each in _elements(head, tracks.content, tracks.end)
        if each.name == _TRACK and any(_named(head, each, _VIDEO))
    )
    video = _first(head, track.content, track.end, _VIDEO)
    place = _first(head, video.content, video.end, _HEIGHT).end
    for unit in _named(head, video, _DISPLAY_UNIT):
        head[unit.content : unit.end] = bytes(unit.end - unit.content)  # in pixels
    for element in (tracks, track, video):
        _write_size(head, element, element.end - element.content + len(new))
    for seek in _named(head, index, _SEEK):
        position = _first(head, seek.content, seek.end, _SEEK_POSITION)
        value = int.from_bytes(head[position.content : position.end], "big")
        if void.end <= segment.content + value < place:
            moved = (value - len(new)).to_bytes(position.end - position.content, "big")
            head[position.content : position.end] = moved
    if void.end - void.content < len(new):
        raise IndexError
    _write_size(head, void, void.end - void.content - len(new))
    head[void.end - len(new) : place] = head[void.end : place] + new
    _check_sum(head, index.content, index.end)
    _check_sum(head, tracks.content - len(new), tracks.end)


def _named(head: bytearray, parent: _Element, name: int) -> Iterator[_Element]:
    return (each for each in _elements(head, parent.content, parent.end) if each.name == name)


def _first(head: bytearray, start: int, end: int, name: int) -> _Element:
    return next(each for each in _elements(head, start, end) if each.name == name)


def _elements(head: bytearray, start: int, end: int) -> Iterator[_Element]:
    """The elements that follow one another; of a Segment those up to its Tracks are of interest."""
    while start < min(end, len(head)):
        length = 9 - head[start].bit_length()
        name = int.from_bytes(head[start : start + length], "big")
        size = start + length
        width = 9 - head[size].bit_length()
        value = int.from_bytes(head[size : size + width], "big") & ((1 << 7 * width) - 1)
        element = _Element(name, start, size, size + width, size + width + value)
        yield element
        if name == _TRACKS:
            return
        start = element.end


def _write_size(head: bytearray, element: _Element, value: int) -> None:
    width = element.content - element.size
    if value >= (1 << 7 * width) - 1:
        raise OverflowError
    head[element.size : element.content] = (value | 1 << 7 * width).to_bytes(width, "big")


def _check_sum(head: bytearray, content: int, end: int) -> None:
    """Renews the CRC-32 with which an element may begin."""
    if head[content] == _CHECKSUM:
        head[content + 2 : content + 6] = zlib.crc32(head[content + 6 : end]).to_bytes(4, "little")
