"""Registry of style statistics: what of a style's feature maps is matched, by `StyleStatistic`.

A statistic is a function of means over pixels, such as the Gram matrix. Their sums are taken window by window
(`feature_statistics`), divided by the number of pixels, and compared with a target made from the style
pictures. A further statistic is one `PixelSum` for each new sum, one class of targets, and one entry in
`STYLE_STATISTICS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from compositor.losses import terms
from compositor.settings import LossScale, StyleStatistic


@dataclass(frozen=True)
class PixelSum:
    """A sum over the pixels of feature maps.

    Attributes:
        name: for messages.
        of: of maps (1, C, H, W) and a mask (1, 1, H, W) in 0..1, or None for all pixels; differentiable.
    """

    name: str
    of: Callable[[Tensor, Tensor | None], Tensor]


class LayerTarget(Protocol):
    """A style's statistics at one layer."""

    def distance(self, *means: Tensor) -> Tensor:
        """The style loss of one layer, a scalar, from the frame's means in the order of the sums."""
        ...


@dataclass(frozen=True)
class StatisticDefinition:
    """How a style statistic is computed.

    Attributes:
        sums: what is summed over the pixels.
        target: makes a layer's target from the style's means, in the order of `sums`.
    """

    sums: tuple[PixelSum, ...]
    target: Callable[[tuple[Tensor, ...], LossScale], LayerTarget]


@dataclass(frozen=True)
class GramTarget:
    """The Gram matrix (C, C) of a style, as a mean over pixels (Gatys 2016, equation 3)."""

    gram: Tensor
    loss_scale: LossScale

    @classmethod
    def of(cls, means: tuple[Tensor, ...], loss_scale: LossScale) -> GramTarget:
        """From the mean products of the features."""
        return cls(means[0], loss_scale)

    def distance(self, *means: Tensor) -> Tensor:
        """The squared error of the Gram matrix, scaled as `LossScale` says."""
        if self.loss_scale is LossScale.GATYS:
            return terms.gatys_gram_distance(means[0], self.gram)
        return terms.gram_distance(means[0], self.gram)


@dataclass(frozen=True)
class GaussianTarget:
    """Mean and covariance of a style's features, compared by the 2-Wasserstein distance.

    Attributes:
        mean: (C).
        root: (C, C), the square root of the covariance.
        energy: ‖mean‖² + tr(covariance), by which the distance is divided.
    """

    mean: Tensor
    root: Tensor
    energy: Tensor

    @classmethod
    def of(cls, means: tuple[Tensor, ...], loss_scale: LossScale) -> GaussianTarget:
        """From Gram matrix and mean; the loss is relative to the energy at either loss scale."""
        gram, mean = means
        root = terms.matrix_root(gram - torch.outer(mean, mean))
        return cls(mean, root, mean.square().sum() + root.square().sum())

    def distance(self, *means: Tensor) -> Tensor:
        """The squared 2-Wasserstein distance relative to the energy."""
        gram, mean = means
        return terms.gaussian_distance(gram, mean, self.mean, self.root, self.energy)


GRAM = PixelSum("gram", terms.gram_sum)
MEAN = PixelSum("mean", terms.feature_sum)

STYLE_STATISTICS: Mapping[StyleStatistic, StatisticDefinition] = {
    StyleStatistic.GRAM: StatisticDefinition((GRAM,), GramTarget.of),
    StyleStatistic.WASSERSTEIN: StatisticDefinition((GRAM, MEAN), GaussianTarget.of),
}
"""Every style statistic that the setting `style_statistic` can name."""
