"""The steps of one frame over all its scales, and whom to tell about them."""

from __future__ import annotations

import time
from collections.abc import Callable

from torch import Tensor

from compositor.image_ops.arrays import to_array
from compositor.image_ops.resize import resize
from compositor.progress import CancelCheck, Progress, ProgressCallback, Snapshot, SnapshotCallback


class StepCounter:
    """Counts a frame's steps and calls back.

    Args:
        shares: steps of each scale.
        full_size: (height, width) that snapshots are brought to.
        snapshot_every: steps between two snapshots; 0 for none.
        taken: steps of the frame that went before these.
        later: steps that will follow.
    """

    def __init__(
        self,
        shares: list[int],
        full_size: tuple[int, int],
        *,
        snapshot_every: int = 0,
        taken: int = 0,
        later: int = 0,
        progress: ProgressCallback | None = None,
        snapshot: SnapshotCallback | None = None,
        cancelled: CancelCheck | None = None,
    ) -> None:
        self.shares = shares
        self.taken = taken
        self._total = taken + sum(shares) + later
        self._before = taken
        self.cancelled = cancelled or (lambda: False)
        self._full_size = full_size
        self._snapshot_every = snapshot_every if snapshot is not None else 0
        self._snapshot = snapshot
        self._progress = progress
        self._begun = time.perf_counter()

    def followed_by(self, steps: int) -> StepCounter:
        """A run of so many steps, at one scale, after those that were taken."""
        return StepCounter(
            [steps],
            self._full_size,
            snapshot_every=self._snapshot_every,
            taken=self.taken,
            progress=self._progress,
            snapshot=self._snapshot,
            cancelled=self.cancelled,
        )

    def snapshot_due(self, step: int) -> bool:
        """Whether a snapshot is wanted after so many steps at the scale at hand."""
        return self._snapshot_every > 0 and (self.taken + step) % self._snapshot_every == 0

    def take_snapshot(self, step: int, losses: dict[str, float], image: Tensor) -> None:
        """Hands a snapshot over: `image` (1, 3, h, w) after `step` steps at the scale at hand."""
        if self._snapshot is not None:
            full = resize(image.detach(), *self._full_size).clamp(0.0, 1.0)
            self._snapshot(Snapshot(self.taken + step, to_array(full), losses))

    def at_scale(self, height: int, width: int) -> Callable[[int, dict[str, float]], None]:
        """What `optimize` calls after its steps at one scale."""

        def after_step(step: int, losses: dict[str, float]) -> None:
            if self._progress is not None:
                done = self.taken + step
                rate = (done - self._before) / max(time.perf_counter() - self._begun, 1e-9)
                self._progress(Progress(done, self._total, height, width, losses, rate))

        return after_step
