"""The engine process: `python -m video.worker [LOG]` takes commands as JSON Lines and answers with events.

One thread reads commands; the main thread works. Standard output carries the protocol alone: whatever else
is printed in this process goes to standard error, which is the log; LOG names its file, so that the process
can keep it below a size. The process ends at `shutdown` and when its input ends, so that it never outlives
the program that started it.
"""

from __future__ import annotations

import io
import logging
import os
import platform
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from compositor.errors import CompositorError, MemoryShortageError
from compositor.hardware.device import (
    choose_device,
    describe_device,
    device_memory,
    limit_memory,
    torch_version,
)
from compositor.hardware.memory_shortage import is_memory_shortage
from video.errors import ChangedFrameError, FrameError, ProtocolError, VideoError
from video.frames.metadata import package_version
from video.protocol import messages
from video.protocol.event_log import log_event
from video.protocol.json_lines import decode_command, encode, read_lines
from video.protocol.messages import (
    PROTOCOL_VERSION,
    Cancel,
    Command,
    Event,
    Failed,
    Finish,
    Frame,
    Hello,
    Ready,
    Shutdown,
    Stylize,
    Warned,
)
from video.results import RunCallbacks, SequenceResult
from video.worker.events import end_event
from video.worker.frame_headers import check_headers
from video.worker.heartbeat import Heartbeat
from video.worker.job import OpenJob
from video.worker.job_frames import JobFrames
from video.worker.log import log_job, start_log

logger = logging.getLogger(__name__)

EXIT_OUT_OF_MEMORY = 77
"""Exit code of a worker that ran out of memory; a new process may have enough."""

_LONGEST_LINE = 1 << 20
"""Characters of a command; a longer line is refused, so that it cannot fill the memory."""

_LONGEST_ERROR = 1000
"""Characters; what was received may be quoted in it."""


class _Interrupt:
    """Put into the queue of commands to end the wait for a job's frames."""


