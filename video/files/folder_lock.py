"""Lock of an output folder, for one run at a time; the system releases it when the process ends or is killed.

Not by the package filelock, which leaves its file in the folder on Unix and fails on a share without locks.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from video.errors import FileError, FolderBusyError
from video.files.output_folder import LOCK

_PATIENCE = 60.0
"""Seconds to wait for another run: one whose caller was killed ends after its step."""


@contextmanager
def folder_locked(
    folder: Path,
    warning: Callable[[str], None] = lambda text: None,
    *,
    patience: float = _PATIENCE,
    by_file: bool = False,
) -> Iterator[None]:
    """Holds the folder, which is made if it is not there, for one run. Nothing of the lock stays behind.

    Args:
        by_file: lock a file in it, which stays. NFS locks files that are open for writing, and no folders:
            so a run on another machine is seen there too.

    Raises:
        FileError: another run holds it for longer than `patience` seconds, or it cannot be made.
    """
    deadline, warned = time.monotonic() + patience, False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while (held := _try(folder, by_file)) is None:
            if not warned:
                warning(f"another run is at work in {folder}: waiting for its end")
                warned = True
            if time.monotonic() > deadline:
                raise FolderBusyError(
                    folder, "another run is at work in this folder; end it, or choose another"
                )
            time.sleep(0.1)
    except OSError as error:
        raise FileError(
            folder, f"cannot be written to ({error.strerror}); choose another output folder"
        ) from None
    try:
        yield
    finally:
        os.close(held)


def _try(folder: Path, by_file: bool) -> int | None:
    """An open file that holds the lock until it is closed; None while somebody else has it."""
    if sys.platform == "win32":
        # A file that Windows removes when it is closed, by whatever end of the process.
        try:
            return os.open(folder / LOCK, os.O_CREAT | os.O_EXCL | os.O_TEMPORARY)
        except (FileExistsError, PermissionError):
            return None
    import fcntl

    file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT) if by_file else os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except OSError:
        # A file system without locks (some network shares): better no lock than no run.
        return file
    return file
