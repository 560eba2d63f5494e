"""Limits on what a picture's header may promise: a few bytes can ask a decoder for gigabytes."""

from __future__ import annotations

from pathlib import Path

from video.errors import FileError

MAX_PIXELS = 89_478_485
"""Largest number of pixels of one picture; Pillow's limit against decompression bombs."""

DEFLATE_EXPANSION = 2000
"""Bytes of samples from one byte of a file. Deflate reaches 1032."""

_ALWAYS_ALLOWED = 64 * 2**20


def check_decode_limits(path: Path, pixels: int, decoded: int, expansion: int = DEFLATE_EXPANSION) -> None:
    """Checks a header before anything is decoded.

    Args:
        pixels: of the picture.
        decoded: bytes of its samples, in the type in which the file has them.
        expansion: bytes of samples that one byte of such a file can hold.

    Raises:
        FileError: the picture is too large, or the file far too small for what its header promises.
    """
    if pixels > MAX_PIXELS:
        raise FileError(path, "has too many pixels; the limit is about 89 million")
    if decoded > max(_ALWAYS_ALLOWED, expansion * path.stat().st_size):
        raise FileError(path, "promises more pixels than its size can hold; it is damaged or no honest file")
