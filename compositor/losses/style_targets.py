"""What a style asks of a picture: its statistics, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from compositor.losses import terms
from compositor.losses.feature_statistics import coverage
from compositor.networks.features import REPLICATE_FROM, FeatureNetwork
from compositor.networks.layer_weights import layer_weights
from compositor.settings import StyleSettings, StyleStatistic


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
                covered = coverage(picture.shape[-2], picture.shape[-1], layer, picture.device)
                gram = terms.gram(features[layer], covered)
                mean = terms.feature_mean(features[layer], covered)
                grams[layer] = grams[layer] + share * gram if layer in grams else share * gram
                means[layer] = means[layer] + share * mean if layer in means else share * mean
        return {layer: _layer_target(grams[layer], means[layer], settings) for layer in layers}


def _layer_target(gram: Tensor, mean: Tensor, settings: StyleSettings) -> LayerTarget:
    if settings.style_statistic is StyleStatistic.GRAM:
        return LayerTarget(gram)
    root = terms.matrix_root(gram - torch.outer(mean, mean))
    return LayerTarget(gram, mean, root, mean.square().sum() + root.square().sum())
