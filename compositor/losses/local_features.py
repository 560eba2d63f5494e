"""Local features term: every position's features, pulled to the most similar ones of the style picture.

A Gram matrix of the whole frame is matched by strong strokes anywhere: large flat areas of the render stay
unpainted, the more the larger the frame. This term is a sum over positions, each with its own target:
Σ ‖F_x − S_n(x)‖², where n(x) is the position of the style picture whose features, less their mean, have the
smallest cosine distance to those at x. The targets are renewed every few steps and are constant in between.

Nearest neighbors by the centered cosine distance as in Kolkin et al. 2022, Neural Neighbor Style Transfer,
section 3.3, and with a squared error that is minimized towards them as in Li and Wand 2016, Combining Markov
Random Fields and Convolutional Neural Networks, equation 2 with patches of one position. Departs from the
former, whose loss is the cosine distance itself: that leaves the amplitude free, and flat areas weak. A
search by the squared error that is minimized would pair weak features with weak ones, for the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.losses.local_term import LocalTerm, StyleMaps, TargetKey, drawn, mostly
from compositor.losses.terms import squared_sum

ENTRIES = 4096
"""Features of the style pictures that are searched, at most: the time goes in proportion."""

# Positions whose similarities to all entries are in memory at once.
_BLOCK = 2048


@dataclass(frozen=True)
class StyleDictionary:
    """Features of the style pictures at one layer.

    Attributes:
        values: (K, C) float32.
        mean: (C) float32, of the pictures.
        keys: (K, C), values less the mean, at unit length; of the network's dtype.
        energy: scalar, the mean of ‖value − mean‖².
    """

    values: Tensor
    mean: Tensor
    keys: Tensor
    energy: Tensor

    @classmethod
    def of(cls, pictures: Sequence[StyleMaps]) -> StyleDictionary:
        """From a layer's maps of several pictures.

        Each picture has its share of the entries, of positions that are drawn once and for all among those
        of which at least half is visible.
        """
        shown = [(each.positions.float()[mostly(each.mask)], each.share) for each in pictures]
        total = min(ENTRIES, *(len(positions) / share for positions, share in shown))
        values = torch.cat([each[drawn(len(each), round(share * total))] for each, share in shown])
        mean = torch.stack([share * each.mean(dim=0) for each, share in shown]).sum(dim=0)
        centered = values - mean
        keys = F.normalize(centered, dim=1).to(pictures[0].features.dtype)
        energy = centered.square().sum(dim=1).mean().clamp_min(1e-12)
        return cls(values, mean, keys, energy)

    def nearest(self, features: Tensor) -> Tensor:
        """(H·W) int64: for each position of maps (1, C, H, W) the entry with the smallest cosine distance."""
        blocks = _positions(features).split(_BLOCK)
        return torch.cat([self._nearest(block) for block in blocks])

    def _nearest(self, features: Tensor) -> Tensor:
        directions = F.normalize(features - self.mean, dim=1).to(self.keys.dtype)
        # On a CPU `argmax` takes four times as long.
        return (directions @ self.keys.T).max(dim=1).indices


class FeaturesTerm(LocalTerm[StyleDictionary]):
    """The squared differences of one frame's features to their targets."""

    def distance_sum(self, features: Tensor, mask: Tensor | None, key: TargetKey) -> Tensor:
        """Their sum over the positions of features (1, C, H, W), by a mask (1, 1, H, W); differentiable.

        It is relative: the positions of the style would have a mean of 1, had they their mean for target.
        """
        dictionary = self.style(key)
        entries = self.entries(key, lambda: dictionary.nearest(features))
        height, width = features.shape[-2:]
        targets = dictionary.values[entries].view(1, height, width, -1).permute(0, 3, 1, 2)
        # In place: a further map of this size would be kept for the backward pass.
        return squared_sum((features.float() - targets).mul_(dictionary.energy.rsqrt()), mask)


def _positions(features: Tensor) -> Tensor:
    """(H·W, C) float32, of maps (1, C, H, W)."""
    return features.detach()[0].flatten(1).T.float()
