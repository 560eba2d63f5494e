"""Starts the style engine as another process and exchanges messages with it as JSON Lines.

The engine has its own Python with its own packages; none of them is ever imported into Blender.
"""

from __future__ import annotations

import io
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from ..errors import EngineError, ProtocolError
from ..local_events import Died
from .json_lines import LONGEST_EVENT, decode_event, encode, read_lines
from .messages import PROTOCOL_VERSION, Command, Event, Failed, Hello, Ready, Shutdown

EngineEvent = Event | Died
"""What a running engine reports."""

EXTRA_PATH_VARIABLE = "BLENDER_NST_ENGINE_PATH"
"""A folder to import the engine from, for running it from a source checkout."""

logger = logging.getLogger(__name__)

OUT_OF_MEMORY = 77
"""Exit code of an engine without enough memory."""

_CAUSES = {
    OUT_OF_MEMORY: " (there was not enough memory)",  # what `video.worker` says
    -9: " (it was killed, as a system does that is short of memory)",
}


class EngineProcess:
    """A running engine. Every method may be called from any thread.

    If the process ends before `close` was called, the last event is `Died`. A line that is no event, and an
    engine of another protocol version, give `Failed`.
    """

    def __init__(
        self,
        python: str,
        log: Path,
        *,
        protocol: int = PROTOCOL_VERSION,
        on_event: Callable[[EngineEvent], None] | None = None,
        environment: Mapping[str, str] | None = None,
        memory_limit: float | None = None,
    ) -> None:
        """Starts the process and sends `hello`; the answer, `Ready` or `Failed`, comes as an event.

        Args:
            log: file that gets the process's standard error, appended.
            on_event: called with every event in the reading thread, before the event is queued.
            environment: variables beside those of this process.
            memory_limit: GiB of the GPU's memory that the engine may take.

        Raises:
            EngineError: the process cannot be started, or the log cannot be written.
        """
        self.log = log
        self._protocol = protocol
        self._on_event = on_event
        self._events: queue.Queue[EngineEvent] = queue.Queue()
        self._greeted = False
        self._sending = threading.Lock()
        self._closing = False
        self._killer: threading.Timer | None = None
        self._process = self._start(python, environment or {})
        logger.info("engine process %d started: %s", self._process.pid, python)
        self._reader = threading.Thread(target=self._read, name="NST engine events", daemon=True)
        self._reader.start()
        # One that ended already reports itself as died.
        with suppress(EngineError):
            self.send(Hello(protocol, memory_limit))

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def send(self, command: Command) -> None:
        """Sends one command; it is read even while the engine is busy.

        Raises:
            EngineError: the process no longer listens.
        """
        left = memoryview(encode(command).encode("ascii"))
        try:
            with self._sending, _broken_pipe_is_an_error():
                while left:
                    left = left[self._input.write(left) :]
        except (OSError, ValueError):
            raise EngineError(self._why_silent()) from None

    def next_event(self, timeout: float = 0.0) -> EngineEvent | None:
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
            self.send(Shutdown())
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
                    [python, "-P", "-m", "video.worker", str(self.log.absolute())],
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
        # Read without a buffer, every byte would be a system call.
        output = io.BufferedReader(cast(io.FileIO, self._process.stdout))
        for line in read_lines(output, LONGEST_EVENT):
            event = self._decode(line)
            if event is not None:
                self._report(event)
        self._process.wait()
        if self._killer is not None:
            self._killer.cancel()
        if not self._closing:
            error = self._why_silent()
            # A shortage of memory is no fault of the program.
            level = logging.WARNING if self._process.returncode == OUT_OF_MEMORY else logging.ERROR
            logger.log(level, "%s", error)
            self._report(Died(error))

    def _decode(self, line: bytes) -> EngineEvent | None:
        """The event in a line; None for what a Python may print before the engine has its streams."""
        text = line.decode("utf-8", "replace")
        if not self._greeted and not text.lstrip().startswith("{"):
            return None
        try:
            event = decode_event(text)
        except ProtocolError as error:
            return Failed(
                f"the style engine sent a line that is no event ({error}): install the same version of"
                f" Blender NST on both sides; see {self.log}"
            )
        self._greeted = True
        if isinstance(event, Ready) and event.protocol != self._protocol:
            return Failed(
                f"the style engine speaks protocol {event.protocol}, this extension {self._protocol}:"
                " install the same version of Blender NST on both sides"
            )
        return event

    def _why_silent(self) -> str:
        try:
            code = self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            return f"the style engine no longer listens: see {self.log}"
        cause = _CAUSES.get(code, "")
        return f"the style engine ended with exit code {code}{cause}: see {self.log}"

    def _report(self, event: EngineEvent) -> None:
        if self._on_event is not None:
            self._on_event(event)
        self._events.put(event)


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
