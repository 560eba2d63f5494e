"""Multiscale optimizer: takes an image through the scales of a pyramid, coarse to fine.

Each scale is optimized in as many tiles as fit into memory, and in smaller ones after out of memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from compositor.errors import ImageError
from compositor.hardware.allocator import give_back_freed_memory
from compositor.hardware.memory_shortage import is_memory_shortage
from compositor.image_ops.mesh_filter import without_mesh
from compositor.image_ops.resize import reduced, resize
from compositor.losses.feature_objective import ActiveRegion, FeatureObjective
from compositor.losses.local_term import RENEW_EVERY
from compositor.losses.loss_weights import OctaveLosses, octave_losses
from compositor.losses.objective import StyleObjective
from compositor.losses.style_targets import compared_layers
from compositor.losses.temporal_term import TemporalTerm
from compositor.networks.features import FeatureNetwork
from compositor.optimization.adam import Moments
from compositor.optimization.cuda_graphs import StepGraphs
from compositor.optimization.loop import OptimizationRun, Outcome, optimize
from compositor.progress import Stopped
from compositor.settings import StyleSettings
from compositor.stages import Stage, timed
from compositor.stylization.content_frame import ContentFrame
from compositor.stylization.painted_detail import lost_detail, with_as_much_detail, with_painted_detail
from compositor.stylization.pyramid import Size, octave_sizes
from compositor.stylization.step_counter import StepCounter
from compositor.stylization.style_library import StyleLibrary
from compositor.tiling.memory_plan import fitting_windows
from compositor.tiling.windows import Window, around

# Only the active region is computed if it takes at most this share of the frame: setting it up costs a step.
MAX_ACTIVE_SHARE = 0.8
# Share of a pixel, less the rounding of the share.
_WHOLLY = 1.0 - 1e-4
# From this reliability on a warped image's detail is kept. That of a surface whose light changes is lower
# than its strokes are known.
_KEPT_FROM = 0.2
# Share of the mesh that is left where a warm frame is held: each frame before was filtered there too, so that
# strokes would become softer from frame to frame.
_LEFT_WHERE_HELD = 0.5
# Times that the tiles' area is halved after out of memory, before the error is raised.
_HALVINGS = 8


class MultiscaleOptimizer:
    """Optimizer of one frame over its scales.

    Args:
        content_frame: the frame at full size.
        temporal_term: ties the image to the frame before; of the finest scale's size.
        fixed: (1, 1, H, W) bool, pixels that do not change; of the finest scale's size.
        graphs: CUDA graphs that steps are replayed by.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        library: StyleLibrary,
        settings: StyleSettings,
        content_frame: ContentFrame,
        *,
        temporal_term: TemporalTerm | None,
        fixed: Tensor | None,
        graphs: StepGraphs,
    ) -> None:
        self._network = network
        self._library = library
        self._settings = settings
        self._content_frame = content_frame
        self._circular = content_frame.circular
        self._temporal_term = temporal_term
        self._fixed = fixed if fixed is None or self._circular is None else self._circular.fixed(fixed)
        self._graphs = graphs
        self._reach = network.reach(compared_layers(settings))

    def optimize(
        self, sizes: Sequence[Size], image: Tensor, counter: StepCounter, *, detail: Tensor | None = None
    ) -> Outcome:
        """The result at the last of the sizes.

        Args:
            sizes: (height, width) of each scale, coarse to fine.
            image: (1, 3, h, w) in 0..1, of any size; what the first scale begins with.
            detail: (1, 3, h, w) in 0..1, of any size: the warped image that a coarser scale does no more than
                correct, as its detail is kept where it is reliable. None for a cold start.

        Raises:
            ImageError: there are no sizes.
            RuntimeError: PyTorch is out of memory, however small the tiles.
        """
        moments: Moments | None = None
        outcome: Outcome | None = None
        for scale, (height, width) in enumerate(sizes):
            if outcome is None:
                finer = resize(image, height, width)
            else:
                with timed(counter.stage_done, Stage.ENLARGING):
                    finer = self._enlarged(image, (height, width), detail)
            moments = moments and moments.resized(height, width)
            finer = finer.clamp(0.0, 1.0)
            if self._circular is not None:
                finer = self._circular.merged(finer)
            if outcome is not None and counter.shares[scale] == 0:
                outcome.image = finer
                break
            with timed(counter.stage_done, Stage.STEPS, (height, width)):
                outcome = self._optimize_scale(finer, counter, scale, moments)
            image, moments = outcome.image, outcome.moments
            counter.taken += outcome.steps
            if outcome.stopped is Stopped.CANCELLED:
                break
        if outcome is None:
            raise ImageError("the content has no size")
        # A cancelled cold start may have ended at a coarse scale.
        outcome.image = resize(outcome.image, *sizes[-1]).clamp(0.0, 1.0)
        return outcome

    def _enlarged(self, image: Tensor, size: Size, detail: Tensor | None) -> Tensor:
        """What a finer scale begins with: the result of the coarser one with detail that this cannot show."""
        if self._settings.local_weight == 0.0 or len(octave_sizes(*size)) == 1:
            return resize(image, *size) + lost_detail(self._content_frame.content, image.shape[-2:], size)
        painted = with_painted_detail(image, size, self._content_frame, self._library)
        if detail is None:
            return painted
        kept = with_as_much_detail(_corrected(detail, image, size), painted, image.shape[-2:])
        if self._temporal_term is not None:
            known = (resize(self._temporal_term.reliability, *size) / _KEPT_FROM).clamp(0.0, 1.0)
            kept = torch.lerp(painted, kept, known)
        return self._with_fixed_of(detail, kept)

    def _with_fixed_of(self, start: Tensor | None, image: Tensor) -> Tensor:
        """The image with the fixed pixels of what a warm frame started from, if it is of their size."""
        fixed = self._fixed
        if start is None or fixed is None or not start.shape[-2:] == image.shape[-2:] == fixed.shape[-2:]:
            return image
        return torch.where(fixed, start, image)

    def _optimize_scale(
        self, image: Tensor, counter: StepCounter, scale: int, moments: Moments | None
    ) -> Outcome:
        """One scale, again in smaller tiles after out of memory."""
        for halvings in range(_HALVINGS):
            try:
                return self._optimize_in_tiles(image, counter, scale, moments, halvings)
            except RuntimeError as error:
                if not is_memory_shortage(error):
                    raise
            give_back_freed_memory(image.device)
        return self._optimize_in_tiles(image, counter, scale, moments, _HALVINGS)

    def _optimize_in_tiles(
        self, image: Tensor, counter: StepCounter, scale: int, moments: Moments | None, halvings: int
    ) -> Outcome:
        height, width = image.shape[-2:]
        term, fixed = self._constraints_at(height, width)
        objective = self._objective(image, term, fixed, halvings)
        run = OptimizationRun(
            counter.shares[scale],
            decay_learning_rate=scale == len(counter.shares) - 1,
            moments=moments,
            hessian_diagonal=0.0 if term is None else term.hessian_diagonal,
            fixed=fixed,
            constrained=None if self._circular is None else self._circular.merged,
            renew=objective.renew if self._settings.local_weight > 0.0 else None,
            renew_every=RENEW_EVERY,
            smoothed=without_mesh if term is None else partial(_with_less_mesh, reliability=term.reliability),
        )
        replayed = self._graphs.replaying(objective.value_and_grad, image, run)
        return optimize(image, replayed, self._settings, run, counter.callbacks_at(height, width))

    def _constraints_at(self, height: int, width: int) -> tuple[TemporalTerm | None, Tensor | None]:
        """The temporal term, and which pixels are fixed, at a size."""
        term, fixed = self._temporal_term, self._fixed
        if term is not None and term.target.shape[-2:] != (height, width):
            term = term.reduced(height, width)
        if fixed is not None and fixed.shape[-2:] != (height, width):
            fixed = reduced(fixed.float(), height, width) >= _WHOLLY
        return term, fixed

    def _objective(
        self, image: Tensor, term: TemporalTerm | None, fixed: Tensor | None, halvings: int
    ) -> StyleObjective:
        height, width = image.shape[-2:]
        content_frame = self._content_frame.at(height, width)
        windows = self._fitting_windows(image, halvings)
        # One alone is the published objective.
        sizes = octave_sizes(height, width) if self._settings.local_weight > 0.0 else [(height, width)]
        octaves = octave_losses(self._settings, self._network, sizes)
        coarser = zip(octaves[1:], sizes[1:], strict=True)
        return StyleObjective(
            self._network,
            self._settings,
            content_frame.content,
            content_frame.regions(self._library),
            visible=content_frame.visible,
            temporal_term=term,
            windows=windows,
            active_region=self._active_region(image, fixed, windows),
            octave=octaves[0],
            coarser=list(self._coarser(coarser, content_frame, image, term, fixed, halvings=halvings)),
        )

    def _coarser(
        self,
        octaves: Iterable[tuple[OctaveLosses, tuple[int, int]]],
        content_frame: ContentFrame,
        image: Tensor,
        term: TemporalTerm | None,
        fixed: Tensor | None,
        *,
        halvings: int,
    ) -> Iterator[FeatureObjective]:
        """The objectives of the image at smaller sizes."""
        emphasis = None if term is None else term.emphasis
        for losses, size in octaves:
            content_frame, image = content_frame.reduced(*size), reduced(image, *size)
            emphasis = emphasis and emphasis.reduced(*size)
            fixed = fixed if fixed is None else reduced(fixed.float(), *size) >= _WHOLLY
            windows = self._fitting_windows(image, halvings)
            yield FeatureObjective(
                self._network,
                losses,
                content_frame.content,
                content_frame.regions(self._library),
                style_gain=1.0 if term is None else term.style_gain,
                emphasis=emphasis,
                windows=windows,
                active_region=self._active_region(image, fixed, windows),
            )

    def _fitting_windows(self, image: Tensor, halvings: int) -> list[Window]:
        height, width = image.shape[-2:]
        return fitting_windows(
            height, width, image.device, self._network.dtype, self._reach, halvings=halvings
        )

    def _active_region(
        self, image: Tensor, fixed: Tensor | None, windows: Sequence[Window]
    ) -> ActiveRegion | None:
        """The part around all pixels that are not fixed, if it is small enough; of frames without tiles."""
        if fixed is None or len(windows) > 1:
            return None
        window = around(~fixed, self._reach, self._reach)
        height, width = image.shape[-2:]
        if window is None or window.outer.area > MAX_ACTIVE_SHARE * height * width:
            return None
        return ActiveRegion(window, image)


def _corrected(warped: Tensor, image: Tensor, size: Size) -> Tensor:
    """A warped image with what a coarser scale has changed in it, but for waves of two pixels."""
    small = resize(warped, *image.shape[-2:])
    return resize(warped, *size) + resize(without_mesh(image - small), *size)


def _with_less_mesh(image: Tensor, reliability: Tensor) -> Tensor:
    """An image (1, 3, H, W) without the mesh where nothing is known, and with less of it where it is held."""
    return torch.lerp(image, without_mesh(image), 1.0 - _LEFT_WHERE_HELD * reliability)
