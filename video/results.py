"""Results of a run and of its frames, and the callbacks that report its progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from compositor.progress import CancelCheck, FrameReport, Progress, Snapshot
from compositor.stages import Stage

FrameStageCallback = Callable[[int, Stage, float, tuple[int, int] | None], None]
"""`StageCallback` with the number of the frame before it."""


def ignored_stage(number: int, stage: Stage, seconds: float, size: tuple[int, int] | None) -> None:
    """The callback of those who do not ask."""


@dataclass(frozen=True)
class FrameResult:
    """A styled frame on disk.

    Attributes:
        warp_error: None for a frame without a predecessor.
        resumed: an earlier run has made it; the report and the seconds are of then.
    """

    number: int
    path: Path
    report: FrameReport
    seconds: float
    warp_error: float | None
    resumed: bool = False


@dataclass(frozen=True)
class SequenceResult:
    """The result of a run. After a cancellation there are neither movie nor contact sheet."""

    frames: list[FrameResult]
    seconds: float
    cancelled: bool
    movie: Path | None = None
    contact_sheet: Path | None = None


@dataclass
class RunCallbacks:
    """What to call while a sequence is stylized, on the same thread.

    `opened` is called before the first frame: with whether a run of the same settings and styles is resumed,
    and with the numbers of its finished frames. `planned` is called with the first frame: at what size frames
    like it are stylized, on which device, and the memory that this takes. `waiting` is entered while there is
    nothing to do but to wait for a frame; `interrupt` is called when no further frame is needed, and whatever
    waits for one has to end. `stage_done` alone is called on other threads, too: after each stage of a frame,
    with its seconds, and for steps with (height, width).
    """

    progress: Callable[[int, Progress], None] = lambda number, progress: None
    frame_done: Callable[[FrameResult], None] = lambda result: None
    snapshot: Callable[[int, Snapshot], None] = lambda number, snapshot: None
    warning: Callable[[str], None] = lambda text: None
    opened: Callable[[bool, Sequence[int]], None] = lambda continues, frames: None
    planned: Callable[[str], None] = lambda text: None
    cancelled: CancelCheck = lambda: False
    waiting: Callable[[], AbstractContextManager[None]] = nullcontext
    interrupt: Callable[[], None] = lambda: None
    stage_done: FrameStageCallback = ignored_stage
