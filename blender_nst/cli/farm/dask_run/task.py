"""A chunk as a task of Dask: what a worker does with it.

PyTorch is imported by the command that it runs, not by the worker.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from blender_nst.cli.farm.progress import Line

_CHILD = "blender_nst.cli.farm.dask_run.child"
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Dask sets them to 1 for its workers."""

_LOOK_EVERY, _TELL_EVERY = 1.0, 0.5
"""Seconds between two looks whether a task is still wanted, and between two lines of progress."""

_PATIENCE = 30.0
"""Seconds that the command has to end in order."""


@dataclass(frozen=True)
class ChunkTask:
    """A chunk to make.

    Attributes:
        name: of the chunk.
        arguments: of `blender-nst`; all paths are absolute.
        work: how many frames are stylized for it.
        topic: that its progress is told under.
        slots: how many chunks the workers of a host make at a time, by host.
    """

    name: str
    arguments: Sequence[str]
    work: int
    topic: str
    slots: Mapping[str, int]


@dataclass(frozen=True)
class ChunkOutcome:
    """How a task has ended.

    Attributes:
        code: see `ChunkExit`; negative if a signal has ended the command.
        reason: why it has failed, one line.
        worker: the address of the worker.
    """

    code: int
    reason: str
    worker: str


@dataclass(frozen=True)
class ChunkProgress:
    """So much of a task is done, in percent."""

    chunk: str
    percent: float
    worker: str


def make_chunk(task: ChunkTask) -> ChunkOutcome:
    """Makes a chunk on the worker that this runs on, by a process of its own."""
    from dask.system import CPU_COUNT
    from distributed import Status, get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def is_wanted() -> bool:
        # A task that is canceled while it runs is not interrupted, but it is no longer "executing".
        state = worker.state.tasks.get(key)
        alive = worker.status not in (Status.closing, Status.closed, Status.failed)
        return alive and state is not None and state.state == "executing"

    def tell(percent: float) -> None:
        worker.log_event(task.topic, {"chunk": task.name, "percent": percent, "worker": worker.address})

    host = worker.address.rpartition("://")[2].rpartition(":")[0].strip("[]")
    threads = max(1, CPU_COUNT // task.slots.get(host, 1))
    code, reason = run_command(task.arguments, threads, is_wanted, tell)
    return ChunkOutcome(code, reason, worker.address)


def run_command(
    arguments: Sequence[str], threads: int, is_wanted: Callable[[], bool], tell: Callable[[float], None]
) -> tuple[int, str]:
    """Runs `blender-nst` with these arguments; returns its exit code and, if it has failed, why.

    Args:
        threads: that it computes with.
        is_wanted: asked again and again; the command is ended when it is not.
        tell: called with the percentage that is done, twice a second at most.
    """
    environment = os.environ | dict.fromkeys(_THREAD_VARIABLES, str(threads))
    with subprocess.Popen(
        [sys.executable, "-m", _CHILD, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C in the terminal of a worker is the worker's
    ) as process:
        threading.Thread(target=_end_unwanted, args=(process, is_wanted), daemon=True).start()
        reason = _follow(process, tell)
    return process.returncode, reason or f"the command has ended with the code {process.returncode}"


def _follow(process: subprocess.Popen[str], tell: Callable[[float], None]) -> str:
    """Passes on what the command prints; returns why it has failed, as far as it has said so."""
    failed, last, told = "", "", -_TELL_EVERY
    for line in process.stdout or ():
        try:
            message = json.loads(line)
        except ValueError:
            last = line.strip() or last
            continue
        if not isinstance(message, dict):
            continue
        failed = str(message.get(Line.FAIL, failed))
        percent, now = message.get(Line.PROGRESS), time.monotonic()
        if isinstance(percent, float) and (now - told >= _TELL_EVERY or percent == 100.0):
            told = now
            tell(percent)
    return failed or last


def _end_unwanted(process: subprocess.Popen[str], is_wanted: Callable[[], bool]) -> None:
    """Ends the command as soon as it is not wanted."""
    while process.poll() is None:
        if is_wanted():
            time.sleep(_LOOK_EVERY)
            continue
        if process.stdin is not None:
            with suppress(OSError):
                process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            _kill(process)
        return


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
