"""Ctrl-C, SIGTERM and a closed terminal (SIGHUP) end a command in order, with exit code 128 + the signal.

Before anything is begun a signal ends the process. Then it is raised as an exception. A run that can stop
between two steps is asked to, and the signal after that is raised. Who goes on sending them ends the process.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)

_PATIENCE = 2.0
"""Seconds that the process has to end in order; a signal after them ends it at once."""


class Interrupted(BaseException):
    """The process was asked to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Interruption:
    """Whether a run was asked to stop; `number` is the signal's."""

    def __init__(self) -> None:
        self.number: int = signal.SIGINT
        self._set = False

    def set(self, number: int) -> None:
        """Asks it to stop."""
        self.number, self._set = number, True

    def is_set(self) -> bool:
        """Whether it was asked to."""
        return self._set


class _Ending:
    """The end that this process is about to come to.

    Attributes:
        number: the first signal that came.
        raised: whether one was raised.
        child_groups: what ends with the process.
    """

    def __init__(self) -> None:
        self.child_groups: set[int] = set()
        self.begin()

    def begin(self) -> None:
        """No signal has come yet."""
        self.number: int | None = None
        self.raised = False
        self._since = 0.0

    def note(self, number: int) -> bool:
        """Whether this signal is the first one, or comes so late that nothing else ends the process."""
        now = time.monotonic()
        if self.number is None:
            self.number, self._since = number, now
            return True
        return now - self._since > _PATIENCE

    def end(self, number: int, frame: FrameType | None = None) -> None:
        """Ends the process at once, where nothing is begun; leaves it to an end that it is coming to."""
        if self.note(number):
            self.end_now(number)

    def raise_or_end(self, number: int, frame: FrameType | None = None) -> None:
        """Raises the first signal; ends the process at one that comes long after it."""
        late = self.note(number)
        if not self.raised:
            self.raised = True
            raise Interrupted(number)
        if late:
            self.end_now(number)

    def end_now(self, number: int) -> NoReturn:
        """Ends this process and its children; nothing is cleared up."""
        for group in self.child_groups:
            _kill_group(group)
        with suppress(OSError):
            os.write(2, b"blender-nst: interrupted\n")
        os._exit(exit_code(number))


_ending = _Ending()


def exit_code(number: int) -> int:
    """Of a process that a signal has ended, as a shell says it."""
    return 128 + number


def end_by_signals() -> None:
    """Has the signals end the process at once from now on, see `signals_end`."""
    for number in _not_ignored():
        signal.signal(number, _ending.end)


def ignore_signals() -> None:
    """Has the signals ignored from now on: at its end Python would no longer take them."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def signals_end() -> Iterator[None]:
    """Context: a signal ends the process at once, as long as nothing is begun.

    What is being imported must not see an exception: native code may end in a way of its own then. Signals
    that are ignored, as under nohup, stay so, here and in the contexts within.
    """
    _ending.begin()
    with _handled(_ending.end):
        yield


@contextmanager
def signals_are_raised() -> Iterator[None]:
    """Context: a signal raises Interrupted."""
    with _handled(_ending.raise_or_end):
        yield


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Context: the first signal asks the run to stop, instead of ending it in the middle of a file."""
    interruption = Interruption()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if interruption.is_set():
            _ending.raise_or_end(number)
        else:
            _ending.note(number)
            interruption.set(number)

    with _handled(on_signal):
        yield interruption


@contextmanager
def child_group(pid: int, patience: float = 10.0) -> Iterator[None]:
    """Context: a process that leads a session of its own, and all that it starts: they do not outlive it.

    Args:
        patience: seconds that they have to end by themselves when it has; then they are killed.
    """
    _ending.child_groups.add(pid)
    try:
        yield
    finally:
        _ending.child_groups.discard(pid)
        _end_group(pid, patience)


def _end_group(pid: int, patience: float) -> None:
    """Waits for the processes of a group, whose first one has ended, and kills what is left."""
    deadline = time.monotonic() + patience
    while _is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    if _is_alive(pid):
        _kill_group(pid)


def _is_alive(group: int) -> bool:
    """Whether a process of the group runs; one that nobody has waited for does not."""
    if not hasattr(os, "getpgid"):
        return False
    import psutil

    for process in psutil.process_iter(["status"]):
        with suppress(OSError):
            if os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE:
                return True
    return False


def _kill_group(pid: int) -> None:
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in _not_ignored()}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier or signal.SIG_DFL)


def _not_ignored() -> list[int]:
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