class Worker:
    """Reads commands and writes events until the input ends or `shutdown` comes."""

    def __init__(self, commands: TextIO, events: TextIO) -> None:
        self.exit_code = 0
        self._commands = commands
        self._events = events
        self._sending = threading.Lock()
        self._inbox: queue.Queue[Command | ProtocolError | _Interrupt] = queue.Queue()
        self._stopping = threading.Event()
        self._cancelled_jobs: set[str] = set()
        self._heartbeat = Heartbeat(lambda busy: self._send(messages.Heartbeat(busy)))

    def run(self) -> None:
        """Serves commands until the input ends or `shutdown` comes."""
        threading.Thread(target=self._read, name="commands", daemon=True).start()
        while not self._stopping.is_set():
            self._serve(self._inbox.get())

    def _read(self) -> None:
        for line in read_lines(self._commands, _LONGEST_LINE):
            if not line.strip():
                continue
            try:
                command = decode_command(line)
            except ProtocolError as error:
                self._inbox.put(error)
                continue
            # Seen at once, while the main thread is deep in a frame.
            if isinstance(command, Cancel):
                self._cancelled_jobs.add(command.job)
            if isinstance(command, Shutdown):
                break
            self._inbox.put(command)
        self._stopping.set()
        self._inbox.put(Shutdown())

    def _serve(self, command: Command | ProtocolError | _Interrupt) -> None:
        if isinstance(command, ProtocolError):
            self._send(Failed(str(command)))
        elif isinstance(command, Hello):
            self._answer_hello(command)
        elif isinstance(command, Stylize):
            self._stylize(command)
        # Frames and ends of a job that has failed or was cancelled may still arrive: they mean nothing. Nor
        # does an interrupt that came when no frame was waited for any more.

    def _answer_hello(self, hello: Hello) -> None:
        if hello.protocol != PROTOCOL_VERSION:
            self._send(
                Failed(
                    f"the engine speaks protocol {PROTOCOL_VERSION}, the caller {hello.protocol}: "
                    "install the same version of Blender NST on both sides"
                )
            )
            return
        device = choose_device()
        limit_memory(device, hello.memory_limit)
        self._send(
            Ready(
                PROTOCOL_VERSION,
                package_version(),
                describe_device(device),
                torch_version(),
                platform.python_version(),
                device_memory(device),
            )
        )

    def _stylize(self, job: Stylize) -> None:
        log_job(job)
        opened = OpenJob(job, self._send)
        try:
            with self._heartbeat.working(), closing(opened.packer), opened.computing_as_before():
                result = self._run(job, opened)
        except MemoryShortageError as error:
            self._end_for_memory(job.job, str(error))
        except FrameError as error:
            self._send(Failed(str(error), job.job, error.frame, opened.finished))
        except (CompositorError, VideoError) as error:
            self._send(Failed(str(error), job.job, None, opened.finished))
        except Exception as error:  # the process must live on and say what happened
            if is_memory_shortage(error):
                logger.warning("out of memory in job %s", job.job, exc_info=error)
                self._end_for_memory(job.job, f"there is not enough memory ({error})")
            else:
                logger.exception("internal error in job %s", job.job)
                text = f"internal error: {error}; the log has the details"
                self._send(Failed(text, job.job, None, opened.finished))
        else:
            self._send(end_event(job.job, result))
        finally:
            self._cancelled_jobs.discard(job.job)

    def _end_for_memory(self, job: str, text: str) -> None:
        """Ends the process after this command: a new one may have enough memory."""
        self._send(Warned(text, job))
        self.exit_code = EXIT_OUT_OF_MEMORY
        self._stopping.set()

    def _run(self, job: Stylize, opened: OpenJob) -> SequenceResult:
        """Stylizes the frames as they arrive, until `finish`, or until there are enough.

        Once more where finished frames are put aside because their pictures have changed.
        """
        while True:
            enough = _Interrupt()
            callbacks = self._callbacks(job.job, enough)
            frames = JobFrames(
                opened,
                self._commands_of(job.job, opened, enough),
                lambda note: self._send(Warned(note, job.job)),
            )
            try:
                if job.views:
                    driver = opened.views_driver()
                    return driver.run(frames.views(callbacks, job.views, Path(job.output)))
                return opened.driver(callbacks).run(frames.frames())
            except ChangedFrameError:
                if not job.put_aside:
                    raise

    def _callbacks(self, job: str, enough: _Interrupt) -> RunCallbacks:
        return RunCallbacks(
            cancelled=lambda: self._cancelled_between_steps(job),
            waiting=self._heartbeat.idle,
            interrupt=lambda: self._inbox.put(enough),
        )

    def _cancelled_between_steps(self, job: str) -> bool:
        """Whether the job is cancelled; asked before every step, so that it is a sign of progress too."""
        self._heartbeat.progress()
        return self._is_cancelled(job)

    def _commands_of(self, job: str, opened: OpenJob, enough: _Interrupt) -> Iterator[Frame]:
        """The job's frames as they arrive, their headers checked where all of them are sent at once.

        The driver asks for them on another thread; while a job is open none but that takes commands.
        """
        arriving = self._arriving(job, opened, enough)
        if not opened.is_complete:
            yield from arriving
            return
        frames = list(arriving)
        check_headers(frames)
        yield from (frame for frame in frames if not self._is_cancelled(job))

    def _arriving(self, job: str, opened: OpenJob, enough: _Interrupt) -> Iterator[Frame]:
        """The job's frames, first those that an earlier attempt was sent, then as they are sent."""
        for received in tuple(opened.received):
            if isinstance(received, Finish):
                return
            yield received
        while not self._is_cancelled(job):
            with self._heartbeat.awaiting():
                command = self._inbox.get()
            if command is enough:
                return
            if isinstance(command, (Finish, Frame)) and command.job == job:
                opened.received.append(command)
                if isinstance(command, Finish):
                    return
                opened.check_frame(command)
                yield command
            elif isinstance(command, Stylize):
                self._send(Failed("another job is still open; finish or cancel it first", command.job))
            elif isinstance(command, (Hello, ProtocolError)):
                self._serve(command)

    def _is_cancelled(self, job: str) -> bool:
        return self._stopping.is_set() or job in self._cancelled_jobs

    def _send(self, event: Event) -> None:
        if isinstance(event, Failed) and len(event.error) > _LONGEST_ERROR:
            event = replace(event, error=f"{event.error[:_LONGEST_ERROR]}…")
        elif isinstance(event, Warned) and len(event.text) > _LONGEST_ERROR:
            event = replace(event, text=f"{event.text[:_LONGEST_ERROR]}…")
        log_event(logger, event)
        line = encode(event)
        try:
            with self._sending:
                self._events.write(line)
                self._events.flush()
        except (BrokenPipeError, ValueError):
            self._stopping.set()


def main() -> None:
    """Serves standard input and output; see the module's docstring."""
    start_log(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    events = os.fdopen(os.dup(1), "w", encoding="ascii", errors="strict", newline="\n")
    # From here on nothing but events can reach the protocol's stream, native code's prints included.
    os.dup2(2, 1)
    # A byte that is no UTF-8 makes a malformed command, not a dead worker.
    commands = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")
    worker = Worker(commands, events)
    try:
        worker.run()
    except Exception:
        logger.exception("the engine process ends")
        worker.exit_code = 1
    sys.stderr.flush()
    # The reader thread may still be blocked in its read; nothing is left that needs cleaning up.
    os._exit(worker.exit_code)


if __name__ == "__main__":
    main()
