"""What a picture's header may promise: a few bytes can ask a decoder for gigabytes."""

from __future__ import annotations

from pathlib import Path

from video.errors import FileError

MAX_PIXELS = 89_478_485
"""Of one picture, as Pillow has it."""

# Deflate cannot shrink anything further than to a thousandth; a few methods go beyond it for a plain surface.
_MOST_SHRUNK = 2000
_ALWAYS_ALLOWED = 256 * 2**20


def check_decode_limits(path: Path, promised: int) -> None:
    """Raises FileError if a file is far too small for the bytes of pixels that its header promises."""
    if promised > max(_ALWAYS_ALLOWED, _MOST_SHRUNK * path.stat().st_size):
        raise FileError(path, "promises more pixels than its size can hold; it is damaged or no honest file")
