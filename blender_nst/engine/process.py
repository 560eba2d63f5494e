"""The style engine as another process: JSON Lines on its standard streams, its log in a file.

The engine has its own Python with its own packages; none of them is ever imported into Blender.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

EXTRA_PATH_VARIABLE = "BLENDER_NST_ENGINE_PATH"
"""A folder to import the engine from, for running it from a source checkout."""

DIED = "died"
"""Name of the event that stands in the place of a word from a process that ended unasked."""

Message = dict[str, Any]

_CAUSES = {
    77: " (there was not enough memory)",  # what `video.worker` says
    -9: " (it was killed, as a system does that is short of memory)",
}


class EngineError(Exception):
    """The engine cannot be started, or no longer listens; one line that says where its log is."""


class EngineProcess:
    """A running engine. Every method may be called from any thread.

    Events are dicts as `video.protocol.messages` defines them. If the process ends before `close` was called,
    a last event `{"event": "died", "error": …}` says so.
    """

    def __init__(
        self,
        python: str,
        log: Path,
        *,
        protocol: int,
        listener: Callable[[Message], None] | None = None,
        environment: Mapping[str, str] | None = None,
        memory_limit: float | None = None,
    ) -> None:
        """Starts the process and greets it; the answer `ready` or `failed` comes as an event.

        Args:
            log: file that gets the process's standard error, appended.
            listener: called with every event in the reading thread, before the event is queued.
            environment: variables beside those of this process.
            memory_limit: GiB of the GPU's memory that the engine may take.

        Raises:
            EngineError: the process cannot be started, or the log cannot be written.
        """
        self.log = log
        self._protocol = protocol
        self._listener = listener
        self._events: queue.Queue[Message] = queue.Queue()
        self._sending = threading.Lock()
        self._closing = False
        self._killer: threading.Timer | None = None
        self._process = self._start(python, environment or {})
        self._reader = threading.Thread(target=self._read, name="NST engine events", daemon=True)
        self._reader.start()
        # One that ended already reports itself as died.
        hello: Message = {"command": "hello", "protocol": protocol}
        if memory_limit is not None:
            hello["memory_limit"] = memory_limit
        with suppress(EngineError):
            self.send(hello)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def send(self, command: Message) -> None:
        """Sends one command; it is read even while the engine is busy.

        Raises:
            EngineError: the process no longer listens.
        """
        left = memoryview((json.dumps(command, allow_nan=False) + "\n").encode("ascii"))
        try:
            with self._sending, _broken_pipe_is_an_error():
                while left:
                    left = left[self._input.write(left) :]
        except (OSError, ValueError):
            raise EngineError(self._why_silent()) from None

    def next_event(self, timeout: float = 0.0) -> Message | None:
        """The next event, or None if none comes within `timeout` seconds."""
        try:
            return self._events.get(timeout=timeout) if timeout > 0.0 else self._events.get_nowait()
        except queue.Empty:
            return None

    def close(self, timeout: float = 5.0) -> None:
        """Ends the process, at once and without waiting: asked first, killed after `timeout` seconds."""
        if self._closing:
            return
        self._closing = True
        with suppress(EngineError):
            self.send({"command": "shutdown"})
        with suppress(OSError):
            self._input.close()
        # The reading thread waits for the end of the process and stops this one.
        self._killer = threading.Timer(timeout, self._process.kill)
        self._killer.daemon = True
        self._killer.start()

    def kill(self) -> None:
        """Ends a process that no longer listens; it reports itself as died."""
        self._process.kill()

    def join(self, timeout: float = 10.0) -> None:
        """Waits for the end of a process that was closed."""
        if threading.current_thread() is not self._reader:
            self._reader.join(timeout)

    @property
    def _input(self) -> Any:
        return self._process.stdin

    def _start(self, python: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        # Blender is a window program on Windows, so that a console would open for its child.
        flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab") as log:
                return subprocess.Popen(
                    [python, "-P", "-m", "video.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    bufsize=0,  # a buffer would try again to write to an engine that is gone
                    env=engine_environment(os.environ) | dict(environment),
                    cwd=self.log.parent,
                    creationflags=flags,
                )
        except OSError as error:
            path = error.filename or python
            raise EngineError(f"{path}: the style engine cannot be started: {error.strerror}") from None

    def _read(self) -> None:
        for line in self._process.stdout or ():
            event = _decode(line)
            if event is not None:
                self._report(self._wrong_version(event) or event)
        self._process.wait()
        if self._killer is not None:
            self._killer.cancel()
        if not self._closing:
            self._report({"event": DIED, "error": self._why_silent()})

    def _why_silent(self) -> str:
        try:
            code = self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            return f"the style engine no longer listens: see {self.log}"
        cause = _CAUSES.get(code, "")
        return f"the style engine ended with exit code {code}{cause}: see {self.log}"

    def _report(self, event: Message) -> None:
        if self._listener is not None:
            self._listener(event)
        self._events.put(event)

    def _wrong_version(self, event: Message) -> Message | None:
        if event["event"] != "ready" or event.get("protocol") == self._protocol:
            return None
        return {
            "event": "failed",
            "error": f"the style engine speaks protocol {event.get('protocol')}, this extension"
            f" {self._protocol}: install the same version of both",
        }


def engine_environment(values: Mapping[str, str]) -> dict[str, str]:
    """The engine's environment: Blender's without the PYTHON* variables, which lead to Blender's packages."""
    environment = {name: value for name, value in values.items() if not name.startswith("PYTHON")}
    environment["PYTHONUNBUFFERED"] = "1"
    extra = values.get(EXTRA_PATH_VARIABLE)
    if extra:
        environment["PYTHONPATH"] = extra
    return environment


@contextmanager
def _broken_pipe_is_an_error() -> Iterator[None]:
    """Lets a write to a process that has ended raise BrokenPipeError, and nothing worse.

    Python as such ignores SIGPIPE, but Blender's executable does not let its Python do so: the signal would
    end Blender. It is held back in this thread alone, and taken away before it could be delivered.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    try:
        yield
    finally:
        if signal.SIGPIPE in signal.sigpending():
            signal.sigwait({signal.SIGPIPE})
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _decode(line: bytes) -> Message | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None
