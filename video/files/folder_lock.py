"""Lock of an output folder, for one run at a time, waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from video.errors import FileError
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
        FileError: another run holds it for longer than `patience` seconds (PATIENCE), or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        seconds = PATIENCE if patience is None else patience
        held = _wait_for(folder, warning, time.monotonic() + seconds)
    except LockedError as error:
        raise FileError(folder, error.reason) from None
    except OSError as error:
        raise FileError(folder, why_unwritten(error)) from None
    try:
        yield
    finally:
        held.release()


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
