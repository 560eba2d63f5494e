"""The extension's log: `extension.log` in a render's output folder, otherwise in the extension's folder."""

from __future__ import annotations

import logging
from pathlib import Path

from .. import addon
from .log_file import RunLog, attach, detach

LOG_NAME = "extension.log"


def start_log(default: Path | None) -> None:
    """Begins to log.

    Args:
        default: folder for what is logged outside a render; None drops it.
    """
    stop_log()
    attach(RunLog(LOG_NAME, default), [addon.ID])


def stop_log() -> None:
    """Stops logging; does nothing where no log was started."""
    for log in _logs():
        detach(log, [addon.ID])


def follow_run(output: Path) -> None:
    """From now on the log is in this output folder, once that exists."""
    for log in _logs():
        log.follow(output)


def _logs() -> list[RunLog]:
    return [handler for handler in logging.getLogger(addon.ID).handlers if isinstance(handler, RunLog)]
