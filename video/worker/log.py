"""The engine process's log: records of this process on standard error, which its caller leads to a file.

What native code prints gets there too, and so does the traceback of a crash. The log is kept below a size by
copying it to `NAME.1` and beginning anew: the file stays the same one, because native code has it open.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import platform
import shutil
import sys
import threading
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from compositor.settings import StyleSettings, settings_to_json
from video.protocol.messages import Stylize
from video.settings import SequenceSettings
from video.worker.log_lines import BACKUPS, MAX_BYTES, SafeFormatter

LOGGERS = ("video", "compositor")
_KEY_PACKAGES = ("torch", "torchvision", "numpy", "opencv-python-headless", "OpenEXR", "av")

logger = logging.getLogger(__name__)


class StandardErrorLog(RotatingFileHandler):
    """Writes records to a duplicate of standard error, also while that is silenced for a decoder."""

    def __init__(self, path: Path | None) -> None:
        """Takes standard error as it is now.

        Args:
            path: the file that it leads to; nothing is copied if it leads elsewhere, to a terminal or pipe.
        """
        self._descriptor = os.dup(2)
        here = os.fstat(self._descriptor)
        is_that_file = path is not None and path.is_file() and os.path.samestat(path.stat(), here)
        limit = MAX_BYTES if is_that_file else 0
        super().__init__(path or os.devnull, maxBytes=limit, backupCount=BACKUPS, delay=True)
        self.rotator = self._copy_and_empty
        self.setFormatter(SafeFormatter())

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """A full disk, or a caller that is gone, must not end a run."""

    def _open(self) -> TextIOWrapper:
        duplicate = os.fdopen(os.dup(self._descriptor), "wb")
        return TextIOWrapper(duplicate, encoding="utf-8", errors="backslashreplace")

    def _copy_and_empty(self, source: str, destination: str) -> None:
        # A link that leads nowhere is not seen by what has called this, and would be followed.
        Path(destination).unlink(missing_ok=True)
        shutil.copyfile(source, destination)
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)


def start_log(path: Path | None) -> None:
    """Begins to log, warnings of Python and the traceback of a crash included.

    Args:
        path: the file that standard error leads to; None where it is no file.
    """
    handler = StandardErrorLog(path)
    for name in (*LOGGERS, "py.warnings"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.captureWarnings(True)
    threading.excepthook = _log_exception_of_thread
    faulthandler.enable()
    packages = ", ".join(f"{name} {_version(name)}" for name in ("blender-nst", *_KEY_PACKAGES))
    logger.info("engine process %d on Python %s: %s", os.getpid(), platform.python_version(), packages)
    logger.info("system: %s (%s)", platform.platform(), sys.platform)


def _log_exception_of_thread(raised: threading.ExceptHookArgs) -> None:
    error = raised.exc_value
    name = "of no name" if raised.thread is None else raised.thread.name
    logger.error("thread %s", name, exc_info=error if error is not None else False)


def log_job(job: Stylize) -> None:
    """Logs a job and the settings of it that differ from their defaults."""
    logger.info(
        "job %s: %d styles, %d regions, %s frames, restart %s",
        *(job.job, len(job.styles), len(job.regions), job.total, job.restart),
    )
    defaults: dict[str, Any] = settings_to_json(StyleSettings()) | settings_to_json(SequenceSettings())
    given = job.style_settings | job.sequence_settings
    changed = [f"{name}={value}" for name, value in given.items() if defaults.get(name) != value]
    logger.info("settings that differ from their defaults: %s", ", ".join(changed) or "none")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
