"""Stylises one frame: arrays in, an array and a report out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from compositor.arrays import check_image, check_size, map_to_tensor, size_text, to_array, to_tensor
from compositor.canvas import Canvas, left_as_rendered, make_canvas
from compositor.capacity import MemoryPlan, memory_plan
from compositor.descent import Descent
from compositor.device import choose_device, describe_device, feature_dtype, memory_shortage_is_told
from compositor.download import Report as Fetching
from compositor.errors import ImageError
from compositor.features import FeatureNetwork
from compositor.layers import layer_weights
from compositor.mix import mix
from compositor.normalized_network import normalize_network
from compositor.objective import Hold, StyleObjective
from compositor.optimize import Outcome
from compositor.pyramid import fit, scale_sizes, share_steps
from compositor.report import CancelCheck, ProgressCallback, Report, SnapshotCallback, Stopped
from compositor.run import Run
from compositor.settings import StyleSettings
from compositor.start import start_image
from compositor.styles import Style, StyleLibrary
from compositor.upsampling import bring_up
from compositor.weights import load_network
from compositor.working_size import painted_size

# Pixels: longer side of the pictures over which a normalised network's means are taken.
_NORMALIZING_SIZE = 384


@dataclass(frozen=True)
class Temporal:
    """Ties a frame to the result of the one before.

    Attributes:
        target: (h, w, 3) float32, 0..1: the previous `optimised` picture, warped to this frame.
        reliability: (h, w) float32, 0 (revealed: free) to 1.
        weight: of the temporal loss.
        still: (h, w) bool, where the start image is kept to the last bit.
    """

    target: np.ndarray
    reliability: np.ndarray
    weight: float
    still: np.ndarray | None = None


@dataclass(frozen=True)
class Detail:
    """Ties the finish of a frame, which is done at full size, to that of the one before.

    Attributes:
        added: (H, W, 3) float32 in -1..1, what finishing added to the frame before, moved to this one.
        reliability: (H, W) float32, 0 to 1.
        still: (H, W) bool, where it is kept as it was.
    """

    added: np.ndarray
    reliability: np.ndarray
    still: np.ndarray


@dataclass(frozen=True)
class Stylized:
    """A styled frame and how it came about.

    Attributes:
        image: float32 in 0..1 with the content's shape: what the artist gets, mixed with the render.
        optimised: (h, w, 3) float32 in 0..1: what the optimisation ended with, at the size that the frame was
            painted at; the next frame starts from it.
        added: (H, W, 3) float32 in -1..1: what finishing added to that at full size; None if it was not done.
    """

    image: np.ndarray
    optimised: np.ndarray
    report: Report
    added: np.ndarray | None = None


class StyleEngine:
    """A network and its styles, ready to stylise frame after frame.

    Args:
        settings: how to stylise.
        styles: one style picture, (h, w, 3) float32, sRGB in 0..1, or several `Style`s.
        fetching: told how far the download of a network is that was asked for by name.

    Raises:
        DeviceError, WeightsError, LayerError, SettingsError, ImageError: see there.
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
        self._network = self._make_network(listed, fetching)
        self._network.check(layer_weights(settings.content_layers))
        self._network.check(layer_weights(settings.style_layers))
        self._library = StyleLibrary(listed, settings, self._network, self.device)

    @property
    def styles(self) -> list[Style]:
        """The styles as they were given."""
        return self._library.styles

    @property
    def style_digest(self) -> str:
        """A hash of the style pictures, see `StyleLibrary.digest`."""
        return self._library.digest

    def memory_plan(self, height: int, width: int) -> MemoryPlan:
        """What a frame of this size is going to take of the memory there is now."""
        layers = layer_weights(self.settings.content_layers) | layer_weights(self.settings.style_layers)
        network = self._network
        return memory_plan(height, width, self.device, network.dtype, network.reach(layers))

    def stylize(
        self,
        content: np.ndarray,
        *,
        masks: Mapping[str, np.ndarray] | None = None,
        keep: np.ndarray | None = None,
        initial: np.ndarray | None = None,
        start: np.ndarray | None = None,
        temporal: Temporal | None = None,
        detail: Detail | None = None,
        steps: int | None = None,
        progress: ProgressCallback | None = None,
        snapshot: SnapshotCallback | None = None,
        cancelled: CancelCheck | None = None,
    ) -> Stylized:
        """Stylises one frame.

        Without `start` this is a cold start: a pyramid of scales from `initial`, or from the image that
        `settings.start` names. With it, the optimisation begins at full size from that image.

        A large frame is painted at a smaller size (h, w), see `painted_size`, brought up by the content
        (`compositor.upsampling`) and finished there with a few steps, before it is mixed with it.

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
            progress: called during the optimisation, on the calling thread.
            snapshot: called every `settings.snapshot_every` steps.
            cancelled: asked between two steps; when it says yes the image of that moment is returned.

        Raises:
            ImageError: an array is no image, too small, of another size than the content, or missing.
            MemoryShortageError: the frame is too large for the device.
        """
        check_image(content, "content")
        if initial is not None:
            check_size(check_image(initial, "initial image"), content, "initial image")
        height, width = self.painted_size(*content.shape[:2])
        for name, array in (("start image", start), ("temporal target", temporal and temporal.target)):
            if array is not None and check_image(array, name).shape[:2] != (height, width):
                raise ImageError(f"the {name} is {size_text(array)}, the content {width}×{height} px")
        begun = time.perf_counter()
        if start is None:
            self.adopt_colours(content)
        kept = left_as_rendered(content, self._library, masks or {}, keep)
        canvas = make_canvas(
            content,
            self._library,
            masks or {},
            kept,
            colour=self.settings.colour,
            device=self.device,
            reduction=height / content.shape[0],
        )
        sizes = [(height, width)]
        if start is None:
            sizes = scale_sizes(height, width, self.settings.coarsest_size)
        finishing = self.settings.finishing_steps if (height, width) != content.shape[:2] else 0
        tell = partial(
            Run,
            full_size=content.shape[:2],
            snapshot_every=self.settings.snapshot_every,
            progress=progress,
            snapshot=snapshot,
            cancelled=cancelled,
        )
        shares = share_steps(self.settings.steps if steps is None else steps, len(sizes))
        run = tell(shares, later=finishing)
        descent = Descent(
            self._network,
            self._library,
            self.settings,
            canvas,
            hold=self._hold(temporal),
            fixed=self._fixed(temporal),
        )
        with memory_shortage_is_told(f"a frame of {width}×{height} px"):
            outcome = descent.through(sizes, self._first_image(canvas, initial, start), run)
            painted = outcome.image
            brought = bring_up(painted, canvas.at(height, width).content, canvas.content)
            finished = brought
            if finishing and outcome.stopped is not Stopped.CANCELLED:
                run = tell([finishing], taken=run.taken)
                weight = 0.0 if temporal is None else temporal.weight
                outcome = self._finished(brought, canvas, detail, weight, run)
                finished = outcome.image
        report = Report(
            steps=run.taken,
            seconds=time.perf_counter() - begun,
            losses=outcome.losses,
            stopped=outcome.stopped,
            scales=sizes,
            device=describe_device(self.device),
        )
        image = mix(content, to_array(finished), self.settings, kept)
        added = to_array(finished - brought) if finishing else None
        return Stylized(image, to_array(painted), report, added)

    def painted_size(self, height: int, width: int) -> tuple[int, int]:
        """(h, w) at which frames of this size are painted, see `compositor.working_size`."""
        return painted_size(height, width, self.settings, self.device.type)

    def adopt_colours(self, content: np.ndarray) -> None:
        """Recolours the style pictures to a shot's first frame, where `settings.colour` asks for it.

        A cold start does so by itself.
        """
        self._library.adopt_colours(content)

    def style_error(self, image: np.ndarray, mask: np.ndarray | None = None) -> float:
        """The style loss (see `compositor.losses`) of an image (H, W, 3) by the styles without region.

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
        regions = Canvas(wanted, None, {None: part}).regions(self._library)
        return float(StyleObjective(self._network, self.settings, wanted, regions)(seen)[loss])

    def _make_network(self, styles: Sequence[Style], fetching: Fetching | None) -> FeatureNetwork:
        settings = self.settings
        weights = load_network(settings.network, settings.input_normalization, fetching)
        if settings.normalized_network:
            pictures = [check_image(style.image, "style picture")[..., :3] for style in styles]
            small = [fit(to_tensor(each, self.device), _NORMALIZING_SIZE) for each in pictures]
            weights = normalize_network(weights, small, settings.pooling)
        dtype = feature_dtype(settings.precision, self.device)
        return FeatureNetwork(weights, settings.pooling, self.device, dtype)

    def _first_image(self, canvas: Canvas, initial: np.ndarray | None, start: np.ndarray | None) -> Tensor:
        given = initial if start is None else start
        if given is None:
            return start_image(canvas.content, self._library, self.settings)
        return to_tensor(given[..., :3], self.device)

    def _finished(
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
            fixed = map_to_tensor(detail.still.astype(np.float32), self.device) > 0.5
        descent = Descent(
            self._network,
            self._library,
            self.settings,
            replace(canvas, reduction=1.0),
            hold=hold,
            fixed=fixed if fixed is not None and bool(fixed.any()) else None,
        )
        height, width = brought.shape[-2:]
        return descent.through([(height, width)], start, run)

    def _hold(self, temporal: Temporal | None) -> Hold | None:
        if temporal is None or temporal.weight == 0.0:
            return None
        check_size(temporal.reliability, temporal.target, "reliability map")
        reliability = map_to_tensor(temporal.reliability, self.device)
        return Hold(to_tensor(temporal.target[..., :3], self.device), reliability, temporal.weight)

    def _fixed(self, temporal: Temporal | None) -> Tensor | None:
        if temporal is None or temporal.still is None or not temporal.still.any():
            return None
        check_size(temporal.still, temporal.target, "map of still pixels")
        return map_to_tensor(temporal.still.astype(np.float32), self.device) > 0.5
