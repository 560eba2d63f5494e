"""Stylizes one frame: arrays in, an array and a report out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from compositor.errors import ImageError
from compositor.hardware.allocator import keep_freed_memory
from compositor.hardware.device import choose_device, describe_device, translate_out_of_memory
from compositor.hardware.precision import feature_dtype
from compositor.image_ops.arrays import check_image, check_size, map_to_tensor, size_text, to_array, to_tensor
from compositor.image_ops.blend import mix
from compositor.image_ops.resize import fit
from compositor.losses.objective import StyleObjective
from compositor.networks.activation_normalization import normalize_network
from compositor.networks.download import Report as Fetching
from compositor.networks.features import FeatureNetwork
from compositor.networks.layer_weights import layer_weights
from compositor.networks.weights import load_network
from compositor.progress import CancelCheck, ProgressCallback, Report, SnapshotCallback
from compositor.settings import StyleSettings
from compositor.stylization.content_frame import ContentFrame, make_content_frame, make_unstyled_mask
from compositor.stylization.frame_optimizer import FrameOptimizer
from compositor.stylization.initial_image import start_image
from compositor.stylization.pyramid import scale_sizes, share_steps
from compositor.stylization.step_counter import StepCounter
from compositor.stylization.style_library import Style, StyleLibrary
from compositor.stylization.temporal import DetailConstraint, StylizedFrame, TemporalConstraint
from compositor.stylization.working_size import working_size, working_size_text
from compositor.tiling.memory_plan import MemoryPlan, fitting_windows, memory_plan, upsampling_plan

# Pixels: longer side of the pictures over which a normalized network's means are taken.
_NORMALIZING_SIZE = 384


class StyleEngine:
    """A network and its styles, ready to stylize frame after frame.

    Args:
        settings: how to stylize.
        styles: one style picture, (h, w, 3) float32, sRGB in 0..1, or several `Style`s.
        fetching: told how far the download of a network is that was asked for by name.

    Raises:
        DeviceError, WeightsError, LayerError, SettingsError, ImageError: see there.
        MemoryShortageError: the network does not fit.
    """

    def __init__(
        self,
        settings: StyleSettings,
        styles: np.ndarray | Sequence[Style],
        *,
        fetching: Fetching | None = None,
    ) -> None:
        self.settings = settings
        self.device = choose_device(settings.device)
        if self.device.type == "cuda":
            torch.backends.cudnn.benchmark = True
        listed = [Style(styles)] if isinstance(styles, np.ndarray) else styles
        with translate_out_of_memory("the network", "close other programs"):
            self._network = self._make_network(listed, fetching)
        content_layers, style_layers = map(layer_weights, (settings.content_layers, settings.style_layers))
        self._network.check(content_layers)
        self._network.check(style_layers)
        self._reach = self._network.reach(content_layers | style_layers)
        self._library = StyleLibrary(listed, settings, self._network, self.device)
        self._optimizer = FrameOptimizer(self._network, self._library, settings, self.device)

    @property
    def styles(self) -> list[Style]:
        """The styles as they were given."""
        return self._library.styles

    @property
    def style_digest(self) -> str:
        """A hash of the style pictures, see `StyleLibrary.digest`."""
        return self._library.digest

    def memory_plan(self, height: int, width: int) -> MemoryPlan:
        """What a frame of this size is going to take at most of the memory there is now.

        That of the size at which it is painted, or at full size if that takes more: to be brought up, and to
        be finished if it is.
        """
        full, painted = (height, width), self.working_size(height, width)
        sizes = {painted, full} if self.settings.finishing_steps else {painted}
        plans = [memory_plan(*size, self.device, self._network.dtype, self._reach) for size in sorted(sizes)]
        if painted != full:
            plans.append(upsampling_plan(height, width, self.device))
        return max(plans, key=lambda plan: plan.expected_bytes)

    def plan_text(self, height: int, width: int) -> str:
        """`1920×1080, painted at 960×540 and brought up, on cpu, about 2.1 GiB of memory`."""
        size = working_size_text((height, width), self.working_size(height, width)) or f"{width}×{height}"
        return f"{size}, on {self.device.type}, {self.memory_plan(height, width)}"

    def stylize(
        self,
        content: np.ndarray,
        *,
        masks: Mapping[str, np.ndarray] | None = None,
        keep: np.ndarray | None = None,
        initial: np.ndarray | None = None,
        start: np.ndarray | None = None,
        temporal: TemporalConstraint | None = None,
        detail: DetailConstraint | None = None,
        steps: int | None = None,
        progress: ProgressCallback | None = None,
        snapshot: SnapshotCallback | None = None,
        cancelled: CancelCheck | None = None,
    ) -> StylizedFrame:
        """Stylizes one frame.

        Without `start` this is a cold start: a pyramid of scales from `initial`, or from the image that
        `settings.start` names. With it, the optimization begins at full size from that image.

        A large frame is painted at a smaller size (h, w), see `working_size`, brought up by the content
        (`compositor.image_ops.joint_upsampling`) and finished there with a few steps, before it is mixed
        with it.

        Args:
            content: (H, W, 3) or (H, W, 4) float32, sRGB in 0..1, straight alpha, which is passed on. What is
                transparent takes no part in the style or the total variation.
            masks: by region, (H, W) float32 in 0..1; a style without a region goes wherever they are not.
            keep: (H, W) float32 in 0..1, where the frame is left as rendered.
            initial: (H, W, 3) float32 in 0..1.
            start: (h, w, 3) float32 in 0..1.
            temporal: ties the frame to the previous result.
            detail: ties its finish to the previous one.
            steps: overrides `settings.steps`.
            progress: called during the optimization, on the calling thread.
            snapshot: called every `settings.snapshot_every` steps.
            cancelled: asked between two steps; when it says yes the image of that moment is returned.

        Raises:
            ImageError: an array is no image, too small, of another size than the content, or missing.
            MemoryShortageError: the frame is too large for the device.
        """
        size = self._checked_size(content, initial, start, temporal)
        begun = time.perf_counter()
        if start is None:
            self.match_colors_to(content)
        full, masks = (content.shape[0], content.shape[1]), masks or {}
        unstyled_mask = make_unstyled_mask(content, self._library, masks, keep)
        content_frame = make_content_frame(
            content,
            self._library,
            masks,
            unstyled_mask,
            color=self.settings.color,
            device=self.device,
            reduction=size[0] / full[0],
        )
        sizes = [size] if start is not None else scale_sizes(*size, self.settings.coarsest_size)
        finishing = self.settings.finishing_steps if size != full else 0
        counter = StepCounter(
            share_steps(self.settings.steps if steps is None else steps, len(sizes)),
            full,
            snapshot_every=self.settings.snapshot_every,
            later=finishing,
            progress=progress,
            snapshot=snapshot,
            cancelled=cancelled,
        )
        with translate_out_of_memory(f"a frame of {size[1]}×{size[0]} px"), keep_freed_memory(self.device):
            first = self._first_image(content_frame, initial, start)
            painted = self._optimizer.optimize(
                content_frame, sizes, first, counter, finishing=finishing, temporal=temporal, detail=detail
            )
        report = Report(
            steps=painted.steps,
            seconds=time.perf_counter() - begun,
            losses=painted.outcome.losses,
            stopped=painted.outcome.stopped,
            scales=sizes,
            device=describe_device(self.device),
        )
        image = mix(content, to_array(painted.finished), self.settings, unstyled_mask)
        detailed = to_array(painted.finished) if finishing else None
        return StylizedFrame(image, to_array(painted.image), report, detailed)

    def working_size(self, height: int, width: int) -> tuple[int, int]:
        """(h, w) at which frames of this size are painted, see `compositor.stylization.working_size`."""
        return working_size(height, width, self.settings, self.device.type)

    def match_colors_to(self, content: np.ndarray) -> None:
        """Recolors the style pictures to a shot's first frame, where `settings.color` asks for it.

        A cold start does so by itself.
        """
        self._library.match_colors_to(content)

    def style_error(self, image: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The style loss (see `compositor.losses.terms`) of an image (H, W, 3) by the styles without region.

        Args:
            mask: (H, W) float32 in 0..1, the part of the image that is measured.
        """
        share = 1.0 if mask is None else max(float(mask.mean()), 1e-6)
        return self._error(image, image, mask, "style") / share

    def content_error(self, image: np.ndarray, content: np.ndarray) -> float:
        """The content loss of an image (H, W, 3) against a content of the same size."""
        check_size(image, content, "image")
        return self._error(image, content, None, "content")

    def _error(self, image: np.ndarray, content: np.ndarray, mask: np.ndarray | None, loss: str) -> float:
        seen, wanted = (
            to_tensor(check_image(each, "image")[..., :3], self.device) for each in (image, content)
        )
        part = None if mask is None else map_to_tensor(mask, self.device)
        regions = ContentFrame(wanted, None, {None: part}).regions(self._library)
        network, (height, width) = self._network, seen.shape[-2:]
        windows = fitting_windows(height, width, self.device, network.dtype, self._reach)
        objective = StyleObjective(network, self.settings, wanted, regions, windows=windows)
        return float(objective(seen)[loss])

    def _make_network(self, styles: Sequence[Style], fetching: Fetching | None) -> FeatureNetwork:
        settings = self.settings
        weights = load_network(settings.network, settings.input_normalization, fetching)
        if settings.normalized_network:
            pictures = [check_image(style.image, "style picture")[..., :3] for style in styles]
            small = [fit(to_tensor(each, self.device), _NORMALIZING_SIZE) for each in pictures]
            weights = normalize_network(weights, small, settings.pooling)
        dtype = feature_dtype(settings.precision, self.device)
        return FeatureNetwork(weights, settings.pooling, self.device, dtype)

    def _checked_size(
        self,
        content: np.ndarray,
        initial: np.ndarray | None,
        start: np.ndarray | None,
        temporal: TemporalConstraint | None,
    ) -> tuple[int, int]:
        """(h, w) that the frame is painted at; raises ImageError where an array does not go with it."""
        check_image(content, "content")
        if initial is not None:
            check_size(check_image(initial, "initial image"), content, "initial image")
        height, width = self.working_size(*content.shape[:2])
        for name, array in (("start image", start), ("temporal target", temporal and temporal.target)):
            if array is not None and check_image(array, name).shape[:2] != (height, width):
                raise ImageError(f"the {name} is {size_text(array)}, the content {width}×{height} px")
        return height, width

    def _first_image(
        self, content_frame: ContentFrame, initial: np.ndarray | None, start: np.ndarray | None
    ) -> Tensor:
        given = initial if start is None else start
        if given is None:
            return start_image(content_frame.content, self._library, self.settings)
        return to_tensor(given[..., :3], self.device)
