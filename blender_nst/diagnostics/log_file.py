"""Log file of a process: bounded, beside the run where there is one, safe to print to a terminal.

Used by the extension and by the command line. The engine process has its own (`video.worker.log`): it cannot
import this package, nor can Blender import the engine's.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from .log_lines import BACKUPS, MAX_BYTES, SafeFormatter

_MAX_WAITING = 1000
"""Lines kept in memory while it is open where the log will be."""


class RunLog(logging.Handler):
    """Writes a process's records to a file in the folder of its run, otherwise in a default folder.

    The file is opened for each record and closed again: the folder can be removed, and several processes may
    share the default. A file that cannot be written loses records, it never ends a run.
    """

    def __init__(self, file_name: str, default: Path | None, *, wait: bool = False) -> None:
        """Makes the handler; nothing is written yet.

        Args:
            default: folder for records outside a run, made if absent; None drops these records.
            wait: records wait in memory until `follow` or `close` says where they belong.
        """
        super().__init__(logging.DEBUG)
        self.setFormatter(SafeFormatter())
        self._file_name = file_name
        self._default = default
        self._run: Path | None = None
        self._wait = wait
        self._waiting: deque[str] = deque(maxlen=_MAX_WAITING)

    @property
    def path(self) -> Path | None:
        """Where the log is at present; None where records are dropped."""
        folder = self._run if self._run is not None and _is_usable(self._run) else self._default
        return None if folder is None else folder / self._file_name

    def follow(self, run: Path) -> None:
        """From now on records go to this folder; they wait until somebody has made it."""
        self.acquire()
        try:
            if self._run is not None:
                self._settle()
            self._run, self._wait = run, False
        finally:
            self.release()

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a record, or keeps it until it is clear where it belongs."""
        try:
            self._waiting.append(self.format(record))
        except Exception:
            self.handleError(record)
            return
        if not self._wait and (self._run is None or _is_usable(self._run)):
            self._settle()

    def close(self) -> None:
        """Writes what still waits: into the default folder if there is no run's."""
        self.acquire()
        try:
            self._settle()
        finally:
            self.release()
        super().close()

    def _settle(self) -> None:
        lines, path = list(self._waiting), self.path
        self._waiting.clear()
        if path is None or not lines:
            return
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = _BoundedFile(path)
            for line in lines:
                file.emit(logging.makeLogRecord({"msg": line}))
            file.close()


class _BoundedFile(RotatingFileHandler):
    """A log file that is renamed when it is full, and says nothing when it cannot be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            maxBytes=MAX_BYTES,
            backupCount=BACKUPS,
            encoding="utf-8",
            errors="backslashreplace",
            delay=True,
        )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """A full disk must neither end a run nor fill its terminal."""


def _is_usable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def attach(handler: logging.Handler, names: Sequence[str]) -> None:
    """Sends every record of these loggers, DEBUG included, to a handler."""
    for name in names:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.DEBUG)


def detach(handler: logging.Handler, names: Sequence[str]) -> None:
    """Takes a handler away again, and closes it."""
    for name in names:
        logging.getLogger(name).removeHandler(handler)
    handler.close()
