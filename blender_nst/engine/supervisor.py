"""Supervises an engine: starts it once more when it dies or hangs, and sends it the job's commands again.

What it had finished is in its journal, so that it goes on with the frame that was lost. A second end is
final.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from pathlib import Path

from ..awake_time import is_suspended
from ..errors import EngineError
from ..local_events import Died
from .messages import (
    Cancel,
    Cancelled,
    Command,
    Done,
    Failed,
    FrameDone,
    Heartbeat,
    Opened,
    Planned,
    Ready,
    Stylize,
    Warned,
)
from .process import EngineEvent, EngineProcess

HEARTBEAT_TIMEOUT = 90.0
"""Seconds without an event, of an engine that sends a heartbeat every two, after which it hangs."""

PROGRESS_TIMEOUT = 1800.0
"""Seconds without progress after which it hangs: a step of a very large frame takes minutes on a slow CPU."""

START_TIMEOUT = 180.0
"""Seconds until a process that was started has answered; importing torch from a cold disk takes long."""

_MAX_STARTS = 2

Start = Callable[[Callable[[EngineEvent], None]], EngineProcess]
"""Starts an engine that calls a function with every event; raises EngineError."""


class SupervisorState(Enum):
    """The life cycle of a supervised engine."""

    STARTING = "starting"  # the first process has not answered yet
    RUNNING = "running"
    RESTARTING = "restarting"  # the second process has not answered yet
    ENDED = "ended"  # the job is over, the engine was closed or given up


class SupervisedEngine:
    """An engine for one job, with the methods of `EngineProcess`. Every method may be called from any thread.

    A `Died` event comes only when the engine is given up; a `Warned` event reports the first death. Frames
    that were already reported as done are not reported again by the restarted engine.
    """

    def __init__(
        self,
        start: Start,
        *,
        on_event: Callable[[EngineEvent], None] | None = None,
        resume_hint: str = "start it again",
        heartbeat_timeout: float = HEARTBEAT_TIMEOUT,
        progress_timeout: float = PROGRESS_TIMEOUT,
        start_timeout: float = START_TIMEOUT,
    ) -> None:
        """Starts the engine.

        Args:
            on_event: called with every event, in a reading thread, before it is queued.
            resume_hint: what a person does to go on after a second end; empty if the caller says it.
            heartbeat_timeout, progress_timeout, start_timeout: seconds, see the constants.

        Raises:
            EngineError: the process cannot be started.
        """
        self._start = start
        self._on_supervised_event = on_event
        self._resume_hint = resume_hint
        self._heartbeat_timeout, self._progress_timeout = heartbeat_timeout, progress_timeout
        self._start_timeout = start_timeout
        self._events: queue.Queue[EngineEvent] = queue.Queue()
        self._lock = threading.Lock()
        """Held while the state or the commands change."""
        self._state = SupervisorState.STARTING
        self._starts = 1
        self._commands: list[Command] = []
        self._sent = 0
        """Number of the commands that the current process was sent."""
        self._sender_at_work = False
        self._quiet_for = 0.0
        self._why_killed: str | None = None
        self._done: set[tuple[int, str]] = set()
        """Frame and view."""
        self._closed = threading.Event()
        self._engine = self._spawn()
        threading.Thread(target=self._watch, name="NST watchdog", daemon=True).start()

    @property
    def state(self) -> SupervisorState:
        """Where the engine is in its life cycle."""
        return self._state

    @property
    def log(self) -> Path:
        """The log file of the engine's process."""
        return self._engine.log

    @property
    def pid(self) -> int:
        """The id of the current process."""
        return self._engine.pid

    @property
    def alive(self) -> bool:
        """Whether a process runs."""
        return self._engine.alive

    def send(self, command: Command) -> None:
        """Sends one command, and keeps it for a second start; raises EngineError if there will be none."""
        with self._lock:
            self._commands.append(command)
            if self._sender_at_work:
                return
        self._send_pending()

    def next_event(self, timeout: float = 0.0) -> EngineEvent | None:
        """The next event, or None if none comes within `timeout` seconds."""
        try:
            return self._events.get(timeout=timeout) if timeout > 0.0 else self._events.get_nowait()
        except queue.Empty:
            return None

    def close(self, timeout: float = 5.0) -> None:
        """Ends the process, at once and without waiting: asked first, killed after `timeout` seconds."""
        self._enter(SupervisorState.ENDED)
        self._closed.set()
        self._engine.close(timeout)

    def join(self, timeout: float = 10.0) -> None:
        """Waits for the end of a process that was closed."""
        self._engine.join(timeout)

    def _enter(self, state: SupervisorState) -> None:
        """Changes the state; nothing follows ENDED."""
        with self._lock:
            if self._state is not SupervisorState.ENDED:
                self._state = state

    @property
    def _is_starting(self) -> bool:
        """Whether the current process has not answered yet."""
        return self._state in (SupervisorState.STARTING, SupervisorState.RESTARTING)

    def _spawn(self) -> EngineProcess:
        start = self._starts
        return self._start(lambda event: self._on_event(event, start))

    def _send_pending(self) -> None:
        """Sends the commands that the engine has not got yet: one thread at a time, others leave theirs."""
        with self._lock:
            if self._sender_at_work:
                return
            self._sender_at_work, start = True, self._starts
        while True:
            with self._lock:
                if start != self._starts:
                    return  # the thread that has started the next process sends it everything
                if self._sent >= len(self._commands):
                    self._sender_at_work = False
                    return
                engine, command = self._engine, self._commands[self._sent]
                self._sent += 1
            try:
                engine.send(command)
            except EngineError:
                with self._lock:
                    if start != self._starts:
                        return
                    self._sender_at_work = False
                    # Then the process's reading thread reports its end, and starts it once more.
                    if self._may_restart():
                        return
                raise

    def _may_restart(self) -> bool:
        """Whether a process that ends now is started once more: one that has answered, the first time."""
        return self._starts < _MAX_STARTS and self._state is SupervisorState.RUNNING

    def _on_event(self, event: EngineEvent, start: int) -> None:
        if start != self._starts:
            return
        # The heartbeat of one that is starting does not say that it will answer.
        if not self._is_starting or isinstance(event, Ready):
            self._quiet_for = 0.0
        match event:
            case Heartbeat():
                if event.busy > self._progress_timeout:
                    self._kill(f"the style engine has shown no progress for {event.busy:.0f} s")
                return
            case Died():
                self._on_died(event)
                return
            case FrameDone():
                if event.resumed and (event.frame, event.view) in self._done:
                    return
                self._done.add((event.frame, event.view))
            case Ready():
                self._enter(SupervisorState.RUNNING)
            case Opened():
                self._resume_at_restart()
            case Done() | Cancelled() | Failed():
                self._enter(SupervisorState.ENDED)
        if start == 1 or not isinstance(event, (Ready, Opened, Planned)):
            self._report(event)

    def _resume_at_restart(self) -> None:
        """A second process goes on with what the first one has begun, even if that began anew."""
        with self._lock:
            self._commands = [
                replace(command, restart=False) if isinstance(command, Stylize) else command
                for command in self._commands
            ]

    def _done_frames(self) -> list[int]:
        """The numbers of the frames that are done, in one view at least."""
        return sorted({frame for frame, _ in self._done})

    def _on_died(self, died: Died) -> None:
        """The process has ended: starts it once more, if it had been at work, or reports that it is over."""
        why = self._why_killed or died.error
        if self._state is SupervisorState.ENDED:
            self._report(replace(died, error=why))
            return
        cancel = next((command for command in self._commands if isinstance(command, Cancel)), None)
        if cancel is not None:
            self._enter(SupervisorState.ENDED)
            self._report(Cancelled(cancel.job, self._done_frames()))
        elif self._may_restart():
            self._report(Warned(f"{why}: it is started once more and goes on"))
            self._restart()
        else:
            self._give_up(why)

    def _give_up(self, why: str) -> None:
        if self._state is not SupervisorState.STARTING:
            hint = f"; {self._resume_hint} to go on" if self._resume_hint else ""
            again = ", for the second time" if self._starts > 1 else ""
            why = f"{why}{again}; finished frames kept: {len(self._done)}{hint}"
        self._enter(SupervisorState.ENDED)
        self._report(Died(why, frames=self._done_frames()))

    def _restart(self) -> None:
        with self._lock:
            if self._state is SupervisorState.ENDED:
                return
            self._state = SupervisorState.RESTARTING
            self._starts += 1
            # Until the new process runs, no thread may send: that would go to the one that has ended.
            self._sent, self._sender_at_work, self._why_killed = 0, True, None
            self._quiet_for = 0.0
        try:
            self._engine = self._spawn()
            if self._closed.is_set():
                self._engine.close()
            self._sender_at_work = False
            self._send_pending()
        except EngineError as error:
            self._enter(SupervisorState.ENDED)
            self._report(Died(str(error), frames=self._done_frames()))

    def _watch(self) -> None:
        """Kills a process that sends nothing.

        Counts its own seconds: this process, the engine or the computer may be suspended.
        """
        tick = min(1.0, self._heartbeat_timeout / 4.0, self._start_timeout / 4.0)
        while not self._closed.wait(tick):
            if self._state is SupervisorState.ENDED or is_suspended(self._engine.pid):
                continue
            self._quiet_for += tick
            if self._quiet_for > (self._start_timeout if self._is_starting else self._heartbeat_timeout):
                self._kill(f"the style engine has not answered for {self._quiet_for:.0f} s")

    def _kill(self, why: str) -> None:
        self._quiet_for = 0.0
        self._why_killed = f"{why} and was ended: see {self._engine.log}"
        with suppress(OSError):
            self._engine.kill()

    def _report(self, event: EngineEvent) -> None:
        if self._on_supervised_event is not None:
            self._on_supervised_event(event)
        self._events.put(event)
