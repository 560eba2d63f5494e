"""Feature statistics of a frame: the sums over its pixels that the losses are functions of.

They are taken window by window (tiles), so that a frame larger than memory has the same loss and gradient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.convolution.geometry import layer_size, layer_stride
from compositor.losses import terms
from compositor.losses.local_term import LocalTerm, TargetKey
from compositor.losses.style_statistics import PixelSum
from compositor.losses.temporal_term import Emphasis
from compositor.networks.features import FeatureNetwork
from compositor.tiling.windows import Window

CONTENT_ERROR = PixelSum("content error", terms.squared_sum)
"""The squared differences to the content's features."""


class LocalSum(Enum):
    """Sums whose target differs from place to place, see `LocalTerm`."""

    FEATURES = "local features"
    WINDOWS = "local windows"


class StatisticKey(NamedTuple):
    """Names a sum at a layer; `region` is the index of a style's region."""

    statistic: PixelSum | LocalSum
    layer: str
    region: int = 0


FeatureStatistics = dict[StatisticKey, Tensor]


class FrameStatistics:
    """Computes the sums of images against one content.

    Args:
        content: (1, 3, H, W), sRGB in 0..1.
        masks: of each region, (1, 1, H, W) in 0..1, or None for everywhere.
        style_sums: what is summed at the style layers, for each region.
        local_terms: the terms of the local style loss, each with its layers.
        emphasis: by how much pixels count in the style sums and the local terms; None for all alike.
        replicate: see `FeatureNetwork`.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        content: Tensor,
        content_layers: Iterable[str],
        style_layers: Iterable[str],
        masks: Sequence[Tensor | None],
        *,
        style_sums: Sequence[PixelSum],
        local_terms: Mapping[LocalSum, tuple[LocalTerm, Iterable[str]]],
        emphasis: Emphasis | None = None,
        replicate: bool,
    ) -> None:
        self._network = network
        self._picture = content
        self._content_layers, self._style_layers = tuple(content_layers), tuple(style_layers)
        self._local_terms = [
            (name, term, layer) for name, (term, layers) in local_terms.items() for layer in layers
        ]
        local_layers = tuple(layer for _, _, layer in self._local_terms)
        self._masked_layers = tuple(dict.fromkeys(self._style_layers + local_layers))
        self._layers = tuple(dict.fromkeys(self._content_layers + self._masked_layers))
        self._style_sums = tuple(style_sums)
        self._replicate = replicate
        self._content: dict[Window, dict[str, Tensor]] = {}
        height, width = content.shape[-2:]
        self._coverage = {each: coverage(height, width, each, content.device) for each in self._layers}
        self._masks = [self._at_layers(mask, self._masked_layers) for mask in masks]
        self._style_masks = self._local_masks = self._masks
        if emphasis is not None:
            self._style_masks, self._local_masks = (
                [self._at_layers(factor if mask is None else mask * factor, layers) for mask in masks]
                for factor, layers in ((emphasis.style, self._style_layers), (emphasis.local, local_layers))
            )

    def of(self, image: Tensor, window: Window) -> FeatureStatistics:
        """The sums over a window.

        Args:
            image: (1, 3, h, w), the window's outer part of the image.
        """
        features = self._features(image, window, self._layers)
        content = self.content(window)
        sums: FeatureStatistics = {
            StatisticKey(CONTENT_ERROR, layer): self._squared_sum(
                features[layer].float() - content[layer].float(), window, layer
            )
            for layer in self._content_layers
        }
        for layer in self._style_layers:
            for region, masks in enumerate(self._style_masks):
                mask = self._part(masks[layer], window, layer)
                for each in self._style_sums:
                    sums[StatisticKey(each, layer, region)] = each.of(features[layer], mask)
        for name, term, layer in self._local_terms:
            for region, masks in enumerate(self._local_masks):
                mask = self._part(masks[layer], window, layer)
                found = term.distance_sum(features[layer], mask, TargetKey(window, region, layer))
                sums[StatisticKey(name, layer, region)] = found
        return sums

    def content(self, window: Window) -> Mapping[str, Tensor]:
        """The content's features in a window, by layer; computed once for each window."""
        if window not in self._content:
            with torch.no_grad():
                picture = window.outer.of(self._picture)
                self._content[window] = self._features(picture, window, self._content_layers)
        return self._content[window]

    def content_energy(self, window: Window) -> dict[str, Tensor]:
        """The squared features of the content, summed over a window, by layer."""
        return {name: self._squared_sum(maps, window, name) for name, maps in self.content(window).items()}

    def forget_content(self) -> None:
        """Frees the features that `content` has cached."""
        self._content.clear()

    def count(self, layer: str, region: int) -> Tensor | float:
        """The number of a layer's pixels in a region: the sum of its mask."""
        return self._sum(self._masks[region][layer], layer)

    def style_count(self, layer: str, region: int) -> Tensor | float:
        """The same, of pixels as they count in the style sums."""
        return self._sum(self._style_masks[region][layer], layer)

    def _sum(self, mask: Tensor | None, layer: str) -> Tensor | float:
        if mask is None:
            height, width = self._full(layer)
            return float(height * width)
        return mask.sum().clamp_min(terms.LEAST_COUNT)

    def _features(self, image: Tensor, window: Window, layers: Sequence[str]) -> dict[str, Tensor]:
        maps = self._network(image, layers, replicate=self._replicate)
        return {
            name: window.features(each, layer_stride(name), self._full(name)) for name, each in maps.items()
        }

    def _full(self, layer: str) -> tuple[int, int]:
        """(height, width) of a layer's maps for the whole frame."""
        height, width = self._picture.shape[-2:]
        return layer_size(height, width, layer_stride(layer))

    def _at_layers(self, mask: Tensor | None, layers: Iterable[str]) -> dict[str, Tensor | None]:
        """A region's mask at each layer's size, each value the mean over the pixels that it stands for."""
        if mask is None:
            return {layer: self._coverage[layer] for layer in layers}
        result: dict[str, Tensor | None] = {}
        for layer in layers:
            share, covered = F.adaptive_avg_pool2d(mask, self._full(layer)), self._coverage[layer]
            result[layer] = share if covered is None else share * covered
        return result

    def _squared_sum(self, maps: Tensor, window: Window, layer: str) -> Tensor:
        return CONTENT_ERROR.of(maps, self._part(self._coverage[layer], window, layer))

    def _part(self, mask: Tensor | None, window: Window, layer: str) -> Tensor | None:
        return None if mask is None else window.within(layer_stride(layer), self._full(layer)).of(mask)


def coverage(height: int, width: int, layer: str, device: torch.device) -> Tensor | None:
    """The share of each of a layer's pixels that lies inside the picture, (1, 1, h, w); None if all is 1.

    Poolings keep a last odd row or column. With full weight, the few pixels of the picture behind it would
    get a gradient many times as large as the others', and show as a dotted line.
    """
    stride = layer_stride(layer)
    if height % stride == 0 and width % stride == 0:
        return None
    rows, columns = (
        torch.arange(size, 0, -stride, device=device).clamp_max(stride) / stride for size in (height, width)
    )
    return (rows[:, None] * columns)[None, None]


def added(first: FeatureStatistics, second: FeatureStatistics, factor: float = 1.0) -> FeatureStatistics:
    """first + factor · second; a sum that only one of them has is kept, with its factor."""
    result = dict(first)
    for key, value in second.items():
        result[key] = result[key] + factor * value if key in result else factor * value
    return result
