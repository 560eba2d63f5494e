"""Local style term: every position's features are pulled to the most similar ones of the style picture.

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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.tiling.windows import Window

RENEW_EVERY = 10
"""Steps between two searches for the most similar features."""

ENTRIES = 4096
"""Features of the style pictures that are searched, at most: the time goes in proportion."""

# Share of a position from which on it counts as visible.
_MOSTLY = 0.5
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
    def of(
        cls, features: Sequence[tuple[Tensor, float]], visible: Sequence[Tensor | None] = ()
    ) -> StyleDictionary:
        """From the feature maps (1, C, h, w) of several pictures, with the share of each; they add up to 1.

        Each picture has its share of the entries, of positions that are drawn once and for all.

        Args:
            visible: of each picture, (1, 1, h, w) in 0..1: positions of which less than half is visible are
                no entries. None, or nothing at all, for all of them.
        """
        masks = visible or [None] * len(features)
        shown = [_shown(_positions(maps), mask) for (maps, _), mask in zip(features, masks, strict=True)]
        shares = [share for _, share in features]
        total = min(ENTRIES, *(len(each) / share for each, share in zip(shown, shares, strict=True)))
        drawn = [_drawn(each, round(share * total)) for each, share in zip(shown, shares, strict=True)]
        values = torch.cat(drawn)
        mean = torch.stack([share * each.mean(dim=0) for each, share in zip(shown, shares, strict=True)]).sum(
            dim=0
        )
        centered = values - mean
        keys = F.normalize(centered, dim=1).to(features[0][0].dtype)
        energy = centered.square().sum(dim=1).mean().clamp_min(1e-12)
        return cls(values, mean, keys, energy)

    def nearest(self, features: Tensor) -> Tensor:
        """(H·W) int64: for each position of maps (1, C, H, W) the entry with the smallest cosine distance."""
        blocks = _positions(features).split(_BLOCK)
        return torch.cat([self._nearest(block) for block in blocks])

    def _nearest(self, features: Tensor) -> Tensor:
        directions = F.normalize(features - self.mean, dim=1).to(self.keys.dtype)
        return (directions @ self.keys.T).argmax(dim=1)


class LocalStyle:
    """The local style term's targets for one frame: an entry of a dictionary for each position.

    Args:
        dictionaries: by layer, for each region of the frame.
    """

    def __init__(self, dictionaries: Sequence[Mapping[str, StyleDictionary]]) -> None:
        self._dictionaries = dictionaries
        self._entries: dict[tuple[Window, int, str], Tensor] = {}
        self._due: set[tuple[Window, int, str]] = set()

    def renew(self) -> None:
        """Has the entries found anew for the features that are given next, window by window."""
        self._due = set(self._entries)

    def difference(self, features: Tensor, window: Window, region: int, layer: str) -> Tensor:
        """The differences of features (1, C, H, W) to their targets, float32, differentiable.

        They are relative: over all positions of the style their mean squared length would be 1, had they the
        mean for target.
        """
        dictionary = self._dictionaries[region][layer]
        entries = self._found(features, dictionary, (window, region, layer))
        height, width = features.shape[-2:]
        targets = dictionary.values[entries].view(1, height, width, -1).permute(0, 3, 1, 2)
        # In place: a further map of this size would be kept for the backward pass.
        return (features.float() - targets).mul_(dictionary.energy.rsqrt())

    def _found(self, features: Tensor, dictionary: StyleDictionary, key: tuple[Window, int, str]) -> Tensor:
        if key not in self._entries:
            with torch.no_grad():
                self._entries[key] = dictionary.nearest(features)
        elif key in self._due:
            # In place: a captured CUDA graph reads from this memory.
            with torch.no_grad():
                self._entries[key].copy_(dictionary.nearest(features))
        self._due.discard(key)
        return self._entries[key]


def _positions(features: Tensor) -> Tensor:
    """(H·W, C) float32, of maps (1, C, H, W)."""
    return features.detach()[0].flatten(1).T.float()


def _shown(positions: Tensor, visible: Tensor | None) -> Tensor:
    """The rows of positions at least half of which is visible; where there is none, the most visible ones."""
    if visible is None:
        return positions
    share = visible.flatten()
    return positions[share >= min(_MOSTLY, float(share.max()))]


def _drawn(positions: Tensor, count: int) -> Tensor:
    """At most so many of the rows, at least one, the same ones in every run and on every device."""
    count = max(1, count)
    if len(positions) <= count:
        return positions
    chosen = torch.randperm(len(positions), generator=torch.Generator().manual_seed(0))[:count]
    return positions[chosen.to(positions.device)]
