"""Checks the engine: starts it, reads its version and device from the first message, ends it."""

from __future__ import annotations

import time
from pathlib import Path

from ..properties.schema import SCHEMA
from .options import EngineOptions
from .process import DIED, EngineError, EngineProcess

ANSWER_TIMEOUT = 180.0
"""Seconds; importing torch from a cold disk takes long."""

LOG_NAME = "check.log"


class EngineCheck:
    """A running check, or the result of the last: `facts` as titles and texts, or an `error`."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}
        self.error = ""
        self._engine: EngineProcess | None = None
        self._started_at = 0.0

    @property
    def running(self) -> bool:
        """Whether the engine has not answered yet."""
        return self._engine is not None

    def start(self, options: EngineOptions, folder: Path) -> None:
        """Starts the engine; its log is written into `folder`. A failure becomes `error`."""
        self.forget()
        self._started_at = time.monotonic()
        try:
            self._engine = EngineProcess(
                options.python,
                folder / LOG_NAME,
                protocol=SCHEMA["protocol"],
                environment=options.environment,
                memory_limit=options.memory_limit,
            )
        except EngineError as error:
            self.error = str(error)

    def drain(self, wait: float = 0.0) -> None:
        """Takes the answer if there is one, waiting up to `wait` seconds for it."""
        if self._engine is None:
            return
        event = self._engine.next_event(wait)
        if event is None:
            if time.monotonic() > self._started_at + ANSWER_TIMEOUT:
                self._end(error=f"the style engine did not answer within {ANSWER_TIMEOUT:.0f} s")
            return
        if event["event"] in ("failed", DIED):
            self._end(error=event["error"])
        elif event["event"] == "ready":
            memory = event.get("device_memory")
            self.facts = {
                "Version": event["version"],
                "Python": event.get("python", ""),
                "PyTorch": event["torch"],
                "Device": _device_title(event["device"]),
                **({"GPU Memory": f"{memory:.1f} GiB"} if memory else {}),
            }
            self._end()

    def forget(self) -> None:
        """Ends a running check, and clears the result."""
        self.facts = {}
        self._end()

    def _end(self, error: str = "") -> None:
        self.error = error
        if self._engine is not None:
            self._engine.close()
            self._engine = None


def _device_title(device: str) -> str:
    kind, _, name = device.partition(": ")
    title = {"cpu": "CPU", "cuda": "CUDA", "mps": "Metal"}.get(kind, kind)
    return f"{title}, {name}" if name else title


engine_check = EngineCheck()
