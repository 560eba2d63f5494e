"""Checks of where results go, before any work is done: writable, not through links, not over an input."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from video.errors import FileError
from video.files.atomic import check_writable, temporary_name, try_name
from video.files.image_io import native_name
from video.files.output_folder import existing_results, foreign_entry, overwritten_input


def check_output_folder(folder: Path) -> None:
    """Makes a run's output folder and tries it out.

    Raises:
        FileError: it cannot be made or written to, its name is no text, or a link, pipe or device lies where
            the run would write.
    """
    native_name(folder)
    check_writable(folder)
    foreign = foreign_entry(folder)
    if foreign is not None:
        kind = "a link" if foreign.is_symlink() else "none of a run's files"
        raise FileError(foreign, f"is {kind}; remove it, or choose another output folder")


def check_run_keeps(inputs: Iterable[Path], folder: Path, *, rendering: bool = False) -> None:
    """Raises FileError if a run into this folder would replace one of its inputs; writes nothing.

    Args:
        rendering: whether frames are rendered into the folder too.
    """
    check_kept(inputs, existing_results(folder, rendering=rendering))


def check_kept(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Raises FileError if one of the inputs is one of the files that will be written, under any name."""
    lost = overwritten_input(inputs, outputs)
    if lost is not None:
        raise FileError(lost, "is an input and would be overwritten; choose another output")


def check_output_file(path: Path, inputs: Iterable[Path]) -> None:
    """Checks that a file can be written at a path, whose folder is made.

    Raises:
        FileError: it is one of the inputs or no regular file, its name is too long, or its folder cannot be
            written to.
    """
    check_kept(inputs, [path])
    native_name(path)
    check_writable(path.parent)
    try:
        if os.path.lexists(path) and not (path.is_file() or path.is_symlink()):
            raise FileError(path, "is no file; choose another name")
        # The name that the file has while it is written, which is longer.
        try_name(temporary_name(path))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FileError(path, f"cannot be written ({reason}); choose another name") from None


def is_same(first: Path, second: Path) -> bool:
    """Whether two paths lead to one file or folder; False where one of them leads nowhere."""
    try:
        return first.samefile(second)
    except (OSError, ValueError):
        return False
