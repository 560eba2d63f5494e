"""Measures how fast the engine is on this machine: about three seconds of work in a process of its own."""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass

from ..awake_time import communicate
from ..state import state_of
from .options import EngineOptions
from .process import engine_environment

logger = logging.getLogger(__name__)

TIMEOUT = 180.0
"""Seconds; importing torch from a cold disk takes long."""


@dataclass(frozen=True)
class StepModel:
    """Seconds of an optimization step: `step_seconds` + pixels × `pixel_seconds`, on `device`."""

    device: str
    step_seconds: float
    pixel_seconds: float


class Benchmark:
    """A running measurement; there is one at a time."""

    def __init__(self) -> None:
        self._answers: queue.Queue[StepModel | None] = queue.Queue()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it has not answered yet."""
        return self._process is not None

    def start(self, options: EngineOptions) -> None:
        """Starts it for the preferences' device; a failure means no answer, and is logged."""
        if self._process is not None:
            return
        try:
            self._process = subprocess.Popen(
                [options.python, "-P", "-m", "video.worker.speed", options.device],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=engine_environment(os.environ) | dict(options.environment),
                # Blender is a window program on Windows, so that a console would open for its child.
                creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
            )
        except OSError as error:
            logger.warning("the engine's speed is not measured: %s", error.strerror)
            return
        process = self._process
        threading.Thread(target=lambda: self._read(process), name="NST benchmark", daemon=True).start()

    def take(self, wait: float = 0.0) -> StepModel | None:
        """What it has found, once, waiting up to `wait` seconds for it; None before, and where it failed."""
        try:
            answer = self._answers.get(timeout=wait) if wait > 0.0 else self._answers.get_nowait()
        except queue.Empty:
            return None
        self._process = None
        return answer

    def stop(self) -> None:
        """Ends it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
        self._answers = queue.Queue()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        answers = self._answers
        try:
            printed, _ = communicate(process, TIMEOUT)
            line = printed.decode("utf-8", "replace").strip().rpartition("\n")[2]
            found = json.loads(line)
            answer = StepModel(
                str(found["device"]), float(found["step_seconds"]), float(found["pixel_seconds"])
            )
        except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError, RecursionError) as error:
            process.kill()
            logger.warning("the engine's speed is not measured: %s", error)
            answer = None
        answers.put(answer)


def benchmark() -> Benchmark:
    """This Blender's measurement of the engine's speed."""
    return state_of(Benchmark)
