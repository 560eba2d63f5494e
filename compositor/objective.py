"""The objective of one scale: fixed targets, and the weighted sum of the losses against them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from compositor.features import FeatureNetwork
from compositor.losses import content_loss, gram, style_loss, temporal_loss, tv_loss
from compositor.settings import StyleSettings


@dataclass(frozen=True)
class Hold:
    """The temporal loss's target (1, 3, H, W), reliability (1, 1, H, W) and weight."""

    target: Tensor
    reliability: Tensor
    weight: float


class StyleObjective:
    """Losses of an image against one frame's content and one style (Gatys 2016, equation 7, and more).

    Several content or style layers share their weight equally (Gatys' w_l = 1/number of layers).
    """

    def __init__(
        self,
        network: FeatureNetwork,
        settings: StyleSettings,
        content: Tensor,
        style_grams: dict[str, Tensor],
        hold: Hold | None = None,
    ) -> None:
        self._network = network
        self._settings = settings
        self._hold = hold
        self._style_grams = style_grams
        self._layers = (*settings.content_layers, *settings.style_layers)
        with torch.no_grad():
            self._content = network(content, settings.content_layers)

    @staticmethod
    def style_targets(network: FeatureNetwork, style: Tensor, settings: StyleSettings) -> dict[str, Tensor]:
        """The style picture's Gram matrix (C, C) of every style layer."""
        with torch.no_grad():
            features = network(style, settings.style_layers)
            return {layer: gram(features[layer]) for layer in settings.style_layers}

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """The unweighted losses `content`, `style`, `tv`, when tied `temporal`, and the weighted `total`."""
        settings = self._settings
        features = self._network(image, self._layers)
        zero = image.new_zeros(())
        content = sum((content_loss(features[layer], self._content[layer]) for layer in self._content), zero)
        style = sum(
            (style_loss(features[layer], self._style_grams[layer]) for layer in self._style_grams), zero
        )
        losses = {
            "content": content / max(1, len(self._content)),
            "style": style / max(1, len(self._style_grams)),
            "tv": tv_loss(image),
        }
        total = (
            settings.content_weight * losses["content"]
            + settings.style_weight * losses["style"]
            + settings.tv_weight * losses["tv"]
        )
        if self._hold is not None:
            losses["temporal"] = temporal_loss(image, self._hold.target, self._hold.reliability)
            total = total + self._hold.weight * losses["temporal"]
        return losses | {"total": total}
