"""What the engine tells about its work: progress while it runs, a report when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Stopped(StrEnum):
    """Why the optimization ended."""

    STEP_LIMIT = "step_limit"
    CONVERGED = "converged"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Progress:
    """After step `step` of `steps` (over all scales): unweighted losses by name, and `total`, weighted."""

    step: int
    steps: int
    height: int
    width: int
    losses: dict[str, float]
    steps_per_second: float


@dataclass(frozen=True)
class Report:
    """How one frame was stylized; `losses` are those of the last step, before it moved the pixels.

    `scales` ends with the size that the frame was painted at, in (height, width).
    """

    steps: int
    seconds: float
    losses: dict[str, float]
    stopped: Stopped
    scales: list[tuple[int, int]]
    device: str

    @property
    def steps_per_second(self) -> float:
        """Steps of all scales over the seconds of all of them."""
        return self.steps / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Snapshot:
    """The picture on its way, (H, W, 3) float32 in 0..1 at the frame's size, after `step` steps."""

    step: int
    image: np.ndarray
    losses: dict[str, float]


SnapshotCallback = Callable[[Snapshot], None]
ProgressCallback = Callable[[Progress], None]
CancelCheck = Callable[[], bool]
