"""Lock of a folder, held by one process at a time: the standard library alone, for Blender's side too.

It is two locks in one. The system's own (flock) ends with its process, by whatever end. A file in the folder
names the holder, for the computers of a network: their systems may know nothing of each other's locks, and
some have none on a shared folder. A file that was left behind is taken over if it is of this computer.

Not by the package filelock, which leaves its file in the folder on Unix, says nothing of the holder, and
fails on a share without locks.
"""

from __future__ import annotations

import json
import os
import platform
import stat
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from video.files.output_folder import LOCK

_LONGEST = 4096
"""Bytes of a lock file."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Attributes:
        host: name of the computer.
        boot: what tells one start of a computer from the next, containers on it alike; empty where unknown.
        pid: of the process.
        since: by the clock of that computer, for people alone.
    """

    host: str
    boot: str
    pid: int
    since: str

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this computer, since it was started."""
        own = _boot()
        return self.boot == own if self.boot and own else self.host == platform.node()

    @property
    def is_gone(self) -> bool:
        """Whether it is surely over, as far as that can be told without the system's lock."""
        if not self.is_here:
            return self.host == platform.node()  # before this computer was started anew
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


class LockedError(Exception):
    """Somebody else holds the folder; one line that says what to do.

    Attributes:
        reason: the line without the folder's name, which it follows.
        holder: None where the lock file does not tell.
    """

    def __init__(self, folder: Path, holder: Holder | None) -> None:
        lock = folder / LOCK
        if holder is None:
            text = "another run is at work in this folder; end it, or choose another"
            if os.path.lexists(lock):
                text += f"; if there is none, remove {lock}"
        elif holder.is_here:
            text = (
                f"another run is at work in this folder (process {holder.pid}, since {holder.since}); end it,"
                " or choose another"
            )
        else:
            text = (
                f"another run is at work in this folder on the computer {holder.host} (process {holder.pid},"
                f" since {holder.since}); wait for it, or choose another; if it is over, remove {lock}"
            )
        super().__init__(f"{folder}: {text}")
        self.reason = text
        self.holder = holder


class FolderLock:
    """A lock that is held, until `release` or the end of the process."""

    def __init__(self, file: int, marker: Path | None = None, text: bytes = b"") -> None:
        self._file: int | None = file
        self._marker = marker
        self._text = text

    def release(self) -> None:
        """Gives the folder free; nothing of the lock stays behind."""
        file, self._file = self._file, None
        if file is None:
            return
        # First the file, if it is the own: a person may have removed that for another computer's run.
        if self._marker is not None:
            with suppress(OSError):
                if self._marker.read_bytes() == self._text:
                    self._marker.unlink()
        os.close(file)


def try_lock(folder: Path) -> FolderLock:
    """Takes the lock of a folder that is there, without waiting.

    Raises:
        LockedError: somebody else has it.
        OSError: the folder cannot be opened or written to.
    """
    marker = folder / LOCK
    if sys.platform == "win32":
        # A file that Windows removes when it is closed, by whatever end of the process, on a share too.
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_TEMPORARY
        try:
            file = os.open(marker, flags)
        except (FileExistsError, PermissionError) as error:
            if isinstance(error, PermissionError) and not os.path.lexists(marker):
                raise
            # Windows lets nobody read a file that is so held: one of this computer that can be read was left
            # by a loss of power.
            holder = _read(marker)
            if holder is None or not holder.is_here:
                raise LockedError(folder, holder) from None
            marker.unlink(missing_ok=True)
            try:
                file = os.open(marker, flags)
            except (FileExistsError, PermissionError):
                raise LockedError(folder, None) from None
        os.write(file, _own_text())
        return FolderLock(file)
    import fcntl

    file = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            system = True
        except BlockingIOError:
            raise LockedError(folder, _read(marker)) from None
        except OSError:
            system = False  # a file system without locks, as some network shares
        return FolderLock(file, marker, _mark(folder, marker, system=system))
    except BaseException:
        os.close(file)
        raise


def wait_unlocked(folder: Path, patience: float = 0.0) -> None:
    """Waits until nobody holds a folder, if it is there at all; it may be locked again a moment later.

    Raises:
        LockedError: somebody does for longer than `patience` seconds.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            # What else is wrong with it is told by who writes into it.
            with suppress(OSError):
                try_lock(folder).release()
            return
        except LockedError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(0.1)


def _mark(folder: Path, marker: Path, *, system: bool) -> bytes:
    """Makes the lock file, and gives its content; takes one over that a process of this computer has left.

    Args:
        system: whether this process has the system's lock, which no other one of this computer has then.
    """
    text = _own_text()
    for _ in range(10):
        try:
            file = os.open(marker, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0), 0o644)
        except FileExistsError:
            holder = _read(marker)
            if holder is None and not os.path.lexists(marker):
                continue  # it has just gone
            if holder is None or not (holder.is_gone or (system and holder.is_here)):
                raise LockedError(folder, holder) from None
            marker.unlink(missing_ok=True)
            continue
        try:
            os.write(file, text)
            os.fsync(file)
        except OSError:
            marker.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)
        return text
    raise LockedError(folder, None)


def _own_text() -> bytes:
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    return json.dumps(asdict(Holder(platform.node(), _boot(), os.getpid(), since))).encode("ascii")


def _read(marker: Path) -> Holder | None:
    """Who a lock file names; None where it is not there, or nothing that this module has written."""
    try:
        if not stat.S_ISREG(marker.lstat().st_mode):
            return None
        with marker.open("rb") as file:
            values = json.loads(file.read(_LONGEST))
        holder = Holder(values["host"], values["boot"], values["pid"], values["since"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    texts = (holder.host, holder.boot, holder.since)
    if not all(isinstance(text, str) and len(text) < 256 and text.isprintable() for text in texts):
        return None
    return holder if isinstance(holder.pid, int) and 0 < holder.pid < 2**31 else None


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
