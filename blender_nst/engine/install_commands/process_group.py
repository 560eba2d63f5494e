"""A command of the installation as a process group of its own, so that what it starts ends with it.

The standard library alone, and no Blender.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress


def start_group(command: list[str], variables: Mapping[str, str]) -> subprocess.Popen[str]:
    """Starts a command; its standard output and errors are one stream of text. Raises OSError."""
    # A group of its own, so that the processes that pip starts end with it.
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        flags = 0
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(variables),
        encoding="utf-8",
        errors="replace",
        creationflags=flags,
        start_new_session=sys.platform != "win32",
    )


def end_group(process: subprocess.Popen[str]) -> None:
    """Ends a command and what it has started, at once."""
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
