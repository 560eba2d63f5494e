"""Frame optimizer: optimizes a frame at its working size, and enlarges the result to the frame's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from compositor.networks.features import FeatureNetwork
from compositor.optimization.cuda_graphs import StepGraphs
from compositor.optimization.loop import Outcome
from compositor.settings import StyleSettings
from compositor.stages import Stage, timed
from compositor.stylization.content_frame import ContentFrame
from compositor.stylization.enlarging import enlarged
from compositor.stylization.multiscale import MultiscaleOptimizer
from compositor.stylization.step_counter import StepCounter
from compositor.stylization.style_library import StyleLibrary
from compositor.stylization.temporal import DetailConstraint, TemporalConstraint


@dataclass(frozen=True)
class OptimizedFrame:
    """A frame after its optimization.

    Attributes:
        image: (1, 3, h, w) in 0..1, at the working size.
        enlarged: (1, 3, H, W) in 0..1, at the frame's own size.
        outcome: of the last scale.
        steps: taken in all.
    """

    image: Tensor
    enlarged: Tensor
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
        is_warm_start: bool = False,
        temporal: TemporalConstraint | None = None,
        detail: DetailConstraint | None = None,
    ) -> OptimizedFrame:
        """Optimizes a frame at its scales, and enlarges the last one to its own size.

        Args:
            content_frame: the frame at its own size (H, W).
            sizes: (height, width) of the scales, ending with the working size (h, w).
            initial: (1, 3, any size) in 0..1, what the optimization begins with.
            is_warm_start: whether `initial` is of the working size, to be corrected alone.
            temporal: ties the image at the working size to the frame before.
            detail: ties the image at its own size to the frame before.

        Raises:
            ImageError: the maps of `temporal` differ in size.
            RuntimeError: see `MultiscaleOptimizer.optimize`.
        """
        optimizer = MultiscaleOptimizer(
            self.network,
            self.library,
            self.settings,
            content_frame,
            temporal_term=None if temporal is None else temporal.term(self.device),
            fixed=None if temporal is None else temporal.fixed(self.device),
            graphs=self.graphs,
        )
        # A warm frame's coarse scale corrects the warped strokes, which keep what it cannot show.
        detail_of = initial if is_warm_start else None
        outcome = optimizer.optimize(sizes, initial, counter, detail=detail_of)
        with timed(counter.stage_done, Stage.ENLARGING):
            full = enlarged(outcome.image, content_frame, self.settings.sharpening, detail)
        return OptimizedFrame(outcome.image, full, outcome, counter.taken)
