"""Feature objective: content, style and local style loss of an image at one size, tile by tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from compositor.losses import terms
from compositor.losses.feature_statistics import (
    CONTENT_ERROR,
    FeatureStatistics,
    FrameStatistics,
    LocalSum,
    StatisticKey,
    added,
)
from compositor.losses.local_features import FeaturesTerm
from compositor.losses.local_term import LocalTerm
from compositor.losses.local_windows import WindowsTerm
from compositor.losses.loss_weights import LossWeights, OctaveLosses
from compositor.losses.style_statistics import STYLE_STATISTICS, LayerTarget
from compositor.losses.style_targets import (
    StyleTargets,
    active_local_layers,
    active_window_layers,
    replicates,
)
from compositor.losses.temporal_term import Emphasis
from compositor.networks.features import FeatureNetwork
from compositor.networks.layer_weights import layer_weights
from compositor.settings import LossScale
from compositor.tiling.windows import Window, whole

WEIGHTED = "weighted"
"""Names the weighted sum of the losses, from which the gradient is taken."""

# Factors in the local style loss. Features make strokes crisp, windows put them in the painting's order: with
# equal factors the parts that no window of the painting is much like stay farther from it.
_FEATURES_SHARE, _WINDOWS_SHARE = 0.6, 1.4


@dataclass(frozen=True)
class Region:
    """Where a style applies: a mask (1, 1, H, W) in 0..1, or None for the whole frame."""

    targets: StyleTargets
    mask: Tensor | None = None


@dataclass(frozen=True)
class ActiveRegion:
    """The only part of a frame that changes, and the image (1, 3, H, W) that the rest of it keeps."""

    window: Window
    image: Tensor


class FeatureObjective:
    """The losses of an image that are taken from the network's features, against one frame and its styles.

    Content and style losses are functions of sums over the pixels. So they and their gradient can be computed
    window by window (tiles): a first pass over the windows takes the sums, a second one the gradient, in the
    memory that one window needs. Where only a part of the frame changes, the sums over the rest are taken
    once.

    A region's style loss is weighted by the region's share of the frame, so that the pull on a pixel does not
    depend on the size of its region.

    Attributes:
        size: (H, W) of the image.

    Args:
        losses: what is compared, and by how much it counts.
        content: (1, 3, H, W), sRGB in 0..1.
        regions: the styles and where they apply.
        style_gain: factor on the style weight.
        emphasis: by how much pixels count in the style losses; None for all alike.
        windows: that the frame is computed in; None for the frame as one.
        active_region: the part that changes; None for all of it.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        losses: OctaveLosses,
        content: Tensor,
        regions: Sequence[Region],
        *,
        style_gain: float = 1.0,
        emphasis: Emphasis | None = None,
        windows: Sequence[Window] | None = None,
        active_region: ActiveRegion | None = None,
    ) -> None:
        self.size = height, width = content.shape[-2:]
        self._settings = settings = losses.settings
        self._weights = LossWeights.of(settings)
        self._style_gain, self._content_factor = style_gain, losses.content_factor
        self._local_factors = {
            LocalSum.FEATURES: _FEATURES_SHARE,
            LocalSum.WINDOWS: _WINDOWS_SHARE * losses.windows_factor,
        }
        self._regions = regions
        self._content_layers = layer_weights(settings.content_layers)
        self._style_layers = layer_weights(settings.style_layers)
        self._local_terms: Mapping[LocalSum, LocalTerm] = {
            LocalSum.FEATURES: FeaturesTerm([each.targets.dictionaries for each in regions]),
            LocalSum.WINDOWS: WindowsTerm(
                [each.targets.windows for each in regions], diagonal=losses.is_finer
            ),
        }
        self._local_layers = {
            LocalSum.FEATURES: active_local_layers(settings),
            LocalSum.WINDOWS: active_window_layers(settings),
        }
        self._style_sums = STYLE_STATISTICS[settings.style_statistic].sums
        self._shares = [1.0 if each.mask is None else float(each.mask.mean()) for each in regions]
        self._statistics = FrameStatistics(
            network,
            content,
            self._content_layers,
            self._style_layers,
            [each.mask for each in regions],
            style_sums=self._style_sums,
            local_terms={name: (term, self._local_layers[name]) for name, term in self._local_terms.items()},
            emphasis=emphasis,
            replicate=replicates(max(height, width)),
        )
        self._windows = list(windows or [whole(height, width)])
        self._outside: FeatureStatistics = {}
        self._energies = self._content_energies()
        if active_region is not None:
            self._restrict_to(active_region)

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """The losses of an image (1, 3, H, W) by name, scalars.

        `content`, `style` and, with a weight above 0, `local` are unweighted; `weighted` is their sum.
        """
        with torch.no_grad():
            return self._losses(self._total(image))

    def value_and_grad(self, image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """The losses of an image (1, 3, H, W), and the gradient of their weighted sum, of its shape."""
        if len(self._windows) == 1:
            parts = [self._tracked(image, self._windows[0])]
            total = added(self._outside, {key: value.detach() for key, value in parts[0][1].items()})
        else:
            parts = []
            with torch.no_grad():
                total = self._total(image)
        total = {key: value.detach().requires_grad_(True) for key, value in total.items()}
        result = self._losses(total)
        found = torch.autograd.grad(result[WEIGHTED], list(total.values()), allow_unused=True)
        gradient, sum_gradients = torch.zeros_like(image), dict(zip(total, found, strict=True))
        for index, window in enumerate(self._windows):
            part, sums = parts[index] if parts else self._tracked(image, window)
            used = [(sums[key], each) for key, each in sum_gradients.items() if each is not None]
            if not used:
                continue
            values, given = zip(*used, strict=True)
            (back,) = torch.autograd.grad(terms.with_gradients(values, given), part)
            window.outer.of(gradient).add_(back)
        return {name: value.detach() for name, value in result.items()}, gradient

    def renew(self) -> None:
        """Has the targets of the local style loss found anew for the image that is given next."""
        for term in self._local_terms.values():
            term.renew()

    def _tracked(self, image: Tensor, window: Window) -> tuple[Tensor, FeatureStatistics]:
        """A window's part of the image as a leaf of autograd, and the sums over it."""
        part = window.outer.of(image).detach().requires_grad_(True)
        return part, self._statistics.of(part, window)

    def _total(self, image: Tensor) -> FeatureStatistics:
        total = self._outside
        for window in self._windows:
            total = added(total, self._statistics.of(window.outer.of(image), window))
        return total

    def _content_energies(self) -> dict[str, Tensor]:
        """The sum of each content layer's squared features, over the whole frame."""
        parts = [self._statistics.content_energy(window) for window in self._windows]
        return {layer: torch.stack([part[layer] for part in parts]).sum() for layer in self._content_layers}

    def _restrict_to(self, active: ActiveRegion) -> None:
        """Makes the sums outside of the active region constants."""
        with torch.no_grad():
            total = self._total(active.image)
            self._statistics.forget_content()
            inside = self._statistics.of(active.window.outer.of(active.image), active.window)
            self._outside = added(total, inside, -1.0)
        self._windows = [active.window]
        self.renew()

    def _losses(self, sums: FeatureStatistics) -> dict[str, Tensor]:
        result = {"content": self._content_loss(sums), "style": self._style_loss(sums)}
        weights = self._weights
        weighted = weights.content * result["content"] + self._style_gain * weights.style * result["style"]
        if any(self._local_layers.values()):
            result["local"] = self._local_loss(sums)
            weighted = weighted + weights.local * result["local"]
        return result | {WEIGHTED: weighted}

    def _content_loss(self, sums: FeatureStatistics) -> Tensor:
        layers = [
            weight * self._content_distance(sums[StatisticKey(CONTENT_ERROR, layer)], layer)
            for layer, weight in self._content_layers.items()
        ]
        return self._content_factor * _added(layers, sums)

    def _content_distance(self, squares: Tensor, layer: str) -> Tensor:
        if self._settings.loss_scale is LossScale.GATYS:
            return terms.gatys_content_distance(squares)
        return terms.content_distance(squares, self._energies[layer])

    def _style_loss(self, sums: FeatureStatistics) -> Tensor:
        layers = [
            share * weight * self._layer_loss(sums, layer, index, region.targets.statistics[layer])
            for index, (region, share) in enumerate(zip(self._regions, self._shares, strict=True))
            for layer, weight in self._style_layers.items()
        ]
        return _added(layers, sums)

    def _local_loss(self, sums: FeatureStatistics) -> Tensor:
        layers = [
            (share * weight * self._local_factors[name])
            * (sums[StatisticKey(name, layer, region)] / self._statistics.count(layer, region))
            for region, share in enumerate(self._shares)
            for name, weights in self._local_layers.items()
            for layer, weight in weights.items()
        ]
        return _added(layers, sums)

    def _layer_loss(self, sums: FeatureStatistics, layer: str, region: int, target: LayerTarget) -> Tensor:
        count = self._statistics.style_count(layer, region)
        return target.distance(
            *(sums[StatisticKey(each, layer, region)] / count for each in self._style_sums)
        )


def _added(layers: list[Tensor], sums: FeatureStatistics) -> Tensor:
    """The sum of the layers' losses, scalars; 0 without layers, or in a frame where nothing is visible."""
    return torch.stack(layers).sum() if layers else next(iter(sums.values())).new_zeros(())
