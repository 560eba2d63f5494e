"""Style targets: the statistics of the style pictures that a frame is to match, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from compositor.losses import terms
from compositor.losses.feature_statistics import coverage
from compositor.losses.local_features import StyleDictionary
from compositor.losses.local_windows import StyleWindows
from compositor.losses.style_statistics import STYLE_STATISTICS, LayerTarget, PixelSum
from compositor.networks.features import REPLICATE_FROM, FeatureNetwork
from compositor.networks.layer_weights import layer_weights
from compositor.settings import StyleSettings


@dataclass(frozen=True)
class StyleTargets:
    """What the styles of a region look like to the network.

    Attributes:
        statistics: by style layer.
        dictionaries: by local layer; none if the local style loss has no weight.
        windows: by window layer; none either.
    """

    statistics: Mapping[str, LayerTarget]
    dictionaries: Mapping[str, StyleDictionary]
    windows: Mapping[str, StyleWindows]


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
    layers = layer_weights(settings.style_layers)
    local_layers, window_layers = active_local_layers(settings), active_window_layers(settings)
    total = sum(weight for _, weight in pictures)
    means: dict[tuple[str, PixelSum], Tensor] = {}
    local: dict[str, list[tuple[Tensor, float]]] = {layer: [] for layer in local_layers | window_layers}
    with torch.no_grad():
        for picture, weight in pictures:
            share = weight / total
            features = network(picture, layers | dict.fromkeys(local), replicate=replicate)
            for layer in layers:
                covered = coverage(picture.shape[-2], picture.shape[-1], layer, picture.device)
                count = terms.pixel_count(features[layer], covered)
                for each in definition.sums:
                    mean = share * (each.of(features[layer], covered) / count)
                    key = layer, each
                    means[key] = means[key] + mean if key in means else mean
            for layer, maps in local.items():
                maps.append((features[layer], share))
        statistics = {
            layer: definition.target(
                tuple(means[layer, each] for each in definition.sums), settings.loss_scale
            )
            for layer in layers
        }
        return StyleTargets(
            statistics,
            dictionaries={layer: StyleDictionary.of(local[layer]) for layer in local_layers},
            windows={layer: StyleWindows.of(layer, local[layer]) for layer in window_layers},
        )


def active_local_layers(settings: StyleSettings) -> dict[str, float]:
    """The layers of the local features term with their weights; none if the local style has no weight."""
    return layer_weights(settings.local_layers) if settings.local_weight > 0.0 else {}


def active_window_layers(settings: StyleSettings) -> dict[str, float]:
    """The layers of the local windows term with their weights; none if the local style has no weight."""
    return layer_weights(settings.window_layers) if settings.local_weight > 0.0 else {}


def compared_layers(settings: StyleSettings) -> list[str]:
    """All layers at which the objective compares a frame's features, each once."""
    content, style = layer_weights(settings.content_layers), layer_weights(settings.style_layers)
    return list(content | style | active_local_layers(settings) | active_window_layers(settings))
