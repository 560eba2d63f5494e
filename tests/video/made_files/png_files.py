"""PNGs with chunks of one's own, made by code from the specification."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

import numpy as np

_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def make_png(values: np.ndarray, chunks: Mapping[bytes, bytes] | None = None, bits: int = 16) -> bytes:
    """The file of (H, W, 1 to 4) in 0..1, with chunks before its pixels in the given order."""
    height, width, channels = values.shape
    samples = np.round(np.clip(values, 0.0, 1.0) * (2**bits - 1)).astype(">u2" if bits == 16 else np.uint8)
    rows = b"".join(b"\0" + samples[row].tobytes() for row in range(height))
    head = struct.pack(">IIBBBBB", width, height, bits, _COLOR_TYPES[channels], 0, 0, 0)
    parts = {b"IHDR": head, **(chunks or {}), b"IDAT": zlib.compress(rows), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(chunk, parts.keys(), parts.values()))


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk."""
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def gamma_chunk(gamma: float) -> bytes:
    """The content of gAMA."""
    return struct.pack(">I", round(100_000 * gamma))


def chromaticities_chunk(values: tuple[float, ...]) -> bytes:
    """The content of cHRM, of x and y of red, green, blue and white."""
    white_first = (*values[6:], *values[:6])
    return struct.pack(">8I", *(round(100_000 * value) for value in white_first))


def profile_chunk(profile: bytes) -> bytes:
    """The content of iCCP."""
    return b"a profile\0\0" + zlib.compress(profile)
