"""Texts and an ICC profile put into a finished PNG, which OpenCV, quick with 16 bits, does not write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

# The signature, and the IHDR chunk, which is the first in every PNG.
_BEFORE_CHUNKS = 8 + 25
_HEAD = 1 << 16


def with_chunks(
    png: bytes, texts: Mapping[str, str], profile: bytes | None = None, pixel_aspect: Fraction = Fraction(1)
) -> bytes:
    """The PNG with tEXt chunks by keyword (iTXt where the text is not Latin-1), and an ICC profile.

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
    with path.open("rb") as file:
        return b"acTL" in file.read(_HEAD).partition(b"IDAT")[0]


def _text(keyword: str, text: str) -> bytes:
    name = keyword.encode("latin-1")
    try:
        return _chunk(b"tEXt", name + b"\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _chunk(b"iTXt", name + b"\0\0\0\0\0" + text.encode("utf-8"))


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
