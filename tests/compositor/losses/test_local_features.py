"""The local features term: which features are found, and what becomes of the distance to them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from compositor.losses import local_features
from compositor.losses.feature_objective import Region
from compositor.losses.local_features import FeaturesTerm, StyleDictionary
from compositor.losses.local_term import StyleMaps, TargetKey
from compositor.losses.objective import StyleObjective
from compositor.losses.style_targets import StylePicture, StyleTargets, style_targets
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import load_network
from compositor.settings import Pooling, StyleSettings
from compositor.tiling.windows import whole

ONLY_LOCAL = StyleSettings(
    content_weight=0.0,
    contrast_weight=0.0,
    style_weight=0.0,
    tv_weight=0.0,
    local_weight=1.0,
    window_layers=(),
)
ONE = TargetKey(whole(1, 1), 0, "relu3_1")


@pytest.fixture(scope="module")
def network() -> FeatureNetwork:
    return FeatureNetwork(load_network(), Pooling.AVERAGE, torch.device("cpu"))


def noise(seed: int, channels: int = 3, height: int = 32, width: int = 48) -> Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(seed))


def targets(network: FeatureNetwork, seed: int) -> StyleTargets:
    return style_targets(network, [StylePicture(noise(seed), 1.0)], ONLY_LOCAL, replicate=False)


def test_the_most_similar_entry_is_found_by_direction_whatever_its_length() -> None:
    """Around the mean (10, 10), four entries to the right, the left, up and down."""
    maps = torch.tensor([[20.0, 0.0, 10.0, 10.0], [10.0, 10.0, 11.0, 9.0]]).view(1, 2, 1, 4)
    dictionary = StyleDictionary.of([StyleMaps(maps, 1.0)])
    assert dictionary.mean.tolist() == [10.0, 10.0]
    asked = torch.tensor([[10.1, 9.0, 12.0], [10.0, 10.2, 60.0]]).view(1, 2, 1, 3)
    assert dictionary.nearest(asked).tolist() == [0, 1, 2]


def test_every_position_is_searched_though_not_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dictionary = StyleDictionary.of([StyleMaps(noise(1, 8), 1.0)])
    expected = dictionary.nearest(noise(2, 8))
    monkeypatch.setattr(local_features, "_BLOCK", 100)
    assert torch.equal(dictionary.nearest(noise(2, 8)), expected)
    own = dictionary.nearest(noise(1, 8))
    assert own.tolist() == list(range(32 * 48))


def test_the_distance_is_to_the_found_entry_relative_to_the_style_s_spread() -> None:
    """Entries one away from the mean: the length of a difference is in units of that."""
    maps = torch.tensor([[3.0, 1.0], [5.0, 5.0]]).view(1, 2, 1, 2)
    term = FeaturesTerm([{"relu3_1": StyleDictionary.of([StyleMaps(maps, 1.0)])}])
    asked = torch.tensor([[7.0], [5.5]]).view(1, 2, 1, 1)
    assert float(term.distance_sum(asked, None, ONE)) == pytest.approx(4.0**2 + 0.5**2)
    half = torch.full((1, 1, 1, 1), 0.5)
    assert float(term.distance_sum(asked, half, ONE)) == pytest.approx(0.5 * (4.0**2 + 0.5**2))


def test_targets_stay_until_they_are_renewed() -> None:
    maps = torch.tensor([[3.0, 1.0], [5.0, 5.0]]).view(1, 2, 1, 2)
    term = FeaturesTerm([{"relu3_1": StyleDictionary.of([StyleMaps(maps, 1.0)])}])
    right, left = (torch.tensor([[x], [5.0]]).view(1, 2, 1, 1) for x in (7.0, -7.0))
    assert float(term.distance_sum(right, None, ONE)) == pytest.approx(4.0**2)
    assert float(term.distance_sum(left, None, ONE)) == pytest.approx(10.0**2)
    term.renew()
    assert float(term.distance_sum(left, None, ONE)) == pytest.approx(8.0**2)


def test_pictures_share_the_entries_by_their_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_features, "ENTRIES", 400)
    low, high = noise(1, 4), 10.0 + noise(2, 4)
    pictures = [StyleMaps(low, 0.75), StyleMaps(high, 0.25)]
    dictionary = StyleDictionary.of(pictures)
    assert int((dictionary.values[:, 0] < 5.0).sum()) == 300
    assert int((dictionary.values[:, 0] > 5.0).sum()) == 100
    assert torch.equal(dictionary.values, StyleDictionary.of(pictures).values)


def test_the_shares_hold_for_pictures_with_few_positions() -> None:
    dictionary = StyleDictionary.of(
        [StyleMaps(noise(1, 4, 10, 10), 0.8), StyleMaps(10.0 + noise(2, 4, 10, 10), 0.2)]
    )
    assert int((dictionary.values[:, 0] < 5.0).sum()) == 100
    assert int((dictionary.values[:, 0] > 5.0).sum()) == 25


def test_the_style_itself_has_no_local_loss(network: FeatureNetwork) -> None:
    regions = [Region(targets(network, 1))]
    losses = [
        float(StyleObjective(network, ONLY_LOCAL, noise(0), regions)(image)["local"])
        for image in (noise(1), noise(1).flip(3), noise(2))
    ]
    assert losses[0] == pytest.approx(0.0, abs=1e-6)
    assert 0.0 < losses[1] < losses[2]


def test_the_gradient_is_that_of_the_loss(network: FeatureNetwork) -> None:
    """Along a direction, by a central difference; the entries are constant meanwhile."""
    objective = StyleObjective(network, ONLY_LOCAL, noise(0), [Region(targets(network, 1))])
    image, along = noise(2), noise(3) - 0.5
    _, gradient = objective.value_and_grad(image)
    ahead, behind = (float(objective(image + step * along)["total"]) for step in (5e-3, -5e-3))
    assert float((gradient * along).sum()) == pytest.approx((ahead - behind) / 1e-2, rel=1e-2)


def test_a_region_pulls_only_where_its_mask_is(network: FeatureNetwork) -> None:
    mask = torch.zeros(1, 1, 32, 48)
    mask[..., :8] = 1.0
    settings = replace(ONLY_LOCAL, local_layers=("relu1_1",))
    style = style_targets(network, [StylePicture(noise(1), 1.0)], settings, replicate=False)
    _, gradient = StyleObjective(network, settings, noise(0), [Region(style, mask)]).value_and_grad(noise(2))
    assert float(gradient[..., :8].abs().min(dim=1).values.max()) > 0.0
    assert float(gradient[..., 10:].abs().max()) == 0.0


def test_regions_that_cover_the_frame_together_pull_like_one(network: FeatureNetwork) -> None:
    style, half = targets(network, 1), torch.full((1, 1, 32, 48), 0.5)
    one, two = (
        float(StyleObjective(network, ONLY_LOCAL, noise(0), regions)(noise(2))["local"])
        for regions in ([Region(style)], [Region(style, half), Region(style, half)])
    )
    assert two == pytest.approx(one, rel=1e-5)


def test_without_its_weight_nothing_is_searched(network: FeatureNetwork) -> None:
    settings = replace(ONLY_LOCAL, local_weight=0.0, style_weight=1.0)
    style = style_targets(network, [StylePicture(noise(1), 1.0)], settings, replicate=False)
    assert style.dictionaries == {}
    assert style.windows == {}
    assert "local" not in StyleObjective(network, settings, noise(0), [Region(style)])(noise(2))
