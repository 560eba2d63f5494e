"""Paints one frame at a size that the machine can manage, and finishes it at its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from compositor.image_ops.arrays import map_to_tensor, to_tensor
from compositor.image_ops.joint_upsampling import bring_up
from compositor.image_ops.resize import resize
from compositor.losses.temporal_hold import Hold
from compositor.networks.features import FeatureNetwork
from compositor.optimization.cuda_graphs import StepGraphs
from compositor.optimization.loop import Outcome
from compositor.progress import Stopped
from compositor.settings import StyleSettings
from compositor.stylization.content_frame import Canvas
from compositor.stylization.multiscale import Descent
from compositor.stylization.step_counter import Run
from compositor.stylization.style_library import StyleLibrary
from compositor.stylization.temporal import Detail, Temporal, fixed_pixels

# Pixels of the small picture: light and shade that are as wide as this follow it from frame to frame. Strokes
# are finer, and stay the ones that the frame before was finished with.
_TONES = 16
# With less evidence nearby (the mean reliability) the change of tone fades to none.
_EVIDENCE = 0.05


@dataclass(frozen=True)
class Painted:
    """A frame that the optimisation is done with.

    Attributes:
        image: (1, 3, h, w) in 0..1, at the size that the frame was painted at.
        finished: (1, 3, H, W) in 0..1, at the frame's own.
        outcome: of the last steps.
        steps: all that were taken.
    """

    image: Tensor
    finished: Tensor
    outcome: Outcome
    steps: int


@dataclass(frozen=True)
class Painter:
    """A network, its styles and how to use them."""

    network: FeatureNetwork
    library: StyleLibrary
    settings: StyleSettings
    device: torch.device
    graphs: StepGraphs = field(default_factory=StepGraphs)

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
            outcome = self._finish(brought, canvas, temporal, detail, run)
            finished = outcome.image
        return Painted(painted, finished, outcome, run.taken)

    def _finish(
        self, brought: Tensor, canvas: Canvas, temporal: Temporal | None, detail: Detail | None, run: Run
    ) -> Outcome:
        """The picture that was brought up, (1, 3, H, W), after some steps at full size.

        Finer strokes than the small picture could hold come about. Where the frame before has got them
        already, they are its own, moved: brought up anew they would not be the same on a surface that moves
        by parts of a small pixel.
        """
        start, hold, fixed = brought, None, None
        if detail is not None:
            target, reliability = (
                to_tensor(detail.target, self.device),
                map_to_tensor(detail.reliability, self.device),
            )
            fixed = fixed_pixels(detail.still, self.device)
            start = _in_tune(target, brought, reliability, round(_TONES / canvas.reduction))
            if fixed is not None:
                start = torch.where(fixed, target, start)
            if temporal is not None and temporal.weight > 0.0:
                hold = Hold(start, reliability, temporal.weight, temporal.style_gain)
        height, width = brought.shape[-2:]
        descent = self._descent(replace(canvas, reduction=1.0), hold, fixed)
        return descent.through([(height, width)], start, run)

    def _descent(self, canvas: Canvas, hold: Hold | None, fixed: Tensor | None) -> Descent:
        return Descent(
            self.network, self.library, self.settings, canvas, hold=hold, fixed=fixed, graphs=self.graphs
        )


def _in_tune(target: Tensor, brought: Tensor, reliability: Tensor, tones: int) -> Tensor:
    """The earlier picture in the tones that were brought up; what was brought up where it is unreliable.

    Args:
        target, brought: (1, 3, H, W) in 0..1.
        reliability: (1, 1, H, W) of `target`.
        tones: pixels, what is finer than this is no tone.
    """
    height, width = brought.shape[-2:]
    small = max(1, round(height / tones)), max(1, round(width / tones))
    evidence = resize(resize(reliability, *small), height, width).clamp_min(_EVIDENCE)
    change = resize(resize(reliability * (brought - target), *small), height, width) / evidence
    return (brought + reliability * (target + change - brought)).clamp(0.0, 1.0)
