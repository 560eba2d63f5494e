"""Stylises one frame: arrays in, an array and a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from compositor.device import choose_device, describe_device
from compositor.errors import ImageError
from compositor.features import SMALLEST_SIDE, FeatureNetwork
from compositor.objective import Hold, StyleObjective
from compositor.optimize import Outcome, optimize
from compositor.pyramid import resize, scale_sizes, share_steps
from compositor.report import CancelCheck, Progress, ProgressCallback, Report, Stopped
from compositor.settings import Start, StyleSettings
from compositor.weights import load_weights


@dataclass(frozen=True)
class Temporal:
    """Ties a frame to the result of the one before.

    Attributes:
        target: (H, W, 3) float32, 0..1: the previous result, warped to this frame.
        reliability: (H, W) float32, 0 (revealed: free) to 1.
        weight: of the temporal loss.
    """

    target: np.ndarray
    reliability: np.ndarray
    weight: float


@dataclass(frozen=True)
class Stylized:
    """A styled frame, float32 in 0..1 with the content's shape, and how it came about."""

    image: np.ndarray
    report: Report


class StyleEngine:
    """A network and a style, ready to stylise frame after frame.

    Args:
        settings: how to stylise.
        style: (h, w, 3) float32, sRGB in 0..1: the style picture.

    Raises:
        DeviceError, WeightsError, LayerError, ImageError: see there.
    """

    def __init__(self, settings: StyleSettings, style: np.ndarray) -> None:
        self.settings = settings
        self.device = choose_device(settings.device)
        if self.device.type == "cuda":
            torch.backends.cudnn.benchmark = True
        self._network = FeatureNetwork(load_weights(), settings.pooling, self.device)
        self._network.check((*settings.content_layers, *settings.style_layers))
        self._style = self._tensor(check_image(style, "style picture")[..., :3])
        self._style_grams: dict[tuple[int, int], dict[str, Tensor]] = {}

    def stylize(
        self,
        content: np.ndarray,
        *,
        start: np.ndarray | None = None,
        temporal: Temporal | None = None,
        steps: int | None = None,
        progress: ProgressCallback | None = None,
        cancelled: CancelCheck | None = None,
    ) -> Stylized:
        """Stylises one frame.

        Without `start` this is a cold start: a pyramid of scales from the image that `settings.start` names.
        With it, the optimisation begins at full size from that image.

        Args:
            content: (H, W, 3) or (H, W, 4) float32, sRGB in 0..1, straight alpha, which is passed on.
            start: (H, W, 3) float32 in 0..1.
            temporal: ties the frame to the previous result.
            steps: overrides `settings.steps`.
            progress: called during the optimisation, on the calling thread.
            cancelled: asked between two steps; when it says yes the image of that moment is returned.

        Raises:
            ImageError: an array is no image, too small, or of another size than the content.
        """
        check_image(content, "content")
        height, width = content.shape[:2]
        for name, array in (("start image", start), ("temporal target", temporal and temporal.target)):
            if array is not None and check_image(array, name).shape[:2] != (height, width):
                raise ImageError(f"the {name} is {_size(array)}, the content {_size(content)}")
        begun = time.perf_counter()
        target = self._tensor(content[..., :3])
        if start is None:
            sizes = scale_sizes(height, width, self.settings.coarsest_size)
            image = self._start_image(target)
        else:
            sizes, image = [(height, width)], self._tensor(start[..., :3])
        run = _Run(
            share_steps(self.settings.steps if steps is None else steps, len(sizes)), progress, cancelled
        )
        outcome = self._descend(run, image, target, sizes, self._hold(temporal))
        styled = outcome.image[0].permute(1, 2, 0).cpu().numpy().astype(np.float32)
        report = Report(
            steps=run.taken,
            seconds=time.perf_counter() - begun,
            losses=outcome.losses,
            stopped=outcome.stopped,
            scales=sizes,
            device=describe_device(self.device),
        )
        return Stylized(np.concatenate([styled, content[..., 3:]], axis=2), report)

    def style_error(self, image: np.ndarray) -> float:
        """The style loss (see `compositor.losses`) of an image (H, W, 3) against this engine's style."""
        tensor = self._tensor(check_image(image, "image")[..., :3])
        with torch.no_grad():
            objective = self._objective(tensor, None)
            return float(objective(tensor)["style"])

    def _descend(
        self, run: _Run, image: Tensor, content: Tensor, sizes: Sequence[tuple[int, int]], hold: Hold | None
    ) -> Outcome:
        moments, outcome = None, None
        for scale, (height, width) in enumerate(sizes):
            target = resize(content, height, width)
            finer = resize(image, height, width)
            if outcome is not None:
                # What the coarser scale could not show of the content comes back with its detail.
                coarse = resize(content, *outcome.image.shape[-2:])
                finer = finer + (target - resize(coarse, height, width))
            outcome = optimize(
                finer.clamp(0.0, 1.0),
                self._objective(target.clamp(0.0, 1.0), hold),
                run.shares[scale],
                self.settings,
                settle=scale == len(sizes) - 1,
                moments=moments and moments.resized(height, width),
                after_step=run.at_scale(height, width),
                cancelled=run.cancelled,
            )
            image, moments = outcome.image, outcome.moments
            run.taken += outcome.steps
            if outcome.stopped is Stopped.CANCELLED:
                break
        if outcome is None:
            raise ImageError("the content has no size")
        # A cancelled cold start may have ended at a coarse scale.
        outcome.image = resize(outcome.image, *sizes[-1]).clamp(0.0, 1.0)
        return outcome

    def _objective(self, content: Tensor, hold: Hold | None) -> StyleObjective:
        height, width = content.shape[-2:]
        grams = self._style_grams.get((height, width))
        if grams is None:
            style = self._style_at(max(height, width))
            grams = StyleObjective.style_targets(self._network, style, self.settings)
            self._style_grams[height, width] = grams
        return StyleObjective(self._network, self.settings, content, grams, hold)

    def _style_at(self, longer_side: int) -> Tensor:
        """The style picture with its longer side as the frame's times `style_scale`, never enlarged:
        an enlarged picture has no strokes of the size of a pixel, and teaches blur.
        """
        height, width = self._style.shape[-2:]
        factor = min(1.0, longer_side * self.settings.style_scale / max(height, width))
        size = (max(SMALLEST_SIDE, round(side * factor)) for side in (height, width))
        return resize(self._style, *size).clamp(0.0, 1.0)

    def _start_image(self, content: Tensor) -> Tensor:
        if self.settings.start is Start.CONTENT:
            return content
        # Drawn on the CPU, so that a seed means the same picture on every device.
        generator = torch.Generator().manual_seed(self.settings.seed)
        noise = torch.randn(content.shape, generator=generator).to(self.device)
        return (0.5 + 0.15 * noise).clamp(0.0, 1.0)

    def _hold(self, temporal: Temporal | None) -> Hold | None:
        if temporal is None or temporal.weight == 0.0:
            return None
        if temporal.reliability.shape != temporal.target.shape[:2]:
            raise ImageError("the reliability map and the temporal target differ in size")
        reliability = torch.from_numpy(np.ascontiguousarray(temporal.reliability, dtype=np.float32))
        return Hold(self._tensor(temporal.target), reliability[None, None].to(self.device), temporal.weight)

    def _tensor(self, image: np.ndarray) -> Tensor:
        array = np.ascontiguousarray(image, dtype=np.float32)
        return torch.from_numpy(array).permute(2, 0, 1)[None].to(self.device).contiguous()


