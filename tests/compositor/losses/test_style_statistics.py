"""The registry of style statistics: every choice of the setting is in it, and one entry adds another."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from compositor.losses import style_statistics
from compositor.losses.feature_objective import Region
from compositor.losses.objective import StyleObjective
from compositor.losses.style_statistics import MEAN, STYLE_STATISTICS, StatisticDefinition
from compositor.losses.style_targets import StylePicture, style_targets
from compositor.losses.terms import feature_mean
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import load_network
from compositor.settings import LossScale, Pooling, StyleSettings, StyleStatistic


def noise(seed: int) -> Tensor:
    return torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


@dataclass(frozen=True)
class MeanTarget:
    """A statistic that the engine does not have: the features' means alone."""

    mean: Tensor

    @classmethod
    def of(cls, means: tuple[Tensor, ...], loss_scale: LossScale) -> MeanTarget:
        return cls(means[0])

    def distance(self, *means: Tensor) -> Tensor:
        return (means[0] - self.mean).square().sum()


def test_every_choice_of_the_setting_is_registered() -> None:
    assert set(STYLE_STATISTICS) == set(StyleStatistic)


def test_a_statistic_is_added_by_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = StatisticDefinition((MEAN,), MeanTarget.of)
    monkeypatch.setitem(style_statistics.STYLE_STATISTICS, StyleStatistic.GRAM, entry)  # type: ignore[arg-type]
    settings = StyleSettings(style_layers=("relu1_1",))
    network = FeatureNetwork(load_network(), Pooling.AVERAGE, torch.device("cpu"))
    targets = style_targets(network, [StylePicture(noise(1), 1.0)], settings, replicate=False)
    found = float(StyleObjective(network, settings, noise(0), [Region(targets)])(noise(2))["style"])
    own, style = (
        feature_mean(network(noise(seed), ["relu1_1"], replicate=False)["relu1_1"]) for seed in (2, 1)
    )
    assert found == pytest.approx(float((own - style).square().sum()), rel=1e-4)
