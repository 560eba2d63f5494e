"""JSON files that lie in an output folder, where anything else may lie under their names."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

_MOST_BYTES = 1 << 28


def read_json(path: Path) -> Any:
    """The value in a JSON file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no regular file, which may have no end, or is too large, or no JSON.
        RecursionError: it is nested too deeply.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
        raise ValueError("no file that can be read")
    return json.loads(path.read_text("utf-8"))
