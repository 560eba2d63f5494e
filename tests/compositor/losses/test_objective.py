"""The weighted sum of the losses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from compositor.image_ops.resize import reduced
from compositor.losses import terms
from compositor.losses.feature_objective import WEIGHTED, FeatureObjective, Region
from compositor.losses.loss_weights import OctaveLosses, octave_losses
from compositor.losses.objective import StyleObjective
from compositor.losses.style_targets import StylePicture, style_targets
from compositor.losses.temporal_term import FREE_LOCAL_STYLE, FREE_STYLE, SMOOTHING, SPECKLE, TemporalTerm
from compositor.losses.terms import gram, gram_distance, gram_sum, speckle_loss
from compositor.networks.features import FeatureNetwork
from compositor.networks.layer_weights import layer_weights
from compositor.networks.weights import load_network
from compositor.settings import Pooling, StyleSettings

SETTINGS = StyleSettings(
    content_weight=3.0, contrast_weight=2.0, style_weight=20.0, local_weight=7.0, tv_weight=0.5
)


@pytest.fixture(scope="module")
def network() -> FeatureNetwork:
    return FeatureNetwork(load_network(), Pooling.AVERAGE, torch.device("cpu"))


def noise(seed: int) -> Tensor:
    return torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def losses_of(
    network: FeatureNetwork,
    image: Tensor,
    settings: StyleSettings = SETTINGS,
    temporal_term: TemporalTerm | None = None,
) -> dict[str, float]:
    """Losses of `image` for the content noise(0) and the style noise(1)."""
    region = Region(style_targets(network, [StylePicture(noise(1), 1.0)], settings, replicate=False))
    objective = StyleObjective(network, settings, noise(0), [region], temporal_term=temporal_term)
    return {name: value.item() for name, value in objective(image).items()}


def test_total_is_the_weighted_sum(network: FeatureNetwork) -> None:
    losses = losses_of(network, noise(2))
    assert set(losses) == {"content", "contrast", "style", "local", "tv", "total"}
    expected = (
        3.0 * losses["content"]
        + 2.0 * losses["contrast"]
        + 20.0 * losses["style"]
        + 7.0 * losses["local"]
        + 0.5 * losses["tv"]
    )
    assert losses["total"] == pytest.approx(expected)


def test_temporal_loss_joins_with_its_own_weight(network: FeatureNetwork) -> None:
    temporal_term = TemporalTerm(noise(2) + 0.1, torch.ones(1, 1, 32, 32), 50.0)
    losses = losses_of(network, noise(2), temporal_term=temporal_term)
    assert losses["temporal"] == pytest.approx(0.01, rel=1e-4)
    smoother = 0.5 * ((SMOOTHING - 1.0) * losses["tv"] + SPECKLE * speckle_loss(noise(2)).item())
    assert losses["total"] == pytest.approx(losses_of(network, noise(2))["total"] + 0.5 + smoother, rel=1e-4)


def test_the_local_loss_is_a_sum_over_features_and_windows(network: FeatureNetwork) -> None:
    features, windows, both = (
        losses_of(network, noise(2), replace(SETTINGS, **none))["local"]
        for none in ({"window_layers": ()}, {"local_layers": ()}, {})
    )
    assert both == pytest.approx(features + windows)
    assert min(features, windows) > 0.1 * both


def test_free_pixels_of_a_held_frame_are_painted_the_most(network: FeatureNetwork) -> None:
    settings = replace(SETTINGS, window_layers=())
    left = torch.ones(1, 1, 32, 32)
    left[..., :16] = 0.0

    def local(reliability: Tensor) -> float:
        term = TemporalTerm(noise(2), reliability, 50.0)
        return losses_of(network, noise(2), settings, temporal_term=term)["local"]

    alone = losses_of(network, noise(2), settings)["local"]
    assert local(torch.ones_like(left)) == pytest.approx(alone)
    assert local(torch.zeros_like(left)) == pytest.approx(FREE_LOCAL_STYLE * alone)
    assert local(left) + local(1.0 - left) == pytest.approx((FREE_LOCAL_STYLE + 1.0) * alone)


def test_style_statistics_are_means_by_what_is_free(network: FeatureNetwork) -> None:
    """A pixel that is free counts three times: as if the frame had it three times."""
    settings = replace(SETTINGS, style_layers=("relu1_1",), local_weight=0.0)
    left = torch.ones(1, 1, 32, 32)
    left[..., :16] = 0.0

    def style(reliability: Tensor) -> float:
        return losses_of(network, noise(2), settings, TemporalTerm(noise(2), reliability, 50.0))["style"]

    alone = losses_of(network, noise(2), settings)["style"]
    assert style(torch.ones_like(left)) == pytest.approx(alone, rel=1e-5)
    assert style(torch.zeros_like(left)) == pytest.approx(alone, rel=1e-5)

    features, target = (network(noise(seed), ["relu1_1"], replicate=False)["relu1_1"] for seed in (2, 1))
    free, held = gram_sum(features[..., :16]), gram_sum(features[..., 16:])
    expected = gram_distance((FREE_STYLE * free + held) / ((FREE_STYLE + 1.0) * 32 * 16), gram(target))
    assert style(left) == pytest.approx(expected.item(), rel=1e-4)
    assert style(left) != pytest.approx(alone, rel=1e-3)


def test_a_held_frame_s_style_counts_for_more(network: FeatureNetwork) -> None:
    free, held = (
        losses_of(
            network, noise(2), temporal_term=TemporalTerm(noise(2), torch.ones(1, 1, 32, 32), 50.0, gain)
        )
        for gain in (1.0, 3.0)
    )
    assert held["style"] == free["style"] > 0.0
    more = 2.0 * SETTINGS.style_weight * free["style"]
    assert held["total"] == pytest.approx(free["total"] + more, rel=1e-4)


def test_content_itself_has_no_content_loss_and_style_itself_no_style_loss(network: FeatureNetwork) -> None:
    assert losses_of(network, noise(0))["content"] == 0.0
    assert losses_of(network, noise(1))["style"] == pytest.approx(0.0, abs=1e-9)
    assert losses_of(network, noise(0))["style"] > 1e-6


def test_several_layers_share_the_weight_equally(network: FeatureNetwork) -> None:
    def with_layers(*layers: str) -> dict[str, float]:
        chosen = replace(SETTINGS, content_layers=layers, style_layers=layers)
        return losses_of(network, noise(2), chosen)

    first, second, both = (
        with_layers("relu1_1"),
        with_layers("relu3_1"),
        with_layers("relu1_1", "relu3_1"),
    )
    for name in ("content", "style"):
        assert both[name] == pytest.approx((first[name] + second[name]) / 2)


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_a_regions_style_loss_counts_by_its_share_of_the_frame(network: FeatureNetwork, share: float) -> None:
    """A pixel is then pulled equally strongly in a small region and in a large one."""
    settings = replace(SETTINGS, style_layers=("relu1_1",))
    targets = style_targets(network, [StylePicture(noise(1), 1.0)], settings, replicate=False)
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., : round(32 * share)] = 1.0
    features = network(noise(2), ["relu1_1"], replicate=False)["relu1_1"]
    distance = targets.statistics["relu1_1"].distance(terms.gram(features, mask))
    objective = StyleObjective(network, settings, noise(0), [Region(targets, mask)])
    assert float(objective(noise(2))["style"]) == pytest.approx(share * float(distance), rel=1e-4)


def test_regions_that_cover_the_frame_together_pull_like_one(network: FeatureNetwork) -> None:
    """Two regions that each get a half of every pixel."""
    targets = style_targets(network, [StylePicture(noise(1), 1.0)], SETTINGS, replicate=False)
    soft = torch.full((1, 1, 32, 32), 0.5)
    whole, parts = (
        float(StyleObjective(network, SETTINGS, noise(0), regions)(noise(2))["style"])
        for regions in ([Region(targets)], [Region(targets, soft), Region(targets, soft)])
    )
    assert parts == pytest.approx(whole, rel=1e-4)


def test_octaves_share_the_losses_of_features() -> None:
    """In double precision, so that the gradient can be compared with differences of the total."""
    network = FeatureNetwork(load_network(), Pooling.AVERAGE, torch.device("cpu"), dtype=torch.float64)
    content, image, direction = (
        torch.rand(1, 3, 63, 64, generator=torch.Generator().manual_seed(seed)) for seed in (0, 2, 3)
    )
    region = Region(style_targets(network, [StylePicture(noise(1), 1.0)], SETTINGS, replicate=False))
    finer, last = octave_losses(SETTINGS, network, [(63, 64), (42, 43)])
    fine = FeatureObjective(network, finer, content, [region])
    coarse = FeatureObjective(network, last, reduced(content, 42, 43), [region])
    both = StyleObjective(network, SETTINGS, content, [region], octave=finer, coarser=[coarse])
    losses, gradient = both.value_and_grad(image)

    at_full_size, at_smaller_size = fine(image), coarse(reduced(image, 42, 43))
    for name in ("content", "style", "local"):
        assert float(losses[name]) == pytest.approx(float(at_full_size[name] + at_smaller_size[name]) / 2)
    of_features = float(at_full_size[WEIGHTED] + at_smaller_size[WEIGHTED]) / 2
    of_pixels = 2.0 * float(losses["contrast"]) + 0.5 * float(losses["tv"])
    assert float(losses["total"]) == pytest.approx(of_features + of_pixels)
    assert float(both(image)["total"]) == pytest.approx(float(losses["total"]))

    ahead, behind = (float(both(image + 1e-3 * sign * direction)["total"]) for sign in (1.0, -1.0))
    assert float((gradient * direction).sum()) == pytest.approx((ahead - behind) / 2e-3, rel=1e-2)


def test_factors_are_on_what_an_octave_has_more_than_others(network: FeatureNetwork) -> None:
    content, image = noise(0), noise(2)
    region = Region(style_targets(network, [StylePicture(noise(1), 1.0)], SETTINGS, replicate=False))

    def losses(octave: OctaveLosses) -> dict[str, float]:
        objective = FeatureObjective(network, octave, content, [region])
        return {name: float(value) for name, value in objective(image).items()}

    alone = losses(OctaveLosses(SETTINGS))
    features = losses(OctaveLosses(replace(SETTINGS, window_layers=())))
    more = losses(OctaveLosses(SETTINGS, content_factor=2.0, windows_factor=3.0))
    assert more["content"] == pytest.approx(2.0 * alone["content"])
    assert more["style"] == alone["style"]
    in_windows = alone["local"] - features["local"]
    assert more["local"] == pytest.approx(features["local"] + 3.0 * in_windows)


BLOCKS = [f"relu{block}_1" for block in range(1, 6)]


@pytest.mark.parametrize(
    ("changes", "content", "style", "windows"),
    [
        ({}, [], BLOCKS[:3], []),
        ({"content_layers": ("relu2_1",)}, ["relu2_1"], BLOCKS[:3], []),
        ({"local_layers": ("relu3_1", "relu4_1")}, [], BLOCKS[:4], ["relu4_1"]),
        ({"style_layers": ("relu5_1:2",)}, [], ["relu5_1"], []),
        ({"style_layers": ("relu1_1:3", "relu3_1", "relu5_1")}, [], ["relu1_1", "relu3_1"], []),
    ],
)
def test_an_octave_near_the_last_goes_no_deeper_than_the_local_features(
    network: FeatureNetwork,
    changes: dict[str, Any],
    content: list[str],
    style: list[str],
    windows: list[str],
) -> None:
    settings = replace(SETTINGS, **changes)
    finer, last = octave_losses(settings, network, [(360, 640), (270, 480)])
    check_layers(finer.settings, settings, content, style, windows)
    assert finer.settings.local_layers == settings.local_layers
    assert finer.is_finer
    assert last == OctaveLosses(
        settings,
        content_factor=1.5 if content else 2.0,
        windows_factor=1.5 if windows else 2.0,
    )
    assert finer.content_factor == 2.0 - last.content_factor
    assert finer.windows_factor == 2.0 - last.windows_factor


@pytest.mark.parametrize(
    ("changes", "style"),
    [
        ({}, BLOCKS[:4]),
        ({"content_layers": ("relu5_1",)}, BLOCKS),
        ({"style_layers": ("relu5_1:2",)}, ["relu5_1"]),
        ({"style_layers": ("relu1_1:3", "relu3_1", "relu5_1")}, ["relu1_1", "relu3_1"]),
        ({"content_layers": ("relu2_1",), "window_layers": ()}, BLOCKS[:3]),
    ],
)
def test_an_octave_far_from_the_last_goes_no_deeper_for_the_style(
    network: FeatureNetwork, changes: dict[str, Any], style: list[str]
) -> None:
    settings = replace(SETTINGS, **changes)
    octaves = octave_losses(settings, network, [(1080, 1920), (540, 960), (270, 480)])
    for finer in octaves[:2]:
        kept = layer_weights(settings.content_layers), layer_weights(settings.window_layers)
        check_layers(finer.settings, settings, list(kept[0]), style, list(kept[1]))
    assert [each.is_finer for each in octaves] == [True, True, False]
    assert [each.content_factor for each in octaves] == [0.5, 0.5, 2.0]
    windows = [0.5, 0.5, 2.0] if settings.window_layers else [1.0] * 3
    assert [each.windows_factor for each in octaves] == windows
    assert octaves[2].settings == settings


def test_the_last_of_three_octaves_has_what_the_middle_one_leaves(network: FeatureNetwork) -> None:
    octaves = octave_losses(SETTINGS, network, [(900, 1600), (490, 870), (270, 480)])
    assert [bool(each.settings.content_layers) for each in octaves] == [True, False, True]
    assert [each.content_factor for each in octaves] == [0.5, 0.0, 2.5]
    assert [each.windows_factor for each in octaves] == [0.5, 0.0, 2.5]
    assert octave_losses(SETTINGS, network, [(270, 480)]) == [OctaveLosses(SETTINGS)]


def check_layers(
    finer: StyleSettings, settings: StyleSettings, content: list[str], style: list[str], windows: list[str]
) -> None:
    """The layers are these, and have the same weights to each other as before."""
    weights, before = layer_weights(finer.style_layers), layer_weights(settings.style_layers)
    assert list(layer_weights(finer.content_layers)) == content
    assert list(layer_weights(finer.window_layers)) == windows
    assert list(weights) == style
    total = sum(before[name] for name in style)
    assert weights == pytest.approx({name: before[name] / total for name in style})
