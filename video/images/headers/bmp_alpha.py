"""Whether the fourth byte of a BMP's pixels is alpha, or nothing: OpenImageIO takes it for alpha always."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

# Sizes of the headers, and the compression whose channels are named by masks.
_WITH_ALPHA_MASK, _FILE_HEADER, _BITFIELDS = 56, 14, 3
_ALPHA_MASK = 54 + 12


def has_no_alpha(path: Path) -> bool:
    """Whether a BMP of 32 bits has none.

    A header with masks says it. Without one the byte is unused by the format; programs that use it all the
    same, as Pillow and OpenImageIO, have alpha somewhere that is not zero.
    """
    with path.open("rb") as file:
        head = file.read(_ALPHA_MASK + 4)
        if len(head) < _ALPHA_MASK + 4:
            return False
        (start,), (size,) = struct.unpack_from("<I", head, 10), struct.unpack_from("<I", head, _FILE_HEADER)
        bits, compression = struct.unpack_from("<HI", head, 28)
        if bits != 32:
            return False
        if size >= _WITH_ALPHA_MASK and compression == _BITFIELDS:
            return struct.unpack_from("<I", head, _ALPHA_MASK) == (0,)
        file.seek(start)
        while block := file.read(1 << 20):
            if np.frombuffer(block[: len(block) // 4 * 4], np.uint8)[3::4].any():
                return False
    return True
