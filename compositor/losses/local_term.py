"""What the terms of the local style loss have in common: targets for each place, renewed every few steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

from compositor.tiling.windows import Window

RENEW_EVERY = 10
"""Steps between two searches for the most similar parts of the style pictures."""

StyleT = TypeVar("StyleT")


class StyleMaps(NamedTuple):
    """A layer's feature maps of one style picture.

    Attributes:
        features: (1, C, h, w), of the network's dtype.
        share: the picture's, of all entries; those of the pictures add up to 1.
        visible: (1, 1, h, w) in 0..1, how much of each position is visible; None for all.
    """

    features: Tensor
    share: float
    visible: Tensor | None = None

    @property
    def positions(self) -> Tensor:
        """(h·w, C), of the network's dtype."""
        return self.features[0].flatten(1).T

    @property
    def mask(self) -> Tensor:
        """(h·w) float32 in 0..1: how much of each position is visible."""
        if self.visible is None:
            return self.features.new_ones(self.features[0, 0].numel(), dtype=torch.float32)
        return self.visible.flatten()


class TargetKey(NamedTuple):
    """Names the targets of one layer in one tile of the frame, for the style of one region."""

    tile: Window
    region: int
    layer: str


class LocalTerm(ABC, Generic[StyleT]):
    """A loss with a target of its own for each place of a frame: one of many entries of the style.

    Args:
        styles: by layer, for each region of the frame.
    """

    def __init__(self, styles: Sequence[Mapping[str, StyleT]]) -> None:
        self._styles = styles
        self._entries: dict[TargetKey, Tensor] = {}
        self._due: set[TargetKey] = set()

    @abstractmethod
    def distance_sum(self, features: Tensor, mask: Tensor | None, key: TargetKey) -> Tensor:
        """The distance of features (1, C, H, W) to their targets, as a sum over positions; differentiable.

        Each position counts by its mask (1, 1, H, W) in 0..1: divided by the mask's sum it is a mean.
        """

    def renew(self) -> None:
        """Has the entries found anew for the features that are given next, tile by tile."""
        self._due = set(self._entries)

    def style(self, key: TargetKey) -> StyleT:
        """The entries that targets are chosen from."""
        return self._styles[key.region][key.layer]

    def entries(self, key: TargetKey, find: Callable[[], Tensor]) -> Tensor:
        """Which entry each place is pulled to, int64: found when asked for first, or when it is due."""
        if key not in self._entries or key in self._due:
            with torch.no_grad():
                found = find()
            # In place: a captured CUDA graph reads from this memory.
            self._entries.setdefault(key, found).copy_(found)
            self._due.discard(key)
        return self._entries[key]


def mostly(shares: Tensor, whole: float = 1.0) -> Tensor:
    """(n) bool: which shares are at least half of the whole; where none is, the largest ones."""
    return shares >= min(0.5 * whole, float(shares.max()))


def drawn(length: int, count: int) -> Tensor:
    """At most so many of the numbers below a length, at least one; the same ones in every run."""
    count = max(1, count)
    if length <= count:
        return torch.arange(length)
    return torch.randperm(length, generator=torch.Generator().manual_seed(0))[:count]
