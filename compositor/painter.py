"""Paints one frame at a size that the machine can manage, and finishes it at its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from compositor.arrays import map_to_tensor, to_tensor
from compositor.canvas import Canvas
from compositor.continuity import Detail, Temporal, fixed_pixels
from compositor.descent import Descent
from compositor.features import FeatureNetwork
from compositor.objective import Hold
from compositor.optimize import Outcome
from compositor.report import Stopped
from compositor.run import Run
from compositor.settings import StyleSettings
from compositor.styles import StyleLibrary
from compositor.upsampling import bring_up


@dataclass(frozen=True)
class Painted:
    """A frame that the optimisation is done with.

    Attributes:
        image: (1, 3, h, w) in 0..1, at the size that the frame was painted at.
        finished: (1, 3, H, W) in 0..1, at the frame's own.
        added: (1, 3, H, W) in -1..1, what finishing added at full size; None if it is not done.
        outcome: of the last steps.
        steps: all that were taken.
    """

    image: Tensor
    finished: Tensor
    added: Tensor | None
    outcome: Outcome
    steps: int


@dataclass(frozen=True)
class Painter:
    """A network, its styles and how to use them."""

    network: FeatureNetwork
    library: StyleLibrary
    settings: StyleSettings
    device: torch.device

    def paint(
        self,
        canvas: Canvas,
        sizes: Sequence[tuple[int, int]],
        start: Tensor,
        run: Run,
        *,
        finishing: int = 0,
        temporal: Temporal | None = None,
        detail: Detail | None = None,
    ) -> Painted:
        """Takes a frame through its sizes, brings it up to its own and takes some steps there.

        Args:
            canvas: the frame at its own size (H, W).
            sizes: (height, width), ending with the one that it is painted at, (h, w).
            start: (1, 3, any size) in 0..1.
            finishing: steps at full size; none after a cancellation.
            temporal: ties the picture to that of the frame before.
            detail: ties its finish to that of the frame before.

        Raises:
            ImageError: the maps of `temporal` differ in size.
            RuntimeError: see `Descent.through`.
        """
        outcome = self._descent(
            canvas,
            None if temporal is None else temporal.hold(self.device),
            None if temporal is None else temporal.fixed(self.device),
        ).through(sizes, start, run)
        painted = outcome.image
        brought = bring_up(painted, canvas.at(*sizes[-1]).content, canvas.content)
        finished = brought
        if finishing and outcome.stopped is not Stopped.CANCELLED:
            run = run.followed_by(finishing)
            outcome = self._finish(brought, canvas, detail, 0.0 if temporal is None else temporal.weight, run)
            finished = outcome.image
        return Painted(painted, finished, finished - brought if finishing else None, outcome, run.taken)

    def _finish(
        self, brought: Tensor, canvas: Canvas, detail: Detail | None, weight: float, run: Run
    ) -> Outcome:
        """The picture that was brought up, (1, 3, H, W), after some steps at full size.

        Finer strokes than the small picture could hold come about, on the surfaces where the frame before
        has got them already.
        """
        start, hold, fixed = brought, None, None
        if detail is not None:
            added, reliability = (
                to_tensor(detail.added, self.device),
                map_to_tensor(detail.reliability, self.device),
            )
            start = (brought + reliability * added).clamp(0.0, 1.0)
            hold = Hold(start, reliability, weight) if weight > 0.0 else None
            fixed = fixed_pixels(detail.still, self.device)
        height, width = brought.shape[-2:]
        descent = self._descent(replace(canvas, reduction=1.0), hold, fixed)
        return descent.through([(height, width)], start, run)

    def _descent(self, canvas: Canvas, hold: Hold | None, fixed: Tensor | None) -> Descent:
        return Descent(self.network, self.library, self.settings, canvas, hold=hold, fixed=fixed)
