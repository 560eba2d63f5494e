"""Messages and callbacks of the engine: progress and snapshots of a frame, and its report at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from compositor.stages import StageCallback, ignored


class Stopped(StrEnum):
    """Why the optimization ended."""

    STEP_LIMIT = "step_limit"
    CONVERGED = "converged"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Progress:
    """State after step `step` of `steps`, counted over all scales.

    Attributes:
        height, width: of the scale at hand, in px.
        losses: by name: unweighted, and `total`, weighted.
    """

    step: int
    steps: int
    height: int
    width: int
    losses: dict[str, float]
    steps_per_second: float


@dataclass(frozen=True)
class FrameReport:
    """How one frame was stylized.

    Attributes:
        losses: of the last step, before it changed the pixels.
        scales: (height, width) of each scale of the pyramid; the last is the working size.
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


def _as_it_is(image: np.ndarray) -> np.ndarray:
    return image


@dataclass(frozen=True)
class Snapshot:
    """The unfinished image, (H, W, 3) float32 in 0..1, after `step` steps; at full size, without margins.

    Attributes:
        finish: makes of the image what the frame's result would be made of it, see `result`.
    """

    step: int
    image: np.ndarray
    losses: dict[str, float]
    finish: Callable[[np.ndarray], np.ndarray] = _as_it_is

    def result(self) -> np.ndarray:
        """The frame as it would be if the optimization ended now: light, gains, `strength`, what is kept.

        Returns:
            (H, W, 3 or 4) float32 in 0..1, with the content's alpha.
        """
        return self.finish(self.image)


SnapshotCallback = Callable[[Snapshot], None]
ProgressCallback = Callable[[Progress], None]
CancelCheck = Callable[[], bool]


def _never() -> bool:
    return False


@dataclass(frozen=True)
class FrameCallbacks:
    """What the engine calls while it optimizes a frame, on the calling thread.

    Attributes:
        progress: called whenever losses are known.
        snapshot: called every `StyleSettings.snapshot_every` steps.
        cancelled: called between two steps; True ends the optimization with the image of that moment.
        stage_done: called after each stage.
    """

    progress: ProgressCallback | None = None
    snapshot: SnapshotCallback | None = None
    cancelled: CancelCheck = _never
    stage_done: StageCallback = ignored
