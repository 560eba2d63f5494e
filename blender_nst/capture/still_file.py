"""The file of a single render that a script has written to disk."""

from __future__ import annotations

from pathlib import Path

import bpy

from .views import own_file


def still_file(scene: bpy.types.Scene) -> tuple[Path, int]:
    """The file that `write_still` would write, and when it was written last (0 for never)."""
    path = bpy.path.abspath(scene.render.filepath)
    if scene.render.use_file_extension and not path.lower().endswith(scene.render.file_extension):
        path += scene.render.file_extension
    file = own_file(scene, Path(path))
    return file, file.stat().st_mtime_ns if file.is_file() else 0
