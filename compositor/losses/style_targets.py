"""Style targets: the statistics of the style pictures that a frame is to match, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from compositor.losses import terms
from compositor.losses.feature_statistics import coverage
from compositor.losses.local_style import StyleDictionary
from compositor.losses.style_statistics import STYLE_STATISTICS, LayerTarget, PixelSum
from compositor.networks.features import REPLICATE_FROM, FeatureNetwork
from compositor.networks.layer_weights import layer_weights
from compositor.settings import StyleSettings


@dataclass(frozen=True)
class StyleTargets:
    """What the styles of a region look like to the network.

    Attributes:
        statistics: by style layer.
        dictionaries: by local layer, for the local style term; none if its weight is 0.
    """

    statistics: Mapping[str, LayerTarget]
    dictionaries: Mapping[str, StyleDictionary]


def replicates(longer_side: int) -> bool:
    """Whether the network replicates the borders of frames whose longer side is this long, in px."""
    return longer_side >= REPLICATE_FROM


def style_targets(
    network: FeatureNetwork,
    pictures: Sequence[tuple[Tensor, float]],
    settings: StyleSettings,
    *,
    replicate: bool,
) -> StyleTargets:
    """The targets of one or several style pictures together.

    The weighted sum of the distances to several Gram matrices is, up to a constant, the distance to their
    weighted mean; with means and covariances it is the mixture's. So there is one target however many styles.

    Args:
        pictures: (1, 3, h, w) in 0..1 with a positive weight each.
        replicate: whether borders are replicated; the same as for the frame (`replicates`).
    """
    definition = STYLE_STATISTICS[settings.style_statistic]
    layers, local_layers = layer_weights(settings.style_layers), active_local_layers(settings)
    total = sum(weight for _, weight in pictures)
    means: dict[tuple[str, PixelSum], Tensor] = {}
    local: dict[str, list[tuple[Tensor, float]]] = {layer: [] for layer in local_layers}
    with torch.no_grad():
        for picture, weight in pictures:
            share = weight / total
            features = network(picture, layers | local_layers, replicate=replicate)
            for layer in layers:
                covered = coverage(picture.shape[-2], picture.shape[-1], layer, picture.device)
                count = terms.pixel_count(features[layer], covered)
                for each in definition.sums:
                    mean = share * (each.of(features[layer], covered) / count)
                    key = layer, each
                    means[key] = means[key] + mean if key in means else mean
            for layer in local_layers:
                local[layer].append((features[layer], share))
        statistics = {
            layer: definition.target(
                tuple(means[layer, each] for each in definition.sums), settings.loss_scale
            )
            for layer in layers
        }
        return StyleTargets(statistics, {layer: StyleDictionary.of(maps) for layer, maps in local.items()})


def active_local_layers(settings: StyleSettings) -> dict[str, float]:
    """The layers of the local style term with their weights; none if the term has no weight."""
    return layer_weights(settings.local_layers) if settings.local_weight > 0.0 else {}


def compared_layers(settings: StyleSettings) -> list[str]:
    """All layers at which the objective compares a frame's features, each once."""
    content, style = layer_weights(settings.content_layers), layer_weights(settings.style_layers)
    return list(content | style | active_local_layers(settings))
