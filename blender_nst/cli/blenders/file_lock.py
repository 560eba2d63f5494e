"""A lock between processes that the system releases when its holder dies."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path


class FileLockedError(Exception):
    """Another process has held the lock for too long."""


@contextmanager
def locked(path: Path, waiting: Callable[[], None], *, timeout: float = 1800.0) -> Iterator[None]:
    """Holds the lock file at `path`, which stays behind (removing it would let two processes in).

    Args:
        waiting: called once if another process holds the lock.
        timeout: seconds to wait for it.

    Raises:
        FileLockedError: the timeout passed.
        OSError: the file cannot be made.
    """
    with path.open("a+b") as file:
        deadline = time.monotonic() + timeout
        told = False
        while not _try_lock(file):
            if not told:
                waiting()
                told = True
            if time.monotonic() > deadline:
                raise FileLockedError(f"{path}: another process holds this lock; end it and try again")
            time.sleep(0.2)
        yield  # closing the file releases the lock


def _try_lock(file: BufferedRandom) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
