"""The objective of one scale: fixed targets, the weighted sum of the losses, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from compositor.losses import terms
from compositor.losses.feature_statistics import (
    FeatureStatistics,
    FrameStatistics,
    Statistic,
    StatisticKey,
    added,
)
from compositor.losses.style_targets import LayerTarget, StyleTargets, replicates
from compositor.losses.temporal_hold import TemporalTerm
from compositor.networks.features import FeatureNetwork
from compositor.networks.layer_weights import layer_weights
from compositor.settings import LossScale, StyleSettings, StyleStatistic
from compositor.tiling.windows import Window, whole


@dataclass(frozen=True)
class Region:
    """Where a style is wanted: a mask (1, 1, H, W) in 0..1, or None for the whole picture."""

    targets: StyleTargets
    mask: Tensor | None = None


@dataclass(frozen=True)
class ActiveRegion:
    """The one part of the frame that is to change, and the image (1, 3, H, W) that the rest stays."""

    window: Window
    image: Tensor


class StyleObjective:
    """Losses of an image against one frame's content and its styles (Gatys 2016, equation 7, and more).

    Content and style losses are functions of sums over the pixels: of squared differences, and of the
    products that Gram matrices are made of. So the frame can be gone through window by window, first for the
    sums, then for the gradient, in as little memory as a window takes; and where only a part of the frame is
    to change, the sums over the rest are taken once.

    A region's style loss counts by the region's share of the picture, so that a pixel is pulled equally
    strongly in a small region and in a large one.

    Args:
        content: (1, 3, H, W), sRGB in 0..1.
        regions: the styles and where they are wanted.
        visible: (1, 1, H, W) in 0..1, for the total variation; None if every pixel is seen.
        hold: ties the image to the frame before.
        windows: what the frame is gone through in; None for the frame as one.
        focus: the part that is to change; None for all of it.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        settings: StyleSettings,
        content: Tensor,
        regions: Sequence[Region],
        *,
        visible: Tensor | None = None,
        hold: TemporalTerm | None = None,
        windows: Sequence[Window] | None = None,
        active_region: ActiveRegion | None = None,
    ) -> None:
        height, width = content.shape[-2:]
        self._settings = settings
        self._regions = regions
        self._visible = visible
        self._hold = hold
        self._content_layers = layer_weights(settings.content_layers)
        self._style_layers = layer_weights(settings.style_layers)
        self._shares = [1.0 if each.mask is None else float(each.mask.mean()) for each in regions]
        self._sums = FrameStatistics(
            network,
            content,
            self._content_layers,
            self._style_layers,
            [each.mask for each in regions],
            means=settings.style_statistic is StyleStatistic.WASSERSTEIN,
            replicate=replicates(max(height, width)),
        )
        self._windows = list(windows or [whole(height, width)])
        self._rest: FeatureStatistics = {}
        self._energies = self._content_energies()
        if active_region is not None:
            self._look_at(active_region)

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """The unweighted losses `content`, `style`, `tv`, when tied `temporal`, and the weighted `total`."""
        with torch.no_grad():
            return self._losses(self._total(image), image)

    def value_and_grad(self, image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """The losses of an image (1, 3, H, W), and the gradient of their total."""
        leaf = image.detach().requires_grad_(True)
        if len(self._windows) == 1:
            parts = [self._tracked(image, self._windows[0])]
            total = added(self._rest, {key: value.detach() for key, value in parts[0][1].items()})
        else:
            parts = []
            with torch.no_grad():
                total = self._total(image)
        total = {key: value.detach().requires_grad_(True) for key, value in total.items()}
        result = self._losses(total, leaf)
        found = torch.autograd.grad(result["total"], [leaf, *total.values()], allow_unused=True)
        gradient, pulls = found[0].clone(), dict(zip(total, found[1:], strict=True))
        for index, window in enumerate(self._windows):
            part, sums = parts[index] if parts else self._tracked(image, window)
            pulled = {key: value for key, value in sums.items() if pulls[key] is not None}
            (back,) = torch.autograd.grad(list(pulled.values()), part, [pulls[key] for key in pulled])
            window.outer.of(gradient).add_(back)
        return {name: value.detach() for name, value in result.items()}, gradient

    def _tracked(self, image: Tensor, window: Window) -> tuple[Tensor, FeatureStatistics]:
        part = window.outer.of(image).detach().requires_grad_(True)
        return part, self._sums.of(part, window)

    def _total(self, image: Tensor) -> FeatureStatistics:
        total = self._rest
        for window in self._windows:
            total = added(total, self._sums.of(window.outer.of(image), window))
        return total

    def _content_energies(self) -> dict[str, Tensor]:
        """The sum of each content layer's squared features, over the whole frame."""
        parts = [self._sums.content_energy(window) for window in self._windows]
        return {layer: torch.stack([part[layer] for part in parts]).sum() for layer in self._content_layers}

    def _look_at(self, active_region: ActiveRegion) -> None:
        with torch.no_grad():
            total = self._total(active_region.image)
            self._sums.forget_content()
            inside = self._sums.of(active_region.window.outer.of(active_region.image), active_region.window)
            self._rest = added(total, inside, -1.0)
        self._windows = [active_region.window]

    def _losses(self, sums: FeatureStatistics, image: Tensor) -> dict[str, Tensor]:
        settings = self._settings
        result = {
            "content": self._content_loss(sums),
            "style": self._style_loss(sums),
            "tv": terms.tv_loss(image, self._visible),
        }
        smooth = result["tv"]
        style_weight = settings.style_weight * (1.0 if self._hold is None else self._hold.style_gain)
        total = settings.content_weight * result["content"] + style_weight * result["style"]
        if self._hold is not None:
            result["temporal"] = terms.temporal_loss(image, self._hold.target, self._hold.reliability)
            total = total + self._hold.weight * result["temporal"]
            smooth = self._hold.smoothed(image, self._visible)
        return result | {"total": total + settings.tv_weight * smooth}

    def _content_loss(self, sums: FeatureStatistics) -> Tensor:
        terms = [
            weight * self._content_distance(sums[StatisticKey(Statistic.CONTENT, layer)], layer)
            for layer, weight in self._content_layers.items()
        ]
        return torch.stack(terms).sum()

    def _content_distance(self, squares: Tensor, layer: str) -> Tensor:
        if self._settings.loss_scale is LossScale.GATYS:
            return terms.gatys_content_distance(squares)
        return terms.content_distance(squares, self._energies[layer])

    def _style_loss(self, sums: FeatureStatistics) -> Tensor:
        terms = [
            share * weight * self._layer_loss(sums, layer, index, region.targets[layer])
            for index, (region, share) in enumerate(zip(self._regions, self._shares, strict=True))
            for layer, weight in self._style_layers.items()
        ]
        # Where nothing of the frame is visible there is no region either.
        return torch.stack(terms).sum() if terms else next(iter(sums.values())).new_zeros(())

    def _layer_loss(self, sums: FeatureStatistics, layer: str, region: int, target: LayerTarget) -> Tensor:
        count = self._sums.count(layer, region)
        gram = sums[StatisticKey(Statistic.GRAM, layer, region)] / count
        if target.mean is not None and target.root is not None and target.energy is not None:
            mean = sums[StatisticKey(Statistic.MEAN, layer, region)] / count
            return terms.gaussian_distance(gram, mean, target.mean, target.root, target.energy)
        if self._settings.loss_scale is LossScale.GATYS:
            return terms.gatys_gram_distance(gram, target.gram)
        return terms.gram_distance(gram, target.gram)
