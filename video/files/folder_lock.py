"""Locks that are waited for: of an output folder, for one run at a time, and of a file."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from video.errors import FileError, FolderBusyError
from video.files.atomic import why_unwritten
from video.files.lock import FolderLock, LockedError, try_lock

PATIENCE = 60.0
"""Seconds to wait for another run: one whose caller was killed ends after its step."""


@contextmanager
def folder_locked(
    folder: Path, warning: Callable[[str], None] = lambda text: None, *, patience: float | None = None
) -> Iterator[None]:
    """Holds the folder, which is made if it is not there, for one run. Nothing of the lock stays behind.

    Raises:
        FolderBusyError: another run holds it for longer than `patience` seconds (PATIENCE).
        FileError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        seconds = PATIENCE if patience is None else patience
        held = _wait_for(folder, warning, time.monotonic() + seconds)
    except LockedError as error:
        raise FolderBusyError(folder, error.reason) from None
    except OSError as error:
        raise FileError(folder, why_unwritten(error)) from None
    try:
        yield
    finally:
        held.release()


@contextmanager
def file_locked(
    path: Path, warning: Callable[[str], None] = lambda text: None, *, patience: float = PATIENCE
) -> Iterator[bool]:
    """Holds a file, which is made if it is not there and stays, by the system's lock alone.

    Gives whether it is held: False on a file system without locks, where others may be at work too.

    NFS locks files that are open for writing, for all of its computers, and ends the lock with its process on
    any of them: whatever was left behind tells nothing.

    Raises:
        FolderBusyError: somebody else holds it for longer than `patience` seconds.
        FileError: it cannot be made.
    """
    deadline, warned = time.monotonic() + patience, False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while (held := _try_file(path)) is None:
            if not warned:
                warning(f"another run is at work in {path.parent}: waiting for its end")
                warned = True
            if time.monotonic() > deadline:
                raise FolderBusyError(
                    path.parent, "another run is at work in this folder; end it, or choose another"
                )
            time.sleep(0.1)
    except OSError as error:
        raise FileError(path.parent, why_unwritten(error)) from None
    file, is_held = held
    try:
        yield is_held
    finally:
        os.close(file)


def _try_file(path: Path) -> tuple[int, bool] | None:
    """An open file, and whether it holds the lock until it is closed; None while somebody else has it."""
    if sys.platform == "win32":
        import msvcrt

        file = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            # The first byte, which need not be there. The file stays, as that of other systems does.
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            os.close(file)
            return None
        except OSError:
            return file, False
        return file, True
    import fcntl

    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except OSError:
        return file, False  # a file system without locks, as some network shares
    return file, True


def _wait_for(folder: Path, warning: Callable[[str], None], deadline: float) -> FolderLock:
    warned = False
    while True:
        try:
            return try_lock(folder)
        except LockedError as error:
            if time.monotonic() > deadline:
                raise
            if not warned:
                warning(f"{error}; waiting for its end")
                warned = True
        time.sleep(0.1)
