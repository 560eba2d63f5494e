"""Style engine: a feature network and its styles, which stylize frame after frame (neural style transfer)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from compositor.hardware.allocator import keep_freed_memory
from compositor.hardware.device import choose_device, describe_device, translate_out_of_memory
from compositor.hardware.precision import chosen_precision, feature_dtype
from compositor.image_ops.arrays import check_image, check_size, map_to_tensor, to_array, to_tensor
from compositor.image_ops.blend import mix
from compositor.image_ops.light import with_light, without_light
from compositor.image_ops.resize import fit
from compositor.losses.local_style_distance import DistanceSummary, LocalStyleDistance, WindowDistances
from compositor.losses.objective import StyleObjective
from compositor.losses.style_targets import compared_layers
from compositor.networks.activation_normalization import normalize_network
from compositor.networks.download import DownloadProgress as Fetching
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import load_network
from compositor.progress import FrameCallbacks, FrameReport
from compositor.settings import Precision, StyleSettings, with_own_settings
from compositor.stylization.content_frame import ContentFrame, make_content_frame, make_unstyled_mask
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.frame_optimizer import FrameOptimizer
from compositor.stylization.initial_image import make_initial_image
from compositor.stylization.pyramid import Scale, Size, frame_scales
from compositor.stylization.step_counter import StepCounter
from compositor.stylization.style_library import Style, StyleLibrary, check_style
from compositor.stylization.temporal import DetailConstraint, StylizedFrame, TemporalConstraint
from compositor.stylization.working_size import padded_working_size, working_size_text
from compositor.tiling.memory_plan import MemoryPlan, fitting_windows, memory_plan, upsampling_plan

# Pixels: longer side of the pictures over which a normalized network's means are taken.
_NORMALIZING_SIZE = 384


class StyleEngine:
    """A feature network and its styles on one device.

    Args:
        settings: how to stylize.
        styles: one style picture, (h, w, 3 or 4) float32, sRGB in 0..1, or several `Style`s.
        fetching: called with the progress of a download, if the network has to be fetched.
        auto_precision: what the precision `auto` is taken for; None leaves that to the hardware.

    Attributes:
        precision: of the features; never `auto`.

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
        auto_precision: Precision | None = None,
    ) -> None:
        self.settings = settings
        self.device = choose_device(settings.device)
        precision = settings.precision
        if precision is Precision.AUTO and auto_precision is not None:
            precision = auto_precision
        self.precision = chosen_precision(precision, self.device)
        if self.device.type == "cuda":
            torch.backends.cudnn.benchmark = True
        listed = [Style(styles)] if isinstance(styles, np.ndarray) else styles
        with translate_out_of_memory("the network", "close other programs"):
            self._network = self._make_network(listed, fetching)
        layers = compared_layers(settings)
        self._network.check(layers)
        self._reach = self._network.reach(layers)
        self._library = StyleLibrary(listed, settings, self._network, self.device)
        self._optimizer = FrameOptimizer(self._network, self._library, settings, self.device)
        self._local_distance: LocalStyleDistance | None = None
        self._possible_size: tuple[int, int] | None = None

    @property
    def styles(self) -> list[Style]:
        """The styles as they were given."""
        return self._library.styles

    @property
    def style_digest(self) -> str:
        """A hash of the style pictures, see `StyleLibrary.digest`."""
        return self._library.digest

    def memory_plan(self, height: int, width: int, margin: int = 0) -> MemoryPlan:
        """The memory that a frame of this size, in px, will take at most: optimized and enlarged.

        Args:
            margin: as in `FrameInputs`, included in the width.
        """
        full, working = (height, width), self.working_size(height, width, margin)
        plans = [memory_plan(*working, self.device, self._network.dtype, self._reach)]
        if working != full:
            plans.append(upsampling_plan(height, width, self.device))
        return max(plans, key=lambda plan: plan.expected_bytes)

    def check_memory(self, height: int, width: int, margin: int = 0) -> None:
        """Raises MemoryShortageError if a frame of this size can never be stylized here."""
        self.memory_plan(height, width, margin).check(f"a frame of {width}×{height} px")

    def plan_text(self, height: int, width: int, margin: int = 0) -> str:
        """`1920×1080, optimized at 960×540 and upsampled, on CPU, about 2.1 GiB of memory`.

        Args:
            margin: as in `FrameInputs`, included in the width; the text is about the frame without.
        """
        inner = width - 2 * margin
        size = working_size_text((height, inner), self.working_size(height, inner)) or f"{inner}×{height}"
        return f"{size}, on {self.device.type.upper()}, {self.memory_plan(height, width, margin)}"

    def stylize(
        self,
        inputs: FrameInputs,
        *,
        temporal: TemporalConstraint | None = None,
        detail: DetailConstraint | None = None,
        steps: int | None = None,
        scales: Sequence[Scale] | None = None,
        callbacks: FrameCallbacks | None = None,
    ) -> StylizedFrame:
        """Stylizes one frame.

        A large frame is optimized at its working size (h, w), see `working_size`, enlarged by the content
        (`compositor.stylization.enlarging`), given its light, and mixed with the render.

        Args:
            inputs: content, masks, and what the optimization begins with: a cold or a warm start.
            temporal: ties the frame to the previous result.
            detail: ties its strokes at full size to the previous ones.
            steps: overrides `settings.steps`.
            scales: overrides those of `frame_scales`; ends with the working size.
            callbacks: progress, snapshots, cancellation; called on the calling thread.

        Raises:
            ImageError: an array is no image, too small, of another size than the content, or missing.
            SettingsError: one of the frame's own settings is none, or out of range.
            MemoryShortageError: the frame is too large for the device.
        """
        begun = time.perf_counter()
        settings = with_own_settings(self.settings, inputs.own_settings)
        size = self._checked_working_size(inputs, temporal)
        if inputs.size != self._possible_size:
            self.check_memory(*inputs.size, inputs.margin)
            self._possible_size = inputs.size
        rendered = inputs.content
        inputs = replace(inputs, content=without_light(rendered, inputs.content_light))
        if not inputs.is_warm_start:
            self.match_colors_to(inputs.content)
        unstyled_mask = make_unstyled_mask(inputs, self._library)
        content_frame = make_content_frame(
            inputs,
            self._library,
            unstyled_mask,
            color=self.settings.color,
            device=self.device,
            working_scale=size[0] / inputs.size[0],
        )
        if scales is None:
            scales = self._scales(size, inputs, self.settings.steps if steps is None else steps)

        def blend(optimized: np.ndarray, columns: slice = slice(None)) -> np.ndarray:
            mask = None if unstyled_mask is None else unstyled_mask[:, columns]
            lit = with_light(optimized, inputs.styled_light)
            return mix(rendered[:, columns], lit, settings, mask)

        inner = slice(inputs.margin, inputs.size[1] - inputs.margin)
        counter = StepCounter(
            [each.steps for each in scales],
            inputs.size,
            callbacks or FrameCallbacks(),
            margin=inputs.margin,
            snapshot_every=self.settings.snapshot_every,
            finish=lambda image: blend(image, inner),
        )
        with translate_out_of_memory(f"a frame of {size[1]}×{size[0]} px"), keep_freed_memory(self.device):
            initial = self._initial_image(content_frame, inputs)
            optimized = replace(self._optimizer, settings=settings).optimize(
                content_frame,
                [each.size for each in scales],
                initial,
                counter,
                is_warm_start=inputs.is_warm_start,
                temporal=temporal,
                detail=detail,
            )
        report = FrameReport(
            steps=optimized.steps,
            seconds=time.perf_counter() - begun,
            losses=optimized.outcome.losses,
            stopped=optimized.outcome.stopped,
            scales=[each.size for each in scales],
            device=describe_device(self.device),
        )
        enlarged = to_array(optimized.enlarged)
        detailed = None if size == inputs.size else enlarged
        return StylizedFrame(blend(enlarged), to_array(optimized.image), report, detailed)

    def working_size(self, height: int, width: int, margin: int = 0) -> tuple[int, int]:
        """(h, w) that frames of this size are optimized at, see `compositor.stylization.working_size`.

        Args:
            margin: as in `FrameInputs`, included in both widths.
        """
        return padded_working_size(height, width, margin, self.settings, self.device.type)

    def match_colors_to(self, content: np.ndarray) -> None:
        """Recolors the style pictures to the first frame of a shot (color transfer), if the settings say so.

        A cold start does so by itself.
        """
        self._library.match_colors_to(content)
        self._local_distance = None

    def style_error(self, image: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The style loss (see `compositor.losses.terms`) of an image (H, W, 3) by the styles without region.

        Args:
            mask: (H, W) float32 in 0..1, the part of the image that is measured; None for all of it.
        """
        share = 1.0 if mask is None else max(float(mask.mean()), 1e-6)
        return self._error(image, image, mask, "style") / share

    def content_error(self, image: np.ndarray, content: np.ndarray) -> float:
        """The content loss of an image (H, W, 3) against a content of the same size."""
        check_size(image, content, "image")
        return self._error(image, content, None, "content")

    def local_style_distance(
        self, image: np.ndarray, mask: np.ndarray | None = None
    ) -> dict[str, DistanceSummary] | None:
        """How far each part of an image is from the nearest part of the style pictures without region.

        Args:
            image: (H, W, 3 or 4) float32, sRGB in 0..1.
            mask: (H, W) in 0..1, the part of the image that is measured; None for all of it.

        Returns:
            Mean and 90th percentile over windows, by layer, see `compositor.losses.local_style_distance`;
            None where no window lies at least half within the mask.
        """
        return self.window_distances(image).summary(mask)

    def window_distances(self, image: np.ndarray) -> WindowDistances:
        """The same, window by window, from which several masks can be summed up."""
        with translate_out_of_memory("the local style distance"), torch.no_grad():
            if self._local_distance is None:
                pictures = self._library.pictures_without_region()
                self._local_distance = LocalStyleDistance(
                    self._measuring_network(),
                    [picture.image for picture in pictures],
                    style_scale=self.settings.style_scale,
                    visible=[picture.visible for picture in pictures],
                )
            return self._local_distance.of(to_tensor(check_image(image, "image")[..., :3], self.device))

    def _measuring_network(self) -> FeatureNetwork:
        """The network with plain float32 features: neither normalized nor rounded."""
        settings = self.settings
        if self._network.dtype is torch.float32 and not settings.normalized_network:
            return self._network
        weights = load_network(settings.network, settings.input_normalization)
        return FeatureNetwork(weights, settings.pooling, self.device)

    def _error(self, image: np.ndarray, content: np.ndarray, mask: np.ndarray | None, loss: str) -> float:
        own, target = (
            to_tensor(check_image(each, "image")[..., :3], self.device) for each in (image, content)
        )
        part = None if mask is None else map_to_tensor(mask, self.device)
        regions = ContentFrame(target, None, {None: part}).regions(self._library)
        network, (height, width) = self._network, own.shape[-2:]
        windows = fitting_windows(height, width, self.device, network.dtype, self._reach)
        # Only Gatys' losses are asked for: the local style would search for nothing.
        settings = replace(self.settings, contrast_weight=0.0, local_weight=0.0)
        objective = StyleObjective(network, settings, target, regions, windows=windows)
        return float(objective(own)[loss])

    def _make_network(self, styles: Sequence[Style], fetching: Fetching | None) -> FeatureNetwork:
        settings = self.settings
        weights = load_network(settings.network, settings.input_normalization, fetching)
        if settings.normalized_network:
            for style in styles:
                check_style(style.image, "style picture")
            small = [fit(to_tensor(each.color, self.device), _NORMALIZING_SIZE) for each in styles]
            visible = [
                None
                if each.visible is None
                else fit(map_to_tensor(each.visible, self.device), _NORMALIZING_SIZE)
                for each in styles
            ]
            weights = normalize_network(weights, small, settings.pooling, visible)
        dtype = feature_dtype(self.precision, self.device)
        return FeatureNetwork(weights, settings.pooling, self.device, dtype)

    def _checked_working_size(
        self, inputs: FrameInputs, temporal: TemporalConstraint | None
    ) -> tuple[int, int]:
        """The working size (h, w); raises ImageError where an array of the inputs does not go with it."""
        inputs.check_content()
        size = self.working_size(*inputs.size, inputs.margin)
        inputs.check_working_size(size, None if temporal is None else temporal.target)
        return size

    def _scales(self, size: Size, inputs: FrameInputs, steps: int) -> list[Scale]:
        """The scales up to the working size, with the margins of a panorama."""
        circular, (height, width) = inputs.circular, size
        inner = width if circular is None else circular.inner(width)
        scales = frame_scales(height, inner, self.settings, steps, is_warm_start=inputs.is_warm_start)
        if circular is None:
            return scales
        return [replace(each, size=(each.size[0], circular.padded(each.size[1]))) for each in scales]

    def _initial_image(self, content_frame: ContentFrame, inputs: FrameInputs) -> Tensor:
        """What the optimization begins with, (1, 3, H, W) or (1, 3, h, w)."""
        given = inputs.initial_image if inputs.warm_start_image is None else inputs.warm_start_image
        if given is None:
            return make_initial_image(content_frame.content, self._library, self.settings)
        return to_tensor(given[..., :3], self.device)
