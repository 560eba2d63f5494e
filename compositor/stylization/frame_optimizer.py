"""Paints one frame at a size that the machine can manage, and finishes it at its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from compositor.image_ops.arrays import map_to_tensor, to_tensor
from compositor.image_ops.joint_upsampling import joint_upsample
from compositor.image_ops.resize import resize
from compositor.losses.temporal_hold import TemporalTerm
from compositor.networks.features import FeatureNetwork
from compositor.optimization.cuda_graphs import StepGraphs
from compositor.optimization.loop import Outcome
from compositor.progress import Stopped
from compositor.settings import StyleSettings
from compositor.stylization.content_frame import ContentFrame
from compositor.stylization.multiscale import MultiscaleOptimizer
from compositor.stylization.step_counter import StepCounter
from compositor.stylization.style_library import StyleLibrary
from compositor.stylization.temporal import DetailConstraint, TemporalConstraint, fixed_pixels

# Pixels of the small picture: light and shade that are as wide as this follow it from frame to frame. Strokes
# are finer, and stay the ones that the frame before was finished with.
_TONES = 16
# With less evidence nearby (the mean reliability) the change of tone fades to none.
_EVIDENCE = 0.05


@dataclass(frozen=True)
class OptimizedFrame:
    """A frame that the optimization is done with.

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
class FrameOptimizer:
    """A network, its styles and how to use them."""

    network: FeatureNetwork
    library: StyleLibrary
    settings: StyleSettings
    device: torch.device
    graphs: StepGraphs = field(default_factory=StepGraphs)

    def optimize(
        self,
        content_frame: ContentFrame,
        sizes: Sequence[tuple[int, int]],
        start: Tensor,
        counter: StepCounter,
        *,
        finishing: int = 0,
        temporal: TemporalConstraint | None = None,
        detail: DetailConstraint | None = None,
    ) -> OptimizedFrame:
        """Takes a frame through its sizes, brings it up to its own and takes some steps there.

        Args:
            content_frame: the frame at its own size (H, W).
            sizes: (height, width), ending with the one that it is painted at, (h, w).
            start: (1, 3, any size) in 0..1.
            finishing: steps at full size; none after a cancellation.
            temporal: ties the picture to that of the frame before.
            detail: ties its finish to that of the frame before.

        Raises:
            ImageError: the maps of `temporal` differ in size.
            RuntimeError: see `MultiscaleOptimizer.through`.
        """
        outcome = self._optimizer(
            content_frame,
            None if temporal is None else temporal.term(self.device),
            None if temporal is None else temporal.fixed(self.device),
        ).through(sizes, start, counter)
        painted = outcome.image
        upsampled = joint_upsample(painted, content_frame.at(*sizes[-1]).content, content_frame.content)
        finished = upsampled
        if finishing and outcome.stopped is not Stopped.CANCELLED:
            counter = counter.followed_by(finishing)
            outcome = self._finish(upsampled, content_frame, temporal, detail, counter)
            finished = outcome.image
        return OptimizedFrame(painted, finished, outcome, counter.taken)

    def _finish(
        self,
        upsampled: Tensor,
        content_frame: ContentFrame,
        temporal: TemporalConstraint | None,
        detail: DetailConstraint | None,
        counter: StepCounter,
    ) -> Outcome:
        """The picture that was brought up, (1, 3, H, W), after some steps at full size.

        Finer strokes than the small picture could hold come about. Where the frame before has got them
        already, they are its own, moved: brought up anew they would not be the same on a surface that moves
        by parts of a small pixel.
        """
        start, hold, fixed = upsampled, None, None
        if detail is not None:
            target, reliability = (
                to_tensor(detail.target, self.device),
                map_to_tensor(detail.reliability, self.device),
            )
            fixed = fixed_pixels(detail.still, self.device)
            start = _in_tune(target, upsampled, reliability, round(_TONES / content_frame.reduction))
            if fixed is not None:
                start = torch.where(fixed, target, start)
            if temporal is not None and temporal.weight > 0.0:
                hold = TemporalTerm(start, reliability, temporal.weight, temporal.style_gain)
        height, width = upsampled.shape[-2:]
        optimizer = self._optimizer(replace(content_frame, reduction=1.0), hold, fixed)
        return optimizer.through([(height, width)], start, counter)

    def _optimizer(
        self, content_frame: ContentFrame, hold: TemporalTerm | None, fixed: Tensor | None
    ) -> MultiscaleOptimizer:
        return MultiscaleOptimizer(
            self.network,
            self.library,
            self.settings,
            content_frame,
            hold=hold,
            fixed=fixed,
            graphs=self.graphs,
        )


def _in_tune(target: Tensor, upsampled: Tensor, reliability: Tensor, tones: int) -> Tensor:
    """The earlier picture in the tones that were brought up; what was brought up where it is unreliable.

    Args:
        target, brought: (1, 3, H, W) in 0..1.
        reliability: (1, 1, H, W) of `target`.
        tones: pixels, what is finer than this is no tone.
    """
    height, width = upsampled.shape[-2:]
    small = max(1, round(height / tones)), max(1, round(width / tones))
    evidence = resize(resize(reliability, *small), height, width).clamp_min(_EVIDENCE)
    change = resize(resize(reliability * (upsampled - target), *small), height, width) / evidence
    return (upsampled + reliability * (target + change - upsampled)).clamp(0.0, 1.0)
