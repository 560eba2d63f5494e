"""Writes files so that each is whole or not there."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from video.errors import DiskFullError, FileError

# No room, no room for this user, no room in a file of the allowed size.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a temporary file beside `path`, then moves it there in one step.

    Raises:
        FileError: the file cannot be written; what was at `path` before is still there.
    """
    temporary = temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whatever has this name is followed by nobody: a link would lead to a file of somebody else.
        temporary.unlink(missing_ok=True)
        write(temporary)
        _settle(temporary)
        temporary.replace(path)
    except OSError as error:
        raise _unwritten(path, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def temporary_name(path: Path) -> Path:
    """What a file is called while this process writes it; `video.files.leftovers` knows it by that."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _settle(path: Path) -> None:
    """Has the file on the disk before its name is: after a power cut a name may outlive its content."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def why_unwritten(error: OSError) -> str:
    """Why a file or folder cannot be written, and what to do: a line that follows its name."""
    if error.errno in _FULL:
        return "the disk is full; make room, then run it again to go on"
    return f"cannot be written ({error.strerror or error}); choose another output folder"


def _unwritten(path: Path, error: OSError) -> FileError:
    kind = DiskFullError if error.errno in _FULL else FileError
    return kind(path, why_unwritten(error))


def check_writable(folder: Path) -> None:
    """Makes the output folder and tries it out, so that no work is lost later.

    Raises:
        FileError: it cannot be made or written to.
    """
    probe = folder / f".blender-nst.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try_name(probe)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FileError(folder, f"cannot be written to ({reason}); choose another output folder") from None


def try_name(path: Path) -> None:
    """Makes an empty file of a temporary name and removes it; raises OSError or ValueError if that fails."""
    # Whatever has this name is followed by nobody.
    path.unlink(missing_ok=True)
    path.touch(exist_ok=False)
    path.unlink()
