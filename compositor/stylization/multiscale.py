"""Takes an image through the scales of a pyramid, each optimized in as many windows as memory asks for."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from compositor.errors import ImageError
from compositor.hardware.allocator import give_back_freed_memory
from compositor.hardware.device import is_out_of_memory
from compositor.image_ops.resize import resize
from compositor.losses.objective import ActiveRegion, StyleObjective
from compositor.losses.temporal_hold import TemporalTerm
from compositor.networks.features import FeatureNetwork
from compositor.networks.layer_weights import layer_weights
from compositor.optimization.adam import Moments
from compositor.optimization.cuda_graphs import StepGraphs
from compositor.optimization.loop import Outcome, optimize
from compositor.progress import Stopped
from compositor.settings import StyleSettings
from compositor.stylization.content_frame import ContentFrame
from compositor.stylization.step_counter import StepCounter
from compositor.stylization.style_library import StyleLibrary
from compositor.tiling.memory_plan import fitting_windows
from compositor.tiling.windows import around

# A part of the frame is worth looking at alone up to this share of its area: setting it up costs a step.
WORTH_FOCUSING = 0.8
# Times that the tiles are halved before memory is given up on.
_HALVINGS = 8


class MultiscaleOptimizer:
    """One frame's way down.

    Args:
        content_frame: the frame at full size.
        hold: ties the full size to the frame before.
        fixed: (1, 1, H, W) bool, pixels that stay as they are at full size.
        graphs: what steps are replayed by.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        library: StyleLibrary,
        settings: StyleSettings,
        content_frame: ContentFrame,
        *,
        hold: TemporalTerm | None,
        fixed: Tensor | None,
        graphs: StepGraphs,
    ) -> None:
        self._network = network
        self._library = library
        self._settings = settings
        self._content_frame = content_frame
        self._hold = hold
        self._fixed = fixed
        self._graphs = graphs
        layers = layer_weights(settings.content_layers) | layer_weights(settings.style_layers)
        self._reach = network.reach(layers)

    def through(self, sizes: Sequence[tuple[int, int]], image: Tensor, counter: StepCounter) -> Outcome:
        """The result at the last of the sizes, from an image (1, 3, h, w) in 0..1 of any size.

        Raises:
            ImageError: there are no sizes.
            RuntimeError: PyTorch's, for want of memory however small the windows.
        """
        moments: Moments | None = None
        outcome: Outcome | None = None
        for scale, (height, width) in enumerate(sizes):
            finer = resize(image, height, width)
            if outcome is not None:
                finer = finer + _lost_detail(
                    self._content_frame.content, outcome.image.shape[-2:], (height, width)
                )
            moments = moments and moments.resized(height, width)
            outcome = self._within_memory(finer.clamp(0.0, 1.0), counter, scale, moments)
            image, moments = outcome.image, outcome.moments
            counter.taken += outcome.steps
            if outcome.stopped is Stopped.CANCELLED:
                break
        if outcome is None:
            raise ImageError("the content has no size")
        # A cancelled cold start may have ended at a coarse scale.
        outcome.image = resize(outcome.image, *sizes[-1]).clamp(0.0, 1.0)
        return outcome

    def _within_memory(
        self, image: Tensor, counter: StepCounter, scale: int, moments: Moments | None
    ) -> Outcome:
        for halvings in range(_HALVINGS):
            try:
                return self._optimize(image, counter, scale, moments, halvings)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            give_back_freed_memory(image.device)
        return self._optimize(image, counter, scale, moments, _HALVINGS)

    def _optimize(
        self, image: Tensor, counter: StepCounter, scale: int, moments: Moments | None, halvings: int
    ) -> Outcome:
        height, width = image.shape[-2:]
        finest = scale == len(counter.shares) - 1
        hold, fixed = (self._hold, self._fixed) if finest else (None, None)
        steps, objective = counter.shares[scale], self._objective(image, hold, fixed, halvings).value_and_grad
        return optimize(
            image,
            self._graphs.replaying(objective, image, steps),
            steps,
            self._settings,
            settle=finest,
            moments=moments,
            hessian_diagonal=0.0 if hold is None else hold.hessian_diagonal,
            fixed=fixed,
            after_step=counter.at_scale(height, width),
            snapshot_due=counter.snapshot_due,
            take_snapshot=counter.take_snapshot,
            cancelled=counter.cancelled,
        )

    def _objective(
        self, image: Tensor, hold: TemporalTerm | None, fixed: Tensor | None, halvings: int
    ) -> StyleObjective:
        height, width = image.shape[-2:]
        content_frame = self._content_frame.at(height, width)
        windows = fitting_windows(
            height, width, image.device, self._network.dtype, self._reach, halvings=halvings
        )
        return StyleObjective(
            self._network,
            self._settings,
            content_frame.content,
            content_frame.regions(self._library),
            visible=content_frame.visible,
            hold=hold,
            windows=windows,
            active_region=None if fixed is None or len(windows) > 1 else self._active_region(image, fixed),
        )

    def _active_region(self, image: Tensor, fixed: Tensor) -> ActiveRegion | None:
        """The part around all that may change, if it is small enough."""
        window = around(~fixed, self._reach, self._reach)
        height, width = image.shape[-2:]
        if window is None or window.outer.area > WORTH_FOCUSING * height * width:
            return None
        return ActiveRegion(window, image)


def _lost_detail(content: Tensor, coarse: Sequence[int], fine: tuple[int, int]) -> Tensor:
    """What a coarser scale could not show of the content, (1, 3, H, W), around zero.

    Added when a coarse result goes to the next scale: shapes that are small for the coarse one come back at
    once instead of being drawn again by the content loss, and stay where they are.
    """
    target = resize(content, *fine)
    return target - resize(resize(content, coarse[0], coarse[1]), *fine)
