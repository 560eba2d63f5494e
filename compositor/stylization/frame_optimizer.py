"""Frame optimizer: optimizes a frame at its working size, upsamples it, and finishes it at full size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from compositor.image_ops.arrays import map_to_tensor, to_tensor
from compositor.image_ops.joint_upsampling import joint_upsample
from compositor.image_ops.resize import resize
from compositor.losses.temporal_term import TemporalTerm
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

# Pixels at the working size: tones this wide are taken from the upsampled image in every frame. Strokes are
# finer, and are taken from the finished frame before.
_TONE_SIZE = 16
# Below this mean reliability of the surroundings the change of tone fades out.
_MIN_RELIABILITY = 0.05


@dataclass(frozen=True)
class OptimizedFrame:
    """A frame after its optimization.

    Attributes:
        image: (1, 3, h, w) in 0..1, at the working size.
        finished: (1, 3, H, W) in 0..1, at the frame's own size.
        outcome: of the last scale, or of the finishing steps.
        steps: taken in all.
    """

    image: Tensor
    finished: Tensor
    outcome: Outcome
    steps: int


@dataclass(frozen=True)
class FrameOptimizer:
    """Optimizes frames with one network, one style library and one set of settings."""

    network: FeatureNetwork
    library: StyleLibrary
    settings: StyleSettings
    device: torch.device
    graphs: StepGraphs = field(default_factory=StepGraphs)

    def optimize(
        self,
        content_frame: ContentFrame,
        sizes: Sequence[tuple[int, int]],
        initial: Tensor,
        counter: StepCounter,
        *,
        finishing: int = 0,
        temporal: TemporalConstraint | None = None,
        detail: DetailConstraint | None = None,
    ) -> OptimizedFrame:
        """Optimizes a frame at its scales, upsamples it to its own size and takes the finishing steps there.

        Args:
            content_frame: the frame at its own size (H, W).
            sizes: (height, width) of the scales, ending with the working size (h, w).
            initial: (1, 3, any size) in 0..1, what the optimization begins with.
            finishing: steps at full size; none after a cancellation.
            temporal: ties the image at the working size to the frame before.
            detail: ties the finishing steps to the frame before.

        Raises:
            ImageError: the maps of `temporal` differ in size.
            RuntimeError: see `MultiscaleOptimizer.optimize`.
        """
        outcome = self._optimizer(
            content_frame,
            None if temporal is None else temporal.term(self.device),
            None if temporal is None else temporal.fixed(self.device),
        ).optimize(sizes, initial, counter)
        optimized = outcome.image
        upsampled = joint_upsample(optimized, content_frame.at(*sizes[-1]).content, content_frame.content)
        if content_frame.circular is not None:
            # At either size the margins are whole pixels wide, so that the copies are a fraction apart.
            upsampled = content_frame.circular.merged(upsampled)
        finished = upsampled
        if finishing and outcome.stopped is not Stopped.CANCELLED:
            counter = counter.followed_by(finishing)
            outcome = self._finish(upsampled, content_frame, temporal, detail, counter)
            finished = outcome.image
        return OptimizedFrame(optimized, finished, outcome, counter.taken)

    def _finish(
        self,
        upsampled: Tensor,
        content_frame: ContentFrame,
        temporal: TemporalConstraint | None,
        detail: DetailConstraint | None,
        counter: StepCounter,
    ) -> Outcome:
        """The upsampled image (1, 3, H, W) after some steps at full size, which make finer strokes.

        With `detail`, the steps begin with the finished frame before, warped: upsampled anew, strokes would
        differ from frame to frame on a surface that moves by fractions of a pixel of the working size.
        """
        initial, term, fixed = upsampled, None, None
        if detail is not None:
            target, reliability = (
                to_tensor(detail.target, self.device),
                map_to_tensor(detail.reliability, self.device),
            )
            fixed = fixed_pixels(detail.still, self.device)
            tone_size = round(_TONE_SIZE / content_frame.working_scale)
            initial = _with_tones_of(upsampled, target, reliability, tone_size)
            if fixed is not None:
                initial = torch.where(fixed, target, initial)
            if temporal is not None and temporal.weight > 0.0:
                term = TemporalTerm(initial, reliability, temporal.weight, temporal.style_gain)
        height, width = upsampled.shape[-2:]
        # So few steps at full size would scatter colors; what is missing there are fine lights and darks.
        optimizer = self._optimizer(replace(content_frame, working_scale=1.0), term, fixed, achromatic=True)
        return optimizer.optimize([(height, width)], initial, counter)

    def _optimizer(
        self,
        content_frame: ContentFrame,
        term: TemporalTerm | None,
        fixed: Tensor | None,
        *,
        achromatic: bool = False,
    ) -> MultiscaleOptimizer:
        return MultiscaleOptimizer(
            self.network,
            self.library,
            self.settings,
            content_frame,
            temporal_term=term,
            fixed=fixed,
            achromatic=achromatic,
            graphs=self.graphs,
        )


def _with_tones_of(upsampled: Tensor, target: Tensor, reliability: Tensor, tone_size: int) -> Tensor:
    """`target` with the tones (low frequencies) of `upsampled`; `upsampled` where the target is unreliable.

    Args:
        upsampled, target: (1, 3, H, W) in 0..1.
        reliability: (1, 1, H, W) in 0..1, of `target`.
        tone_size: pixels; finer variations belong to the strokes.
    """
    height, width = upsampled.shape[-2:]
    small = max(1, round(height / tone_size)), max(1, round(width / tone_size))
    known = resize(resize(reliability, *small), height, width).clamp_min(_MIN_RELIABILITY)
    change = resize(resize(reliability * (upsampled - target), *small), height, width) / known
    return (upsampled + reliability * (target + change - upsampled)).clamp(0.0, 1.0)
