"""Step counter of one frame over all scales of the pyramid: progress, snapshots, cancellation."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from torch import Tensor

from compositor.image_ops.arrays import to_array
from compositor.image_ops.resize import resize
from compositor.optimization.loop import StepCallbacks
from compositor.progress import FrameCallbacks, Progress, Snapshot
from compositor.stages import StageCallback


class StepCounter:
    """Counts a frame's steps, and translates a scale's callbacks into the frame's.

    Args:
        shares: steps of each scale.
        full_size: (height, width) that snapshots are resized to.
        margin: see `FrameInputs`; snapshots are without it.
        callbacks: the frame's.
        snapshot_every: steps between two snapshots; 0 for none.
        finish: see `Snapshot`.
    """

    def __init__(
        self,
        shares: list[int],
        full_size: tuple[int, int],
        callbacks: FrameCallbacks,
        *,
        margin: int = 0,
        snapshot_every: int = 0,
        finish: Callable[[np.ndarray], np.ndarray] = lambda image: image,
    ) -> None:
        self.shares = shares
        self.taken = 0
        self._total = sum(shares)
        self._full_size = full_size
        self._margin = margin
        self._callbacks = callbacks
        self._snapshot_every = snapshot_every if callbacks.snapshot is not None else 0
        self._finish = finish
        self._begun = time.perf_counter()

    @property
    def stage_done(self) -> StageCallback:
        """The frame's, called after each stage."""
        return self._callbacks.stage_done

    def callbacks_at(self, height: int, width: int) -> StepCallbacks:
        """The callbacks of the optimization at one scale of this size, in px."""

        def after_step(step: int, losses: dict[str, float]) -> None:
            if self._callbacks.progress is not None:
                done = self.taken + step
                rate = done / max(time.perf_counter() - self._begun, 1e-9)
                self._callbacks.progress(Progress(done, self._total, height, width, losses, rate))

        return StepCallbacks(after_step, self._callbacks.cancelled, self._snapshot_due, self._take_snapshot)

    def _snapshot_due(self, step: int) -> bool:
        return self._snapshot_every > 0 and (self.taken + step) % self._snapshot_every == 0

    def _take_snapshot(self, step: int, losses: dict[str, float], image: Tensor) -> None:
        if self._callbacks.snapshot is not None:
            full = to_array(resize(image.detach(), *self._full_size).clamp(0.0, 1.0))
            inner = full[:, self._margin : full.shape[1] - self._margin]
            self._callbacks.snapshot(Snapshot(self.taken + step, inner, losses, self._finish))
