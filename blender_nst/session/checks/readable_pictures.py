"""Whether Blender can read a picture, remembered as long as its file is the same."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import imbuf


def is_readable(path: Path | str) -> bool:
    """Whether the file holds a picture that can be decoded; False where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return False
    return _is_readable(str(path), found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=64)
def _is_readable(path: str, size: int, _changed: int) -> bool:
    if size == 0:
        return False
    try:
        imbuf.load(path).free()
    except (ValueError, OSError):
        return False
    return True
