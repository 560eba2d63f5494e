"""Signs of life from the worker, for a caller that wants to know a long step from a hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL = 2.0
"""Seconds between two heartbeats."""


class Heartbeat:
    """Calls `beat` every few seconds on a thread of its own, with how long the work has shown no progress.

    A process that is stopped, or whose interpreter hangs, falls silent; work that hangs is told by a time
    that grows without end. Which time is too long is the caller's to say: a first step may compile for
    minutes.
    """

    def __init__(self, beat: Callable[[float], None], interval: float = INTERVAL) -> None:
        self._beat = beat
        self._interval = interval
        self._progress_at: float | None = None
        self._idle = self._awaited = False
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def progress(self) -> None:
        """The work has got on."""
        if self._progress_at is not None:
            self._progress_at = time.monotonic()

    @contextmanager
    def working(self) -> Iterator[None]:
        """While it lasts there is work."""
        before, self._progress_at = self._progress_at, time.monotonic()
        try:
            yield
        finally:
            self._progress_at = before

    @contextmanager
    def idle(self) -> Iterator[None]:
        """While it lasts the work stands still for want of what `awaiting` may wait for on another thread."""
        self._idle = True
        try:
            yield
        finally:
            self.progress()
            self._idle = False

    @contextmanager
    def awaiting(self) -> Iterator[None]:
        """While it lasts the caller is waited for; work that is not idle goes on meanwhile."""
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
            since = self._progress_at
            waits = self._idle and self._awaited
            self._beat(0.0 if since is None or waits else round(time.monotonic() - since, 1))
