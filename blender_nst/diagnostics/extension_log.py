"""The extension's log: `extension.log` in a render's output folder, otherwise in the extension's folder."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from .. import addon
from ..output_folder import EXTENSION_LOG
from .log_file import RunLog, attach, detach

THREADS = "NST "
"""What the names of the extension's threads begin with."""

logger = logging.getLogger(__name__)


def start_log(default: Path | None) -> None:
    """Begins to log.

    Args:
        default: folder for what is logged outside a render; None drops it.
    """
    stop_log()
    attach(RunLog(EXTENSION_LOG, default), [addon.ID])
    threading.excepthook = _log_exception_of_thread


def stop_log() -> None:
    """Stops logging; does nothing where no log was started."""
    for log in _logs():
        detach(log, [addon.ID])
    if threading.excepthook is _log_exception_of_thread:
        threading.excepthook = threading.__excepthook__


def follow_run(output: Path) -> None:
    """From now on the log is in this output folder, once that exists."""
    for log in _logs():
        log.follow(output)


def _log_exception_of_thread(raised: threading.ExceptHookArgs) -> None:
    """Logs what one of the extension's threads raises; leaves the threads of others to Python."""
    error, thread = raised.exc_value, raised.thread
    if error is not None and thread is not None and thread.name.startswith(THREADS):
        logger.error("thread %s", thread.name, exc_info=error)
    else:
        threading.__excepthook__(raised)


def _logs() -> list[RunLog]:
    return [handler for handler in logging.getLogger(addon.ID).handlers if isinstance(handler, RunLog)]
