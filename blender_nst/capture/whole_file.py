"""Files that appear under their names only when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def unfinished_path(path: Path) -> Path:
    """The name under which a file is written.

    `save_render` appends the format's extension where it is missing, hence a temporary name that has it. As
    such the engine knows it, which clears up after a Blender that was killed.
    """
    return path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")


@contextmanager
def whole_file(path: Path, unfinished: Path | None = None) -> Iterator[Path]:
    """Context: the name under which a file is written, which is then replaced; raises OSError."""
    unfinished = unfinished or unfinished_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whatever has this name is followed by nobody: a link would lead to a file of somebody else.
    unfinished.unlink(missing_ok=True)
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
