"""Time-outs that leave out the time for which a process or the computer was suspended.

A laptop sleeps, Ctrl-Z and a batch system stop a program (SIGSTOP) and continue it later: a clock runs on
meanwhile. The standard library alone, and no Blender.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

TICK = 1.0
"""Seconds at most between two looks at a time-out; what is longer was no time of this process."""


class AwakeTimeout:
    """A time-out that counts the time between two looks, `2 * TICK` at most.

    Args:
        seconds: that may pass.
        child: id of the child process that is waited for; while it is suspended nothing is counted.
    """

    def __init__(self, seconds: float, child: int) -> None:
        self._left = seconds
        self._child = child
        self._looked_at = time.monotonic()

    def has_passed(self) -> bool:
        """Whether the time is over; to be asked every `TICK` seconds or more often."""
        now = time.monotonic()
        if not is_suspended(self._child):
            self._left -= min(now - self._looked_at, 2.0 * TICK)
        self._looked_at = now
        return self._left < 0.0


def is_suspended(child: int) -> bool:
    """Whether a child process is stopped by a signal; False where the system cannot tell, as Windows.

    Args:
        child: its id.
    """
    if sys.platform == "win32" or not hasattr(os, "waitid"):
        return False
    try:
        # WNOWAIT: its parent can still wait for it.
        return os.waitid(os.P_PID, child, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def communicate(process: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, bytes]:
    """What a process writes until its end; empty for a stream that is no pipe.

    Raises:
        subprocess.TimeoutExpired: it has not ended in this time, in which neither it nor this process was
            suspended. It runs on.
    """
    timeout = AwakeTimeout(seconds, process.pid)
    while True:
        try:
            output, errors = process.communicate(timeout=TICK)
        except subprocess.TimeoutExpired:
            if timeout.has_passed():
                raise subprocess.TimeoutExpired(process.args, seconds) from None
        else:
            return output or b"", errors or b""


def run_command(
    command: Sequence[str], seconds: float, *, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs a command to its end, without input and without a console window.

    Args:
        variables: its environment; this process's by default.

    Raises:
        OSError: it cannot be started.
        subprocess.TimeoutExpired: see `communicate`; it was killed.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if variables is None else dict(variables),
        # Blender is a window program on Windows, so that a console would open for its child.
        creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
    )
    with process:
        try:
            output, errors = communicate(process, seconds)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)
