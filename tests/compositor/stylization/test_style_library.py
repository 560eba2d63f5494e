"""Style pictures with transparency: what is hidden has no part in statistics, dictionary or palette."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from compositor.engine import StyleEngine
from compositor.errors import ImageError
from compositor.image_ops.arrays import to_tensor
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import load_network
from compositor.settings import Color, Pooling, StyleSettings, StyleStatistic
from compositor.stylization.style_library import Style, StyleLibrary

CPU = torch.device("cpu")
SETTINGS = StyleSettings(style_layers=("relu1_1", "relu3_1"), local_layers=("relu3_1",), local_weight=1.0)
RNG = np.random.default_rng(3)
HEIGHT, WIDTH = 48, 64
# Blue and yellow strokes, visible in the left half; the right half is hidden.
PAINTING = np.where(
    (np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) // 5 % 2)[..., None], (0.1, 0.2, 0.7), (0.9, 0.8, 0.2)
).astype(np.float32)
ALPHA = np.zeros((HEIGHT, WIDTH, 1), np.float32)
ALPHA[:, : WIDTH // 2] = 1.0
MAGENTA = np.array([1.0, 0.0, 1.0], np.float32)
NOISE = RNG.random((HEIGHT, WIDTH, 3)).astype(np.float32)


def cutout(hidden: np.ndarray) -> np.ndarray:
    """The painting, with `hidden` where it is transparent."""
    return np.concatenate([np.where(ALPHA > 0.0, PAINTING, hidden), ALPHA], axis=2).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> FeatureNetwork:
    return FeatureNetwork(load_network(), Pooling.AVERAGE, CPU)


def library(network: FeatureNetwork, image: np.ndarray, settings: StyleSettings = SETTINGS) -> StyleLibrary:
    return StyleLibrary([Style(image)], settings, network, CPU)


def gram_of(network: FeatureNetwork, image: np.ndarray, layer: str) -> torch.Tensor:
    """The Gram matrix of an opaque picture as the mean over its pixels."""
    maps = network(to_tensor(image, CPU), [layer], replicate=False)[layer][0].flatten(1).double()
    return maps @ maps.T / maps.shape[1]


@pytest.mark.parametrize("statistic", StyleStatistic)
def test_what_is_hidden_changes_nothing(network: FeatureNetwork, statistic: StyleStatistic) -> None:
    settings = StyleSettings(
        style_layers=("relu1_1", "relu3_1"),
        local_layers=("relu3_1",),
        local_weight=1.0,
        style_statistic=statistic,
    )
    one, other = (library(network, cutout(hidden), settings) for hidden in (MAGENTA, NOISE))
    assert one.digest == other.digest
    for first, second in zip(one.color_statistics(), other.color_statistics(), strict=True):
        assert torch.equal(first, second)
    # At the picture's own size and at a smaller one, where resampling would mix hidden pixels in.
    for side in (WIDTH, 40):
        first, second = one.targets(None, side), other.targets(None, side)
        image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
        for layer, target in first.statistics.items():
            maps = network(image, [layer], replicate=False)[layer][0].flatten(1)
            means = (maps @ maps.T / maps.shape[1], maps.mean(dim=1))
            arguments = means if statistic is StyleStatistic.WASSERSTEIN else means[:1]
            assert torch.equal(target.distance(*arguments), second.statistics[layer].distance(*arguments))
        for layer, dictionary in first.dictionaries.items():
            assert torch.equal(dictionary.values, second.dictionaries[layer].values)
            assert torch.equal(dictionary.mean, second.dictionaries[layer].mean)


@pytest.mark.parametrize("layer", ["relu1_1", "relu3_1"])
def test_the_statistics_are_those_of_the_visible_part(network: FeatureNetwork, layer: str) -> None:
    target = library(network, cutout(MAGENTA)).targets(None, WIDTH).statistics[layer]
    alone = gram_of(network, PAINTING[:, : WIDTH // 2], layer)
    hidden_too = gram_of(network, cutout(MAGENTA)[..., :3], layer)
    off = float(target.distance(alone.float()))
    # Beside the border features see beyond it, and no more than there.
    assert off < 0.02
    assert off < 0.1 * float(target.distance(hidden_too.float()))


def test_pixels_count_as_much_as_they_are_visible(network: FeatureNetwork) -> None:
    # Two flat halves, black and visible, white and visible to a quarter.
    color = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    color[:, WIDTH // 2 :] = 1.0
    alpha = np.where(color[..., :1] == 1.0, 0.25, 1.0).astype(np.float32)
    mean, covariance = library(network, np.concatenate([color, alpha], axis=2)).color_statistics()
    np.testing.assert_allclose(mean, 0.2, atol=1e-5)
    np.testing.assert_allclose(covariance, 0.16, atol=1e-3)


def test_the_palette_is_that_of_the_visible_part(network: FeatureNetwork) -> None:
    mean, covariance = library(network, cutout(MAGENTA)).color_statistics()
    pixels = PAINTING[:, : WIDTH // 2].reshape(-1, 3)
    np.testing.assert_allclose(mean, pixels.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(covariance, np.cov(pixels.T), atol=1e-4)


@pytest.mark.parametrize("color", [Color.MATCH, Color.LUMINANCE])
def test_colors_are_matched_by_the_visible_part(network: FeatureNetwork, color: Color) -> None:
    content = (0.3 + 0.3 * RNG.random((40, 40, 3))).astype(np.float32)
    settings = StyleSettings(style_layers=("relu1_1",), local_weight=0.0, color=color)
    made = library(network, cutout(MAGENTA), settings)
    made.match_colors_to(content)
    mean, _ = made.color_statistics()
    wanted = content.reshape(-1, 3).mean(axis=0)
    if color is Color.LUMINANCE:
        wanted = np.full(3, wanted @ (0.299, 0.587, 0.114))
    np.testing.assert_allclose(mean, wanted, atol=5e-3)


def test_the_dictionary_holds_visible_features_alone(network: FeatureNetwork) -> None:
    dictionary = library(network, cutout(NOISE)).targets(None, WIDTH).dictionaries["relu3_1"]
    # A quarter of the size, half of it visible.
    assert len(dictionary.values) == HEIGHT // 4 * WIDTH // 4 // 2
    alone = network(to_tensor(PAINTING[:, : WIDTH // 2], CPU), ["relu3_1"], replicate=False)["relu3_1"]
    away = alone[0, :, :, :4].flatten(1).T
    nearest = torch.cdist(away, dictionary.values).min(dim=1).values
    assert float(nearest.max()) < 1e-3 * float(away.norm(dim=1).mean())


def test_an_opaque_alpha_channel_changes_nothing(network: FeatureNetwork) -> None:
    opaque = np.concatenate([PAINTING, np.ones((HEIGHT, WIDTH, 1), np.float32)], axis=2)
    plain, with_alpha = library(network, PAINTING), library(network, opaque)
    assert plain.digest == with_alpha.digest
    first, second = plain.targets(None, WIDTH), with_alpha.targets(None, WIDTH)
    maps = gram_of(network, NOISE, "relu3_1").float()
    assert torch.equal(
        first.statistics["relu3_1"].distance(maps), second.statistics["relu3_1"].distance(maps)
    )
    assert torch.equal(first.dictionaries["relu3_1"].values, second.dictionaries["relu3_1"].values)


@pytest.mark.parametrize("normalized", [False, True])
def test_a_wholly_transparent_style_is_refused(normalized: bool) -> None:
    clear = np.concatenate([PAINTING, np.zeros((HEIGHT, WIDTH, 1), np.float32)], axis=2)
    with pytest.raises(ImageError, match="wholly transparent"):
        StyleEngine(StyleSettings(normalized_network=normalized), clear)


def test_one_visible_pixel_is_enough(network: FeatureNetwork) -> None:
    alpha = np.zeros((HEIGHT, WIDTH, 1), np.float32)
    alpha[20, 30] = 1.0
    made = library(network, np.concatenate([PAINTING, alpha], axis=2)).targets(None, WIDTH)
    distance = made.statistics["relu3_1"].distance(gram_of(network, PAINTING, "relu3_1").float())
    assert bool(torch.isfinite(distance))
    assert torch.isfinite(made.dictionaries["relu3_1"].values).all()


def test_the_normalized_network_and_the_measure_take_no_hidden_pixels() -> None:
    settings = StyleSettings(normalized_network=True, steps=1)
    image = (0.2 + 0.5 * NOISE).astype(np.float32)
    errors, distances = [], []
    for hidden in (MAGENTA, NOISE):
        engine = StyleEngine(settings, cutout(hidden))
        errors.append(engine.style_error(image))
        distances.append(engine.local_style_distance(image))
    assert errors[0] == errors[1]
    assert distances[0] == distances[1]


@pytest.mark.parametrize("weight", [0.0, -1.0, 1e308, float("inf"), float("nan")])
def test_a_weight_that_has_no_share_is_refused(network: FeatureNetwork, weight: float) -> None:
    with pytest.raises(ImageError, match="weight"):
        StyleLibrary([Style(PAINTING, weight), Style(PAINTING, weight)], SETTINGS, network, CPU)
