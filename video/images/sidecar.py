"""Sidecar: the metadata file beside a frame's passes, as `video.frames.render_passes` describes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from video.errors import FileError


def read_note(exr: Path) -> dict[str, Any]:
    """The note beside an EXR, empty if there is none; raises FileError if it is damaged."""
    path = exr.with_suffix(".json")
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        raise FileError(path, "the note beside the passes cannot be read; render the frame again") from None
    if not isinstance(values, dict):
        raise FileError(path, "the note beside the passes is none of Blender NST's; remove it")
    return values
