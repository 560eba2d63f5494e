"""Chunks of PNGs: those that say what the colors are, and texts and a profile put into a finished file."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Collection, Mapping
from fractions import Fraction
from pathlib import Path

_SIGNATURE = 8
# The signature, and the IHDR chunk, which is the first in every PNG.
_BEFORE_CHUNKS = _SIGNATURE + 25
# Of chunks before the pixels: more than any honest file has, so that a long one is not read for ever.
_MAX_CHUNKS = 1000
_MAX_BYTES = 1 << 22


def with_chunks(
    png: bytes, texts: Mapping[str, str], profile: bytes | None = None, pixel_aspect: Fraction = Fraction(1)
) -> bytes:
    """The PNG with tEXt chunks by keyword (iTXt where the text is not Latin-1), and an ICC profile.

    OpenCV, which is quick with 16 bits, writes neither.

    Args:
        png: a whole file.
        texts: keywords have 1 to 79 Latin-1 characters.
        profile: of the pixels' colors.
        pixel_aspect: width over height of a pixel.
    """
    chunks = b"".join(_text(keyword, text) for keyword, text in texts.items())
    if profile is not None:
        chunks = _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile)) + chunks
    if pixel_aspect != 1:
        # Pixels per unit in x and y; the unit is unknown.
        chunks += _chunk(b"pHYs", struct.pack(">IIB", pixel_aspect.denominator, pixel_aspect.numerator, 0))
    return png[:_BEFORE_CHUNKS] + chunks + png[_BEFORE_CHUNKS:]


def is_animated_png(path: Path) -> bool:
    """Whether a PNG is an animation (APNG), of which libpng knows nothing: acTL comes before the pixels."""
    return b"acTL" in read_chunks(path, (b"acTL",))


def unpack_profile(content: bytes) -> bytes | None:
    """The ICC profile in an iCCP chunk, None if it is damaged or larger than any in use."""
    _, _, packed = content.partition(b"\0")
    if packed[:1] != b"\0":
        return None
    decoder = zlib.decompressobj()
    try:
        profile = decoder.decompress(packed[1:], _MAX_BYTES)
    except zlib.error:
        return None
    return profile if decoder.eof else None


def read_chunks(path: Path, kinds: Collection[bytes]) -> dict[bytes, bytes]:
    """The content of the first chunk of each kind, before the pixels; damaged ones are left out."""
    found: dict[bytes, bytes] = {}
    with path.open("rb") as file:
        file.seek(_SIGNATURE)
        for _ in range(_MAX_CHUNKS):
            head = file.read(8)
            if len(head) < 8 or head[4:] in (b"IDAT", b"IEND"):
                break
            (length,), kind = struct.unpack(">I", head[:4]), head[4:]
            if kind in kinds and kind not in found and length <= _MAX_BYTES:
                content, check = file.read(length), file.read(4)
                if check == struct.pack(">I", zlib.crc32(kind + content)):
                    found[kind] = content
            else:
                file.seek(length + 4, os.SEEK_CUR)
    return found


def _text(keyword: str, text: str) -> bytes:
    name = keyword.encode("latin-1")
    try:
        return _chunk(b"tEXt", name + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _chunk(b"iTXt", name + b"\0\0\0\0\0" + text.encode("utf-8"))


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