class _Run:
    """The steps and callbacks of one frame over all its scales."""

    def __init__(
        self, shares: list[int], progress: ProgressCallback | None, cancelled: CancelCheck | None
    ) -> None:
        self.shares = shares
        self.taken = 0
        self.cancelled = cancelled or (lambda: False)
        self._progress = progress
        self._begun = time.perf_counter()

    def at_scale(self, height: int, width: int) -> Callable[[int, dict[str, float]], None]:
        """What `optimize` calls after its steps at one scale."""

        def after_step(step: int, losses: dict[str, float]) -> None:
            if self._progress is not None:
                done = self.taken + step
                rate = done / max(time.perf_counter() - self._begun, 1e-9)
                self._progress(Progress(done, sum(self.shares), height, width, losses, rate))

        return after_step


def check_image(image: np.ndarray, name: str) -> np.ndarray:
    """The array, if it is an image (H, W, 3 or 4) of finite numbers and large enough for the network.

    Raises:
        ImageError: it is not; the message names it.
    """
    if image.ndim != 3 or image.shape[2] not in (3, 4):
        raise ImageError(f"the {name} has shape {image.shape}, not (height, width, 3 or 4)")
    if min(image.shape[:2]) < SMALLEST_SIDE:
        raise ImageError(f"the {name} is {_size(image)}: each side must have at least {SMALLEST_SIDE} px")
    if not np.isfinite(image).all():
        raise ImageError(f"the {name} has pixels that are not finite numbers")
    return image


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]}×{image.shape[0]} px"
