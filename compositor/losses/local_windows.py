"""Local windows term: a Gram matrix for each window, pulled to that of the most similar window of the style.

The features of `local_features` say how each place is painted, and leave open how the places go together.
This term is a mean over windows of 48 px, half overlapping, each with its own target:

    ‖G_w − A_n(w)‖² / ‖A_n(w)‖²,  G_w = Σ_x q_x F_x F_xᵀ (Gatys et al. 2016, equation 3),

where the weights q of the window's positions x add up to 1, A are the Gram matrices of the style picture's
windows, and n(w) is the most similar one, by the same distance. It leaves open where in its window a stroke
lies, so that the render's shapes can stay where they are.

Gram matrices are not formed where windows have fewer positions than channels: of features F_x with weights q
and S_y with weights r, ⟨G, A⟩ = Σ_x Σ_y q_x r_y (F_x · S_y)².
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.convolution.geometry import layer_stride
from compositor.losses.local_term import LocalTerm, StyleMaps, TargetKey, drawn, mostly

WINDOW_SIZE = 48
"""Pixels of the image across a window, at every layer."""

ENTRIES = 512
"""Windows of the style pictures that are searched, at most."""

# Products of positions that are in memory at once.
_BLOCK = 2**23
_LEAST_ENERGY = 1e-12
_LEAST_WEIGHT = 1e-6


@dataclass(frozen=True)
class WindowGrid:
    """Overlapping windows over maps of one size.

    Attributes:
        index: (n, P) int64: the positions of each window, row by row; H·W for what is outside of the map.
        layers: the numbers of windows that do not overlap, (k) int64 each; together they are all windows.
    """

    index: Tensor
    layers: tuple[Tensor, ...]

    @classmethod
    @lru_cache(maxsize=64)
    def around(
        cls, height: int, width: int, cells: int, device: torch.device, *, diagonal: bool = False
    ) -> WindowGrid:
        """Windows that reach beyond the borders, so that each position lies in one of every layer.

        Args:
            diagonal: only every second window, so that they overlap by a quarter at their corners.
        """
        step = _step(cells)
        windows = _index(height, width, cells, cells - step, device)
        apart = range(cells // step)
        offsets = [(row, column) for row in apart for column in apart if row == column or not diagonal]
        layers = [windows[row :: len(apart), column :: len(apart)].flatten(0, 1) for row, column in offsets]
        index = torch.cat(layers)
        return cls(index, torch.arange(len(index), device=device).split([len(each) for each in layers]))


@dataclass(frozen=True)
class WindowFeatures:
    """The features in windows, of which each has the Gram matrix Σ_x q_x F_x F_xᵀ.

    Attributes:
        rows: F, (n, P, C), of the network's dtype.
        shares: q, (n, P) float32, of each window they add up to 1, or are all 0.
        weights: (n) float32: the sum of the mask over each window.
    """

    rows: Tensor
    shares: Tensor
    weights: Tensor

    @classmethod
    def at(cls, positions: Tensor, mask: Tensor, index: Tensor) -> WindowFeatures:
        """From features (H·W + 1, C) and a mask in 0..1 as `_with_outside`, and the positions (n, P)."""
        inside = mask[index]
        weights = inside.sum(dim=1)
        return cls(positions[index], inside / weights.clamp_min(_LEAST_WEIGHT)[:, None], weights)

    def __getitem__(self, numbers: Tensor) -> WindowFeatures:
        """Some of the windows, by their numbers or by a mask of them."""
        return WindowFeatures(self.rows[numbers], self.shares[numbers], self.weights[numbers])

    @property
    def few(self) -> bool:
        """Whether there are fewer positions in a window than channels: products of positions cost less."""
        return self.rows.shape[1] <= self.rows.shape[2]

    def grams(self) -> Tensor:
        """(n, C, C) float32."""
        rows = self.rows.float()
        return rows.transpose(1, 2) @ (rows * self.shares[:, :, None])

    def products(self, other: WindowFeatures) -> tuple[Tensor, Tensor]:
        """(n, P, P) float32: of positions with those of as many windows; and weighted by both shares."""
        products = (self.rows @ other.rows.transpose(1, 2)).float()
        return products, products * self.shares[:, :, None] * other.shares[:, None, :]

    def energies(self) -> Tensor:
        """(n) float32: ‖G‖²."""
        if not self.few:
            return self.grams().square().sum(dim=(1, 2))
        products, weighted = self.products(self)
        return (products * weighted).sum(dim=(1, 2))


@dataclass(frozen=True)
class StyleWindows:
    """The windows of the style pictures at one layer.

    Attributes:
        cells: positions of the layer across a window.
        windows: K of them.
        energies: (K) float32, ‖A‖².
    """

    cells: int
    windows: WindowFeatures
    energies: Tensor

    @classmethod
    def of(cls, layer: str, pictures: Sequence[StyleMaps]) -> StyleWindows:
        """From a layer's maps of several pictures.

        Each picture has its share of the windows, which are drawn once and for all among those of which at
        least half is visible.
        """
        cells = max(1, WINDOW_SIZE // layer_stride(layer))
        shown = [(_whole_windows(each, cells), each.share) for each in pictures]
        total = min(ENTRIES, *(len(each.weights) / share for each, share in shown))
        chosen = [each[drawn(len(each.weights), round(share * total))] for each, share in shown]
        windows = WindowFeatures(
            torch.cat([each.rows for each in chosen]),
            torch.cat([each.shares for each in chosen]),
            torch.cat([each.weights for each in chosen]),
        )
        return cls(cells, windows, windows.energies().clamp_min(_LEAST_ENERGY))

    def nearest(self, positions: Tensor, mask: Tensor, grid: WindowGrid) -> Tensor:
        """(n) int64: for each window over positions (H·W, C) the entry that it is least far from.

        The products of a position of the frame and one of the style are taken once for all of the windows
        over the frame that overlap there. The mask is (H·W) in 0..1.
        """
        products = []
        size = max(1, _BLOCK // (len(positions) * self.windows.rows.shape[1]))
        for rows, shares in zip(self.windows.rows.split(size), self.windows.shares.split(size), strict=True):
            found = (positions @ rows.flatten(0, 1).T).float().square_() * shares.flatten()
            sums = found.view(len(positions), len(rows), -1).sum(dim=2) * mask[:, None]
            products.append(_with_outside(sums)[grid.index].sum(dim=1))
        inner, energies = torch.cat(products, dim=1), torch.empty(len(grid.index), device=positions.device)
        features, weights = _with_outside(positions), _with_outside(mask)
        for numbers in grid.layers:
            own = WindowFeatures.at(features, weights, grid.index[numbers])
            inner[numbers] /= own.weights.clamp_min(_LEAST_WEIGHT)[:, None]
            energies[numbers] = own.energies()
        return ((energies[:, None] - 2.0 * inner) / self.energies + 1.0).argmin(dim=1)


class WindowsTerm(LocalTerm[StyleWindows]):
    """The windows' distances of one frame.

    Args:
        styles: by layer, for each region of the frame.
        diagonal: of every two windows that overlap by half one is left out, see `WindowGrid.around`.
    """

    def __init__(self, styles: Sequence[Mapping[str, StyleWindows]], *, diagonal: bool = False) -> None:
        super().__init__(styles)
        self._diagonal = diagonal

    def distance_sum(self, features: Tensor, mask: Tensor | None, key: TargetKey) -> Tensor:
        """The distances of all windows over features (1, C, H, W), as a sum over positions; differentiable.

        A position counts by its mask (1, 1, H, W), with the mean distance of the windows that it lies in. The
        windows of a tile end at the tile's borders.
        """
        style, positions = self.style(key), features[0].flatten(1).T
        height, width = features.shape[-2:]
        grid = WindowGrid.around(height, width, style.cells, features.device, diagonal=self._diagonal)
        weights = positions.new_ones(len(positions), dtype=torch.float32) if mask is None else mask.flatten()
        entries = self.entries(key, lambda: style.nearest(positions, weights, grid))
        targets = _Targets(grid, style, entries)
        return _DistanceSum.apply(positions, weights, targets)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Targets:
    """The windows of a frame, and the entry of the style that each is pulled to."""

    grid: WindowGrid
    style: StyleWindows
    entries: Tensor


class _DistanceSum(torch.autograd.Function):
    """The sum with its gradient, layer by layer of the grid.

    Autograd would keep the features of all windows, several times those of the frame, and add their gradients
    up in no fixed order on a GPU.
    """

    @staticmethod
    def forward(ctx: Any, positions: Tensor, mask: Tensor, targets: _Targets) -> Tensor:
        grid, style = targets.grid, targets.style
        total = torch.zeros((), device=positions.device)
        features, weights = _with_outside(positions), _with_outside(mask)
        gradient = torch.zeros_like(features, dtype=torch.float32) if ctx.needs_input_grad[0] else None
        for numbers in grid.layers:
            index, chosen = grid.index[numbers], targets.entries[numbers]
            own, energies = WindowFeatures.at(features, weights, index), style.energies[chosen]
            scale = None if gradient is None else own.weights / energies
            difference, slope = gram_difference(own, style.windows[chosen], scale)
            # Rounding can take a window that is its own target below zero.
            distances = (difference / energies + 1.0).clamp_min(0.0)
            total += (own.weights * distances).sum()
            if gradient is not None and slope is not None:
                # No position is twice in a layer, but for the one of all outside, which is left out below.
                gradient[index] += slope
        if gradient is not None:
            ctx.save_for_backward((gradient[:-1] / len(grid.layers)).to(positions.dtype))
        return total / len(grid.layers)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * gradients[0], None, None


def gram_difference(
    own: WindowFeatures, target: WindowFeatures, gradient_scale: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """‖G − A‖² − ‖A‖² of n windows each, (n) float32; its gradient towards the rows, (n, P, C).

    Args:
        gradient_scale: (n) float32, factors of the gradient; None for no gradient.
    """
    if own.few:
        return _difference_by_positions(own, target, gradient_scale)
    grams, targets = own.grams(), target.grams()
    difference = (grams * (grams - 2.0 * targets)).sum(dim=(1, 2))
    if gradient_scale is None:
        return difference, None
    scale = 4.0 * gradient_scale[:, None] * own.shares
    return difference, scale[:, :, None] * (own.rows.float() @ (grams - targets))


def _difference_by_positions(
    own: WindowFeatures, target: WindowFeatures, gradient_scale: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """The same by products of positions: of the window's with its own and the target's, side by side."""
    count = own.rows.shape[1]
    rows = torch.cat([own.rows, target.rows], dim=1)
    products = (own.rows @ rows.transpose(1, 2)).float()
    weighted = products * own.shares[:, :, None] * torch.cat([own.shares, -target.shares], dim=1)[:, None, :]
    sums = (products * weighted).view(*products.shape[:2], 2, count).sum(dim=(1, 3))
    difference = sums[:, 0] + 2.0 * sums[:, 1]
    if gradient_scale is None:
        return difference, None
    return difference, (weighted * (4.0 * gradient_scale)[:, None, None]).to(rows.dtype) @ rows


def _whole_windows(maps: StyleMaps, cells: int) -> WindowFeatures:
    """The windows over a style picture, of each at least half within it and visible."""
    height, width = maps.features.shape[-2:]
    index = _index(height, width, cells, 0, maps.features.device).flatten(0, 1)
    found = WindowFeatures.at(_with_outside(maps.positions), _with_outside(maps.mask), index)
    return found[mostly(found.weights, cells**2)]


def _with_outside(values: Tensor) -> Tensor:
    """The values of H·W positions, and behind them the zeros that stand for what is outside of the map."""
    return torch.cat([values, values.new_zeros(1, *values.shape[1:])])


def _index(height: int, width: int, cells: int, before: int, device: torch.device) -> Tensor:
    """(rows, columns, P): the positions in windows that begin so many cells before the borders."""
    step = _step(cells)
    right, below = (_after(length, cells, before) for length in (width, height))
    numbers = torch.arange(height * width, device=device).view(height, width)
    padded = F.pad(numbers, (before, right, before, below), value=height * width)
    return padded.unfold(0, cells, step).unfold(1, cells, step).flatten(2)


def _after(length: int, cells: int, before: int) -> int:
    """Cells that are added behind so many: as many as before, or more until the last window ends there."""
    least = max(before + length + before, cells)
    return least + (cells - least) % _step(cells) - before - length


def _step(cells: int) -> int:
    """Cells from one window to the next."""
    return max(1, cells // 2)
