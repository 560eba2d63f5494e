"""Heartbeat of the worker, by which a caller can tell a long step from a hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL = 2.0
"""Seconds between two heartbeats."""


class Heartbeat:
    """Calls `beat` every `interval` seconds on its own thread, with the seconds since the last progress.

    A process that is stopped, or whose interpreter hangs, sends nothing; for work that hangs the seconds grow
    without end. The caller decides which time is too long: a first step may compile for minutes. The seconds
    are counted by beats: those for which the process or the computer was suspended are none without progress.
    """

    def __init__(self, beat: Callable[[float], None], interval: float = INTERVAL) -> None:
        self._beat = beat
        self._interval = interval
        self._clock = 0.0
        """Seconds by beats; the heartbeat's own thread alone changes it."""
        self._progress_at: float | None = None
        self._idle = self._awaited = False
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def progress(self) -> None:
        """The work has made progress."""
        if self._progress_at is not None:
            self._progress_at = self._clock

    @contextmanager
    def working(self) -> Iterator[None]:
        """Context: work is being done."""
        before, self._progress_at = self._progress_at, self._clock
        try:
            yield
        finally:
            self._progress_at = before

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Context: the work waits for what `awaiting` may be waiting for on another thread."""
        self._idle = True
        try:
            yield
        finally:
            self.progress()
            self._idle = False

    @contextmanager
    def awaiting(self) -> Iterator[None]:
        """Context: the caller is waited for; work that is not idle goes on meanwhile."""
        self._awaited = True
        try:
            yield
        finally:
            if self._idle:
                self.progress()
            self._awaited = False

    def _run(self) -> None:
        while True:
            time.sleep(self._interval)
            self._clock += self._interval
            since = self._progress_at
            waits = self._idle and self._awaited
            self._beat(0.0 if since is None or waits else round(self._clock - since, 1))
