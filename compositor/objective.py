"""The objective of one scale: fixed targets, and the weighted sum of the losses against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor import losses
from compositor.features import REPLICATE_FROM, FeatureNetwork
from compositor.layers import layer_weights
from compositor.settings import LossScale, StyleSettings, StyleStatistic


@dataclass(frozen=True)
class Hold:
    """The temporal loss's target (1, 3, H, W), reliability (1, 1, H, W) and weight."""

    target: Tensor
    reliability: Tensor
    weight: float

    @property
    def stiffness(self) -> Tensor:
        """(1, 1, H, W): the diagonal of the weighted temporal loss's Hessian, which has nothing else."""
        return self.reliability * (2.0 * self.weight / self.target.numel())


@dataclass(frozen=True)
class LayerTarget:
    """A style's statistics at one layer: Gram matrix (C, C), mean (C), root (C, C) of the covariance, energy.

    Mean, root and energy are there for the Wasserstein loss alone.
    """

    gram: Tensor
    mean: Tensor | None = None
    root: Tensor | None = None
    energy: Tensor | None = None


StyleTargets = dict[str, LayerTarget]
"""By style layer."""


@dataclass(frozen=True)
class Region:
    """Where a style is wanted: a mask (1, 1, H, W) in 0..1, or None for the whole picture."""

    targets: StyleTargets
    mask: Tensor | None = None


def replicates(longer_side: int) -> bool:
    """Whether the network replicates the borders of frames of this size, in px."""
    return longer_side >= REPLICATE_FROM


def style_targets(
    network: FeatureNetwork,
    pictures: Sequence[tuple[Tensor, float]],
    settings: StyleSettings,
    *,
    replicate: bool,
) -> StyleTargets:
    """The targets that one or several style pictures (1, 3, h, w), with a weight each, ask for together.

    The weighted sum of the distances to several Gram matrices is, up to a constant, the distance to their
    weighted mean; with means and covariances it is the mixture's. So there is one target however many styles.
    Borders are to be treated as those of the frame are (`replicates`).
    """
    total = sum(weight for _, weight in pictures)
    grams: dict[str, Tensor] = {}
    means: dict[str, Tensor] = {}
    layers = layer_weights(settings.style_layers)
    with torch.no_grad():
        for picture, weight in pictures:
            features = network(picture, layers, replicate=replicate)
            for layer in layers:
                share = weight / total
                gram, mean = losses.gram(features[layer]), losses.feature_mean(features[layer])
                grams[layer] = grams[layer] + share * gram if layer in grams else share * gram
                means[layer] = means[layer] + share * mean if layer in means else share * mean
        return {layer: _layer_target(grams[layer], means[layer], settings) for layer in layers}


def _layer_target(gram: Tensor, mean: Tensor, settings: StyleSettings) -> LayerTarget:
    if settings.style_statistic is StyleStatistic.GRAM:
        return LayerTarget(gram)
    root = losses.matrix_root(gram - torch.outer(mean, mean))
    return LayerTarget(gram, mean, root, mean.square().sum() + root.square().sum())


class StyleObjective:
    """Losses of an image against one frame's content and its styles (Gatys 2016, equation 7, and more).

    A region's style loss counts by the region's share of the picture, so that a pixel is pulled equally
    strongly in a small region and in a large one.

    Args:
        content: (1, 3, H, W), sRGB in 0..1.
        regions: the styles and where they are wanted.
        visible: (1, 1, H, W) in 0..1, for the total variation; None if every pixel is seen.
        hold: ties the image to the frame before.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        settings: StyleSettings,
        content: Tensor,
        regions: Sequence[Region],
        *,
        visible: Tensor | None = None,
        hold: Hold | None = None,
    ) -> None:
        self._network = network
        self._settings = settings
        self._regions = regions
        self._visible = visible
        self._hold = hold
        self._content_layers = layer_weights(settings.content_layers)
        self._style_layers = layer_weights(settings.style_layers)
        self._layers = tuple(self._content_layers | self._style_layers)
        self._masks: dict[tuple[int, torch.Size], Tensor] = {}
        self._shares = [1.0 if each.mask is None else float(each.mask.mean()) for each in regions]
        self._replicate = replicates(max(content.shape[-2:]))
        with torch.no_grad():
            self._content = network(content, self._content_layers, replicate=self._replicate)

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """The unweighted losses `content`, `style`, `tv`, when tied `temporal`, and the weighted `total`."""
        settings = self._settings
        features = self._network(image, self._layers, replicate=self._replicate)
        result = {
            "content": self._content_loss(features, image),
            "style": self._style_loss(features, image),
            "tv": losses.tv_loss(image, self._visible),
        }
        total = (
            settings.content_weight * result["content"]
            + settings.style_weight * result["style"]
            + settings.tv_weight * result["tv"]
        )
        if self._hold is not None:
            result["temporal"] = losses.temporal_loss(image, self._hold.target, self._hold.reliability)
            total = total + self._hold.weight * result["temporal"]
        return result | {"total": total}

    def _content_loss(self, features: dict[str, Tensor], image: Tensor) -> Tensor:
        relative = self._settings.loss_scale is LossScale.RELATIVE
        distance = losses.content_loss if relative else losses.gatys_content_loss
        result = image.new_zeros(())
        for layer, weight in self._content_layers.items():
            result = result + weight * distance(features[layer], self._content[layer])
        return result

    def _style_loss(self, features: dict[str, Tensor], image: Tensor) -> Tensor:
        result = image.new_zeros(())
        for index, (region, share) in enumerate(zip(self._regions, self._shares, strict=True)):
            for layer, weight in self._style_layers.items():
                mask = self._mask_at(index, features[layer])
                loss = self._layer_loss(features[layer], region.targets[layer], mask)
                result = result + share * weight * loss
        return result

    def _layer_loss(self, features: Tensor, target: LayerTarget, mask: Tensor | None) -> Tensor:
        if target.mean is not None and target.root is not None and target.energy is not None:
            return losses.wasserstein_loss(features, target.mean, target.root, target.energy, mask)
        if self._settings.loss_scale is LossScale.GATYS:
            return losses.gatys_style_loss(features, target.gram, mask)
        return losses.style_loss(features, target.gram, mask)

    def _mask_at(self, index: int, features: Tensor) -> Tensor | None:
        """The region's mask at a layer's size, each value the mean over the pixels that it stands for."""
        mask = self._regions[index].mask
        if mask is None:
            return None
        key = index, features.shape[-2:]
        if key not in self._masks:
            self._masks[key] = F.adaptive_avg_pool2d(mask, (features.shape[-2], features.shape[-1]))
        return self._masks[key]
