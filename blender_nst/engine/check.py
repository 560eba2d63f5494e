"""Checks the engine: starts it, reads its version and device from the first message, ends it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..awake_time import AwakeTimeout
from ..errors import EngineError
from ..local_events import Died
from ..state import state_of
from .messages import Failed, Ready
from .options import EngineOptions
from .process import EngineProcess

ANSWER_TIMEOUT = 180.0
"""Seconds; importing torch from a cold disk takes long."""

LOG_NAME = "check.log"


_NO_MODULE = re.compile(r"No module named '?([\w.]+)'?")


class EngineCheck:
    """A running check, or the result of the last.

    Attributes:
        python: that was checked; empty where none was.
        device: as the engine calls it: `cpu`, `cuda: NVIDIA H100`; empty until it has answered.
        facts: titles and texts for people.
        error: why there are none, one line.
    """

    def __init__(self) -> None:
        self.python = ""
        self.device = ""
        self.facts: dict[str, str] = {}
        self.error = ""
        self._log_size = 0
        self._engine: EngineProcess | None = None
        self._timeout: AwakeTimeout | None = None

    @property
    def running(self) -> bool:
        """Whether the engine has not answered yet."""
        return self._engine is not None

    def start(self, options: EngineOptions, folder: Path) -> None:
        """Starts the engine; its log is written into `folder`. A failure becomes `error`."""
        self.forget()
        self.python = options.python
        log = folder / LOG_NAME
        self._log_size = log.stat().st_size if log.is_file() else 0
        try:
            self._engine = EngineProcess(
                options.python,
                log,
                environment=options.environment,
                memory_limit=options.memory_limit,
            )
        except EngineError as error:
            self.error = str(error)
            return
        self._timeout = AwakeTimeout(ANSWER_TIMEOUT, self._engine.pid)

    def drain(self, wait: float = 0.0) -> None:
        """Takes the answer if there is one, waiting up to `wait` seconds for it."""
        if self._engine is None:
            return
        event = self._engine.next_event(wait)
        if event is None:
            if self._timeout is not None and self._timeout.has_passed():
                self._end(error=f"the style engine did not answer within {ANSWER_TIMEOUT:.0f} s")
            return
        match event:
            case Failed():
                self._end(error=event.error)
            case Died():
                self._end(error=self._what_it_lacks() or event.error)
            case Ready():
                self.device, self.facts = event.device, _facts(event)
                self._end()

    def forget(self) -> None:
        """Ends a running check, and clears the result."""
        self.python, self.device, self.facts = "", "", {}
        self._end()

    def _what_it_lacks(self) -> str:
        """What the engine that has died could not import, by its log; empty where that says nothing."""
        if self._engine is None:
            return ""
        with self._engine.log.open("rb") as log:
            # The log may have begun anew.
            log.seek(min(self._log_size, log.seek(0, os.SEEK_END)))
            written = log.read().decode("utf-8", "replace")
        missing = _NO_MODULE.findall(written)
        if not missing:
            return ""
        return (
            f"{self.python}: the style engine cannot be imported there ({missing[-1]} is missing): press"
            " Repair, or name another Python under Advanced"
        )

    def _end(self, error: str = "") -> None:
        self.error = error
        if self._engine is not None:
            self._engine.close()
            self._engine = None


def _facts(ready: Ready) -> dict[str, str]:
    facts = {
        "Version": ready.version,
        "Python": ready.python,
        "PyTorch": ready.torch,
        "Device": _device_title(ready.device),
    }
    if ready.device_memory:
        facts["GPU Memory"] = f"{ready.device_memory:.1f} GiB"
    return facts


def _device_title(device: str) -> str:
    kind, _, name = device.partition(": ")
    title = {"cpu": "CPU", "cuda": "CUDA", "mps": "Metal"}.get(kind, kind)
    return f"{title}, {name}" if name else title


def engine_check() -> EngineCheck:
    """This Blender's check of the engine."""
    return state_of(EngineCheck)
