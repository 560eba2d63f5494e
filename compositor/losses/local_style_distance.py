"""Local style distance: how far each part of a frame is from the nearest part of a painting.

A Gram matrix of the whole frame is matched by strokes in a few places; that of a window has to be matched
there. The Gram matrix (Gatys et al. 2016, equation 3) is taken over windows of the feature maps, and each is
compared with the most similar window of the painting: ‖G − A‖² / ‖A‖², as `terms.gram_distance`. It is a
measure and no loss: nothing here is differentiated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.image_ops.resize import fit
from compositor.networks.features import FeatureNetwork

WINDOW_CELLS: Mapping[str, int] = {"relu2_1": 24, "relu3_1": 12, "relu4_1": 6}
"""Cells of the feature map across a window, by layer: 48 px of the image at each. They overlap by half."""

MEASURING_SIZE = 480
"""Pixels: longer side that larger frames are reduced to, so that the measure means the same at any size."""

# Windows whose Gram matrices are held at a time, beside those of the painting.
_BLOCK = 64
_LEAST_ENERGY = 1e-12
# A window belongs to a mask from this share on; less the rounding of the share.
_LEAST_SHARE = 0.5 - 1e-4
_PERCENTILE = 90.0


@dataclass(frozen=True)
class DistanceSummary:
    """Mean and 90th percentile of the distances of windows."""

    mean: float
    p90: float


@dataclass(frozen=True)
class WindowGrid:
    """Windows over a feature map of (height, width) cells, half overlapping.

    All have the same size. The last ones of a row and of a column lie against the border, and overlap more. A
    map that is smaller than a window has one window, as large as it is.

    Attributes:
        rows, columns: the first row and the first column of each window.
        size: (h, w) of a window in cells.
    """

    height: int
    width: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    size: tuple[int, int]

    @classmethod
    def over(cls, height: int, width: int, window: int) -> WindowGrid:
        """The windows of `window` cells, fewer where the map is smaller."""
        size = min(height, window), min(width, window)
        rows, columns = (_origins(*each) for each in zip((height, width), size, strict=True))
        return cls(height, width, rows, columns, size)

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    @property
    def area(self) -> int:
        """Cells of a window."""
        return self.size[0] * self.size[1]

    def cut(self, features: Tensor, start: int = 0, end: int | None = None) -> Tensor:
        """The windows from `start` to `end`, row by row, (n, cells, C), of maps (1, C, H, W)."""
        places = [(row, column) for row in self.rows for column in self.columns][start:end]
        cells = features[0].permute(1, 2, 0)
        height, width = self.size
        cut = [cells[row : row + height, column : column + width] for row, column in places]
        return torch.stack(cut).flatten(1, 2)

    def averaging(self, device: torch.device) -> Tensor:
        """(windows, cells of the map): the product with it is the mean over each window."""
        down, across = self._means(device)
        return torch.kron(down, across)

    def shares(self, mask: np.ndarray) -> np.ndarray:
        """(rows, columns): how much of each window is within a mask (H, W) in 0..1, of the image's size."""
        cells = torch.from_numpy(np.ascontiguousarray(mask, np.float32))[None, None]
        cells = F.interpolate(cells, (self.height, self.width), mode="area")[0, 0]
        down, across = self._means(cells.device)
        return (down @ cells @ across.T).numpy()

    def _means(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """(rows, height) and (columns, width): the mean over a window in either direction."""
        down = torch.zeros(len(self.rows), self.height, device=device)
        across = torch.zeros(len(self.columns), self.width, device=device)
        for matrix, origins, size in ((down, self.rows, self.size[0]), (across, self.columns, self.size[1])):
            for index, origin in enumerate(origins):
                matrix[index, origin : origin + size] = 1.0 / size
        return down, across


@dataclass(frozen=True)
class WindowDistances:
    """The distance of every window of an image to the nearest window of the painting.

    Attributes:
        grids: of the windows, by layer.
        distances: (rows, columns) float32 each, by layer; not negative.
    """

    grids: Mapping[str, WindowGrid]
    distances: Mapping[str, np.ndarray]

    def summary(self, mask: np.ndarray | None = None) -> dict[str, DistanceSummary] | None:
        """Mean and 90th percentile by layer.

        Args:
            mask: (H, W) in 0..1, of the image's size; windows count that lie at least half within it.

        Returns:
            None where at some layer no window lies so much within the mask.
        """
        found: dict[str, DistanceSummary] = {}
        for layer, values in self.distances.items():
            chosen = values if mask is None else values[self.grids[layer].shares(mask) >= _LEAST_SHARE]
            if not chosen.size:
                return None
            found[layer] = DistanceSummary(float(chosen.mean()), float(np.percentile(chosen, _PERCENTILE)))
        return found


class LocalStyleDistance:
    """Measures images against paintings, window by window.

    Args:
        network: with float32 features, neither normalized nor rounded.
        pictures: the paintings, (1, 3, h, w) float32 each, sRGB in 0..1. A window may be nearest to any of
            them.
        style_scale: the strokes' size that was asked for, see the setting of this name.
        visible: of each picture, (1, 1, h, w) in 0..1: its windows count at least half of which is visible.
            None, or nothing at all, for all windows.

    Raises:
        LayerError: the network has not the layers.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        pictures: Sequence[Tensor],
        *,
        style_scale: float = 1.0,
        visible: Sequence[Tensor | None] = (),
    ) -> None:
        network.check(WINDOW_CELLS)
        self._network = network
        self._pictures = pictures
        self._visible = visible or [None] * len(pictures)
        self._style_scale = style_scale
        self._side = 0
        self._paintings: dict[str, list[_GramWindows | _PositionWindows]] = {}

    @torch.no_grad()
    def of(self, image: Tensor) -> WindowDistances:
        """The distances of an image (1, 3, H, W) float32 in 0..1, each side at least 16 px.

        It is measured with a longer side of `MEASURING_SIZE`, or its own if it is smaller. The paintings get
        the same longer side, times the style scale; they are not enlarged either.
        """
        side = min(MEASURING_SIZE, max(image.shape[-2:]))
        if side != self._side:
            self._side, self._paintings = side, self._measured_paintings(side)
        grids: dict[str, WindowGrid] = {}
        distances: dict[str, np.ndarray] = {}
        for layer, maps in self._features(image, side).items():
            grid = WindowGrid.over(maps.shape[-2], maps.shape[-1], WINDOW_CELLS[layer])
            nearest = torch.stack([each.nearest(maps, grid) for each in self._paintings[layer]]).amin(dim=0)
            grids[layer] = grid
            distances[layer] = nearest.view(len(grid.rows), -1).cpu().numpy()
        return WindowDistances(grids, distances)

    def _measured_paintings(self, side: int) -> dict[str, list[_GramWindows | _PositionWindows]]:
        found: dict[str, list[_GramWindows | _PositionWindows]] = {layer: [] for layer in WINDOW_CELLS}
        for picture, visible in zip(self._pictures, self._visible, strict=True):
            for layer, maps in self._features(picture, side * self._style_scale).items():
                grid = WindowGrid.over(maps.shape[-2], maps.shape[-1], WINDOW_CELLS[layer])
                found[layer].append(_painting_windows(layer, maps, grid, _shown_windows(grid, visible)))
        return found

    def _features(self, image: Tensor, side: float) -> dict[str, Tensor]:
        maps = self._network(fit(image, side), WINDOW_CELLS)
        return {layer: maps[layer].float() for layer in WINDOW_CELLS}


class _GramWindows:
    """The windows of a painting by their Gram matrices, G = FᵀF / P with F of (P, C), P positions."""

    def __init__(self, features: Tensor, grid: WindowGrid, shown: Tensor) -> None:
        self._grams = torch.cat([_grams(each) for each in _blocks(features, grid)])[shown]
        self._energies = self._grams.square().sum(dim=1)

    def nearest(self, features: Tensor, grid: WindowGrid) -> Tensor:
        """(n): the distance of each window of other maps (1, C, H, W) to the nearest of these."""
        found = []
        for block in _blocks(features, grid):
            grams = _grams(block)
            found.append(_distances(grams.square().sum(dim=1), grams @ self._grams.T, self._energies))
        return torch.cat(found)


class _PositionWindows:
    """The same by the inner products of their positions, without a Gram matrix.

    ‖FᵀF − SᵀS‖² = ‖FFᵀ‖² − 2 ‖FSᵀ‖² + ‖SSᵀ‖². The products of two positions are shared by all windows that
    overlap there, so that this is the cheaper way where windows have few positions and many channels.
    """

    def __init__(self, features: Tensor, grid: WindowGrid, shown: Tensor) -> None:
        self._positions = _positions(features)
        self._averaging = grid.averaging(features.device)[shown]
        self._energies = _position_energies(features, grid)[shown]

    def nearest(self, features: Tensor, grid: WindowGrid) -> Tensor:
        """(n): the distance of each window of other maps (1, C, H, W) to the nearest of these."""
        squares = (_positions(features) @ self._positions.T).square_()
        products = grid.averaging(features.device) @ squares @ self._averaging.T
        return _distances(_position_energies(features, grid), products, self._energies)


def _shown_windows(grid: WindowGrid, visible: Tensor | None) -> Tensor:
    """The indices of the windows of a painting that count; where none is visible enough, the most visible."""
    if visible is None:
        return torch.arange(len(grid))
    shares = torch.from_numpy(grid.shares(visible[0, 0].cpu().numpy()).ravel())
    return torch.nonzero(shares >= min(_LEAST_SHARE, float(shares.max()))).flatten()


def _painting_windows(
    layer: str, features: Tensor, grid: WindowGrid, shown: Tensor
) -> _GramWindows | _PositionWindows:
    """The windows `shown` of a painting, in the form that takes fewer operations.

    Half overlapping, a position is in 4 windows of either picture: for each pair of windows P² C / 16
    operations by positions, and C² by Gram matrices.
    """
    by_positions = WINDOW_CELLS[layer] ** 4 < 16 * features.shape[1]
    return (_PositionWindows if by_positions else _GramWindows)(features, grid, shown.to(features.device))


def _distances(own: Tensor, products: Tensor, target: Tensor) -> Tensor:
    """(n): ‖G − A‖² / ‖A‖² to the nearest A, from the energies (n), (m) and the inner products (n, m)."""
    squares = (own[:, None] - 2.0 * products + target).clamp_min(0.0)
    return (squares / target.clamp_min(_LEAST_ENERGY)).amin(dim=1)


def _blocks(features: Tensor, grid: WindowGrid) -> Iterator[Tensor]:
    """The windows, (n, P, C) with n at most `_BLOCK`."""
    for start in range(0, len(grid), _BLOCK):
        yield grid.cut(features, start, start + _BLOCK)


def _grams(windows: Tensor) -> Tensor:
    """(n, C²): the Gram matrices of windows (n, P, C), as means over the positions."""
    return (windows.transpose(1, 2) @ windows).flatten(1) / windows.shape[1]


def _position_energies(features: Tensor, grid: WindowGrid) -> Tensor:
    """(n): ‖G‖² of each window."""
    blocks = _blocks(features, grid)
    return torch.cat([(each @ each.transpose(1, 2)).square().mean(dim=(1, 2)) for each in blocks])


def _positions(features: Tensor) -> Tensor:
    """(H·W, C)."""
    return features[0].flatten(1).T


def _origins(length: int, size: int) -> tuple[int, ...]:
    """Where windows of this size begin: half overlapping, the last one against the end."""
    last = length - size
    return tuple(dict.fromkeys([*range(0, last + 1, max(1, size // 2)), last]))
