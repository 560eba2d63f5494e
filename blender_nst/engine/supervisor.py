"""An engine that is started once more when it dies or hangs, and is told again what it has to do.

What it had finished is in its journal, so that it goes on with the frame that was lost. A second end is
final.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .process import DIED, EngineError, EngineProcess, Message

HEARTBEAT_TIMEOUT = 90.0
"""Seconds without a word, of an engine that gives a sign of life every two, after which it hangs."""

PROGRESS_TIMEOUT = 1800.0
"""Seconds without progress after which it hangs: a step of a very large frame takes minutes on a slow CPU."""

START = 180.0
"""Seconds that the second start may take; importing torch from a cold disk takes long."""

_MAX_STARTS = 2

Start = Callable[[Callable[[Message], None]], EngineProcess]
"""Starts an engine that tells every event to a listener; raises EngineError."""


class SupervisedEngine:
    """An engine for one job, with the methods of `EngineProcess`. Every method may be called from any thread.

    A `died` event comes only when the engine is given up; a `warned` event reports the first death. Frames
    that were already reported as done are not reported again by the restarted engine.
    """

    def __init__(
        self,
        start: Start,
        *,
        listener: Callable[[Message], None] | None = None,
        resume_hint: str = "start it again",
        silence: float = HEARTBEAT_TIMEOUT,
        stuck: float = PROGRESS_TIMEOUT,
    ) -> None:
        """Starts the engine.

        Args:
            listener: called with every event, in a reading thread, before it is queued.
            resume_hint: what a person does to go on after a second end; empty if somebody else says so.
            silence, stuck: seconds; see there.

        Raises:
            EngineError: the process cannot be started.
        """
        self._start = start
        self._listener = listener
        self._way_on = resume_hint
        self._silence, self._stuck = silence, stuck
        self._events: queue.Queue[Message] = queue.Queue()
        self._lock = threading.Lock()
        self._commands: list[Message] = []
        self._told = 0
        """Commands that the engine at hand has been told."""
        self._telling = False
        self._life = 1
        self._ready = self._opened = self._over = False
        self._quiet_for = 0.0
        self._hangs: str | None = None
        self._done: set[int] = set()
        self._closed = threading.Event()
        self._engine = self._spawn()
        threading.Thread(target=self._watch, name="NST watchdog", daemon=True).start()

    @property
    def log(self) -> Path:
        """The file with the process's words."""
        return self._engine.log

    @property
    def pid(self) -> int:
        """The id of the process at hand."""
        return self._engine.pid

    @property
    def alive(self) -> bool:
        """Whether a process runs."""
        return self._engine.alive

    def send(self, command: Message) -> None:
        """Sends one command, and keeps it for a second life; raises EngineError if there will be none."""
        with self._lock:
            self._commands.append(command)
            if self._telling:
                return
        self._tell()

    def next_event(self, timeout: float = 0.0) -> Message | None:
        """The next event, or None if none comes within `timeout` seconds."""
        try:
            return self._events.get(timeout=timeout) if timeout > 0.0 else self._events.get_nowait()
        except queue.Empty:
            return None

    def close(self, timeout: float = 5.0) -> None:
        """Ends the process, at once and without waiting: asked first, killed after `timeout` seconds."""
        self._closed.set()
        self._engine.close(timeout)

    def join(self, timeout: float = 10.0) -> None:
        """Waits for the end of a process that was closed."""
        self._engine.join(timeout)

    def _spawn(self) -> EngineProcess:
        life = self._life
        return self._start(lambda event: self._on_event(event, life))

    def _tell(self) -> None:
        """Tells the engine what it was not told yet: one thread at a time, to which others leave theirs."""
        with self._lock:
            if self._telling:
                return
            self._telling, life = True, self._life
        while True:
            with self._lock:
                if life != self._life:
                    return  # the thread that has started the next one tells it everything
                if self._told >= len(self._commands):
                    self._telling = False
                    return
                engine, command = self._engine, self._commands[self._told]
                self._told += 1
            try:
                engine.send(self._as_it_is_now(command))
            except EngineError:
                with self._lock:
                    if life != self._life:
                        return
                    self._telling = False
                # Its reading thread tells of its end, and starts it once more if it may.
                if life >= _MAX_STARTS or not self._ready or self._over:
                    raise
                return

    def _as_it_is_now(self, command: Message) -> Message:
        # An engine that had begun anew goes on with what it had begun.
        return command | {"restart": False} if self._opened and command.get("restart") else command

    def _on_event(self, event: Message, life: int) -> None:
        if life != self._life:
            return
        self._quiet_for = 0.0
        kind = event["event"]
        if kind == "heartbeat":
            if event["busy"] > self._stuck:
                self._give_up_on(f"the style engine has shown no progress for {event['busy']:.0f} s")
            return
        if kind == DIED:
            self._on_died(event)
            return
        if kind == "frame_done":
            if event.get("resumed") and event["frame"] in self._done:
                return
            self._done.add(event["frame"])
        if kind == "ready":
            self._ready = True
        elif kind == "opened":
            self._opened = True
        elif kind in ("done", "cancelled", "failed"):
            self._over = self._over or event.get("job") is not None or kind == "failed"
        if life == 1 or kind not in ("ready", "opened", "planned"):
            self._report(event)

    def _on_died(self, event: Message) -> None:
        """The process has ended: starts it once more, if it had been at work, or says that it is over."""
        why = self._hangs or str(event["error"])
        if self._closed.is_set() or self._over:
            self._report(event)
            return
        if any(command["command"] == "cancel" for command in self._commands):
            job = self._commands[-1].get("job", "")
            self._report({"event": "cancelled", "job": job, "frames": sorted(self._done)})
            return
        if self._life >= _MAX_STARTS or not self._ready:
            again = ", for the second time" if self._life > 1 else ""
            kept = f"; finished frames kept: {len(self._done)}{self._way_on and f'; {self._way_on} to go on'}"
            self._report({"event": DIED, "error": why + again + (kept if self._ready else "")})
            return
        self._report({"event": "warned", "text": f"{why}: it is started once more and goes on", "job": None})
        with self._lock:
            self._life += 1
            # Until it runs, nobody may tell it anything: that would go to the one that has ended.
            self._told, self._telling, self._hangs = 0, True, None
            self._quiet_for = self._silence - START
        try:
            self._engine = self._spawn()
            if self._closed.is_set():
                self._engine.close()
            self._telling = False
            self._tell()
        except EngineError as error:
            self._report({"event": DIED, "error": str(error)})

    def _watch(self) -> None:
        """Ends a process that has fallen silent. Counts its own seconds: a computer may have slept."""
        tick = min(1.0, self._silence / 4.0)
        while not self._closed.wait(tick):
            if self._over or not self._ready:
                continue
            self._quiet_for += tick
            if self._quiet_for > self._silence:
                self._give_up_on(f"the style engine has not answered for {self._quiet_for:.0f} s")

    def _give_up_on(self, why: str) -> None:
        self._quiet_for = 0.0
        self._hangs = f"{why} and was ended: see {self._engine.log}"
        with suppress(OSError):
            self._engine.kill()

    def _report(self, event: Message) -> None:
        if self._listener is not None:
            self._listener(event)
        self._events.put(event)
