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
    def waiting(self) -> Iterator[None]:
        """While it lasts the work waits for its caller."""
        before, self._progress_at = self._progress_at, None
        try:
            yield
        finally:
            self._progress_at = None if before is None else time.monotonic()

    def _run(self) -> None:
        while True:
            time.sleep(self._interval)
            since = self._progress_at
            self._beat(0.0 if since is None else round(time.monotonic() - since, 1))
