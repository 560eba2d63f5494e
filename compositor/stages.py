"""Stages of a frame, and how long they took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum


class Stage(StrEnum):
    """What a frame goes through, in order; `STEPS` once for each scale."""

    READING = "reading"
    MOTION = "motion"
    WARPING = "warping"
    WAITING = "waiting"
    STEPS = "steps"
    ENLARGING = "enlarging"
    WRITING = "writing"


StageCallback = Callable[[Stage, float, tuple[int, int] | None], None]
"""Called after a stage, on its thread: with its seconds, and for steps with (height, width)."""


def ignored(stage: Stage, seconds: float, size: tuple[int, int] | None) -> None:
    """The callback of those who do not ask."""


@contextmanager
def timed(done: StageCallback, stage: Stage, size: tuple[int, int] | None = None) -> Iterator[None]:
    """Calls `done` with the time that passed inside, unless an error was raised."""
    begun = time.perf_counter()
    yield
    done(stage, time.perf_counter() - begun, size)
