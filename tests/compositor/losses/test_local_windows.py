"""The local windows term: which windows are found, and what becomes of the distance to them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor

from compositor.losses import local_windows
from compositor.losses.feature_objective import Region
from compositor.losses.local_term import StyleMaps, TargetKey
from compositor.losses.local_windows import (
    StyleWindows,
    WindowFeatures,
    WindowGrid,
    WindowsTerm,
    gram_difference,
)
from compositor.losses.objective import StyleObjective
from compositor.losses.style_targets import StylePicture, StyleTargets, style_targets
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import load_network
from compositor.settings import Pooling, StyleSettings
from compositor.tiling.windows import whole

ONLY_WINDOWS = StyleSettings(
    content_weight=0.0,
    contrast_weight=0.0,
    style_weight=0.0,
    tv_weight=0.0,
    local_weight=1.0,
    local_layers=(),
)
LAYER, CELLS = "relu4_1", 6


@pytest.fixture(scope="module")
def network() -> FeatureNetwork:
    return FeatureNetwork(load_network(), Pooling.AVERAGE, torch.device("cpu"))


def noise(seed: int, channels: int = 3, height: int = 64, width: int = 96) -> Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(seed))


def targets(network: FeatureNetwork, seed: int) -> StyleTargets:
    return style_targets(network, [StylePicture(noise(seed), 1.0)], ONLY_WINDOWS, replicate=False)


def windows(maps: Tensor, mask: Tensor | None, starts: tuple[range, range]) -> list[tuple[Tensor, float]]:
    """The Gram matrix (C, C) and the weight of each window, by its definition."""
    weights = torch.ones(1, 1, *maps.shape[-2:]) if mask is None else mask
    found = []
    for top, left in product(*starts):
        rows, columns = (slice(max(start, 0), start + CELLS) for start in (top, left))
        inside, share = maps[0, :, rows, columns].flatten(1), weights[0, 0, rows, columns].flatten()
        found.append(((inside * share) @ inside.T / share.sum(), float(share.sum())))
    return found


@pytest.mark.parametrize("channels", [8, 50])
@pytest.mark.parametrize("masked", [False, True])
def test_each_window_is_compared_with_the_nearest_gram_matrix(channels: int, masked: bool) -> None:
    """With fewer and with more channels than the 36 positions, against Gram matrices that are formed."""
    style, maps = noise(1, channels, 15, 18), noise(2, channels, 10, 14) ** 2
    mask = noise(3, 1, 10, 14) if masked else None
    entries = windows(style, None, (range(0, 10, 3), range(0, 13, 3)))
    # From half a window before the first row, until the last one is reached; likewise for columns.
    own = windows(maps, mask, (range(-3, 10, 3), range(-3, 14, 3)))
    expected = sum(
        weight * min(float((gram - each).square().sum() / each.square().sum()) for each, _ in entries)
        for gram, weight in own
    )
    term = WindowsTerm([{LAYER: StyleWindows.of(LAYER, [StyleMaps(style, 1.0)])}])
    found = term.distance_sum(maps, mask, TargetKey(whole(10, 14), 0, LAYER))
    assert float(found) == pytest.approx(expected / 4.0, rel=1e-4)


@pytest.mark.parametrize("diagonal", [False, True])
@pytest.mark.parametrize("cells", [3, 6, 12])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 9), (6, 6), (7, 13)])
def test_each_position_lies_in_one_window_of_every_layer(
    height: int, width: int, cells: int, diagonal: bool
) -> None:
    """Also at the borders, and on maps that are smaller than a window."""
    grid = WindowGrid.around(height, width, cells, torch.device("cpu"), diagonal=diagonal)
    steps = cells // max(1, cells // 2)
    assert len(grid.layers) == (steps if diagonal else steps**2)
    assert sorted(torch.cat(grid.layers).tolist()) == list(range(len(grid.index)))
    for numbers in grid.layers:
        inside = grid.index[numbers].flatten()
        assert sorted(inside[inside < height * width].tolist()) == list(range(height * width))


def test_diagonal_windows_are_every_second_one() -> None:
    """Their mean distance, over two layers of the grid instead of four."""
    style, maps = noise(1, 8, 15, 18), noise(2, 8, 12, 12) ** 2
    entries = windows(style, None, (range(0, 10, 3), range(0, 13, 3)))
    starts = [range(offset - 3, 12, 6) for offset in (0, 3)]
    own = [each for start in starts for each in windows(maps, None, (start, start))]
    expected = sum(
        weight * min(float((gram - each).square().sum() / each.square().sum()) for each, _ in entries)
        for gram, weight in own
    )
    term = WindowsTerm([{LAYER: StyleWindows.of(LAYER, [StyleMaps(style, 1.0)])}], diagonal=True)
    found = term.distance_sum(maps, None, TargetKey(whole(12, 12), 0, LAYER))
    assert float(found) == pytest.approx(expected / 2.0, rel=1e-4)


def test_all_windows_are_searched_though_not_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    style, key = (
        StyleWindows.of(LAYER, [StyleMaps(noise(1, 8, 30, 30), 1.0)]),
        TargetKey(whole(12, 12), 0, LAYER),
    )
    expected = WindowsTerm([{LAYER: style}]).distance_sum(noise(2, 8, 12, 12), None, key)
    monkeypatch.setattr(local_windows, "_BLOCK", 1)
    assert torch.equal(WindowsTerm([{LAYER: style}]).distance_sum(noise(2, 8, 12, 12), None, key), expected)


def test_a_style_picture_smaller_than_a_window_is_one_window() -> None:
    maps = noise(1, 8, 2, 3)
    (gram,) = StyleWindows.of(LAYER, [StyleMaps(maps, 1.0)]).windows.grams()
    assert torch.allclose(gram, maps[0].flatten(1) @ maps[0].flatten(1).T / 6.0, rtol=1e-5)


def test_hidden_parts_of_a_style_picture_are_in_no_window() -> None:
    """The right half is hidden, and of windows across its border only what is visible counts."""
    maps, visible = noise(1, 8, 12, 24), torch.ones(1, 1, 12, 24)
    maps[..., 12:], visible[..., 12:] = 100.0, 0.0
    style = StyleWindows.of(LAYER, [StyleMaps(maps, 1.0, visible)])
    # Begun at columns 0, 3, 6, 9, of which the last one is half visible, and at as many rows as without.
    assert len(style.energies) == 3 * 4
    assert float(style.energies.max()) < 10.0


def test_pictures_share_the_windows_by_their_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_windows, "ENTRIES", 40)
    low, high = noise(1, 4, 40, 40), 10.0 + noise(2, 4, 40, 40)
    style = StyleWindows.of(LAYER, [StyleMaps(low, 0.75), StyleMaps(high, 0.25)])
    assert int((style.energies < 100.0).sum()) == 30
    assert int((style.energies > 100.0).sum()) == 10
    assert torch.equal(
        style.energies, StyleWindows.of(LAYER, [StyleMaps(low, 0.75), StyleMaps(high, 0.25)]).energies
    )


@pytest.mark.parametrize("channels", [4, 64])
def test_the_difference_and_its_gradient_are_those_of_the_gram_matrices(channels: int) -> None:
    """Of windows with 36 positions: more than channels, and fewer."""
    own, target = (
        WindowFeatures.at(noise(seed, 1, 180, channels)[0, 0], noise(seed + 2, 1, 1, 180).flatten(), index)
        for seed, index in ((1, torch.arange(180).view(5, 36)), (2, torch.arange(180).flip(0).view(5, 36)))
    )
    rows = own.rows.clone().requires_grad_()
    grams = rows.transpose(1, 2) @ (rows * own.shares[:, :, None])
    expected = (grams - target.grams()).square().sum(dim=(1, 2))
    (slope,) = torch.autograd.grad(expected.sum(), rows)
    scale = torch.tensor([1.0, 0.5, 2.0, 0.0, 3.0])
    difference, found = gram_difference(own, target, scale)
    assert torch.allclose(difference + target.energies(), expected, rtol=1e-3)
    assert found is not None
    assert torch.allclose(found, slope * scale[:, None, None], rtol=1e-3, atol=1e-5)
    assert gram_difference(own, target)[1] is None


def test_half_as_many_bits_come_as_near() -> None:
    """The products are rounded, the sums over them are not."""
    style, maps, key = noise(1, 64, 15, 18), noise(2, 64, 10, 14), TargetKey(whole(10, 14), 0, LAYER)
    exact, rounded = (
        float(
            WindowsTerm([{LAYER: StyleWindows.of(LAYER, [StyleMaps(style.to(dtype), 1.0)])}]).distance_sum(
                maps.to(dtype), None, key
            )
        )
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert rounded == pytest.approx(exact, rel=0.02)


def test_targets_stay_until_they_are_renewed() -> None:
    style = StyleWindows.of(
        LAYER, [StyleMaps(torch.cat([noise(1, 4, 6, 6), 3.0 + noise(2, 4, 6, 6)], dim=3), 1.0)]
    )
    term, key = WindowsTerm([{LAYER: style}]), TargetKey(whole(6, 6), 0, LAYER)
    low, high = noise(1, 4, 6, 6), 3.0 + noise(2, 4, 6, 6)
    first = float(term.distance_sum(low, None, key))
    before = float(term.distance_sum(high, None, key))
    term.renew()
    renewed = float(term.distance_sum(high, None, key))
    assert renewed < 0.1 * before
    assert first < 0.1 * before


def test_the_gradient_is_that_of_the_loss(network: FeatureNetwork) -> None:
    """Along itself, by a central difference; the entries are constant meanwhile."""
    objective = StyleObjective(network, ONLY_WINDOWS, noise(0), [Region(targets(network, 1))])
    image = noise(2)
    _, gradient = objective.value_and_grad(image)
    along = gradient / gradient.abs().max()
    ahead, behind = (float(objective(image + step * along)["total"]) for step in (2e-3, -2e-3))
    assert float((gradient * along).sum()) == pytest.approx((ahead - behind) / 4e-3, rel=1e-2)


def test_regions_that_cover_the_frame_together_pull_like_one(network: FeatureNetwork) -> None:
    style, half = targets(network, 1), torch.full((1, 1, 64, 96), 0.5)
    one, two = (
        float(StyleObjective(network, ONLY_WINDOWS, noise(0), regions)(noise(2))["local"])
        for regions in ([Region(style)], [Region(style, half), Region(style, half)])
    )
    assert two == pytest.approx(one, rel=1e-5)


def test_a_region_pulls_only_where_its_mask_is(network: FeatureNetwork) -> None:
    mask = torch.zeros(1, 1, 64, 96)
    mask[..., :48] = 1.0
    settings = replace(ONLY_WINDOWS, window_layers=("relu1_1",))
    style = style_targets(network, [StylePicture(noise(1), 1.0)], settings, replicate=False)
    _, gradient = StyleObjective(network, settings, noise(0), [Region(style, mask)]).value_and_grad(noise(2))
    assert float(gradient[..., :48].abs().mean()) > 0.0
    assert float(gradient[..., 50:].abs().max()) == 0.0
