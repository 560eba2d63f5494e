"""Local style distance against Gram matrices of windows one by one, and the windows of a mask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from compositor.engine import StyleEngine
from compositor.image_ops.arrays import to_tensor
from compositor.losses import terms
from compositor.losses.local_style_distance import (
    MEASURING_SIZE,
    WINDOW_CELLS,
    LocalStyleDistance,
    WindowGrid,
)
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import load_network
from compositor.settings import DeviceChoice, Pooling, Precision, StyleSettings
from video.paintings.painting import Painting

Picture = Callable[..., np.ndarray]

CPU = torch.device("cpu")
LAYERS = tuple(WINDOW_CELLS)


@pytest.fixture(scope="module")
def network() -> FeatureNetwork:
    weights = load_network()
    return FeatureNetwork(weights, Pooling.AVERAGE, CPU)


def one_by_one(own: Tensor, painting: Tensor, window: int) -> list[float]:
    """The distance of each window of maps (1, C, H, W) to the nearest of the painting's."""

    def grams(maps: Tensor) -> list[Tensor]:
        grid = WindowGrid.over(maps.shape[-2], maps.shape[-1], window)
        height, width = grid.size
        return [
            terms.gram(maps[..., row : row + height, column : column + width])
            for row in grid.rows
            for column in grid.columns
        ]

    targets = grams(painting)
    return [min(float(terms.gram_distance(each, target)) for target in targets) for each in grams(own)]


def test_distances_are_those_of_the_grams_one_by_one(network: FeatureNetwork, picture: Picture) -> None:
    own = to_tensor(picture(150, 110), CPU)
    painting = to_tensor(picture(150, 120, Painting.KNIFE), CPU)
    measured = LocalStyleDistance(network, [painting]).of(own)
    features, target = network(own, LAYERS), network(painting, LAYERS)
    for layer, window in WINDOW_CELLS.items():
        expected = one_by_one(features[layer], target[layer], window)
        np.testing.assert_allclose(measured.distances[layer].ravel(), expected, rtol=2e-3, atol=1e-5)
    summary = measured.summary()
    assert summary is not None
    assert summary["relu3_1"].mean == pytest.approx(measured.distances["relu3_1"].mean())
    assert summary["relu3_1"].p90 == pytest.approx(np.percentile(measured.distances["relu3_1"], 90.0))


@pytest.mark.parametrize("precision", Precision)
def test_a_painting_has_no_distance_to_itself(picture: Picture, precision: Precision) -> None:
    painting = picture(150, 110, Painting.SWIRLS)
    settings = StyleSettings(device=DeviceChoice.CPU, precision=precision, normalized_network=True)
    engine = StyleEngine(settings, painting)
    measured, other = (engine.local_style_distance(each) for each in (painting, picture(150, 110)))
    assert measured is not None
    assert other is not None
    for layer in LAYERS:
        assert measured[layer].mean == pytest.approx(0.0, abs=1e-5)
        assert measured[layer].p90 == pytest.approx(0.0, abs=1e-5)
        assert other[layer].mean > 0.02


def test_a_window_may_be_nearest_to_any_of_the_paintings(network: FeatureNetwork, picture: Picture) -> None:
    pictures = [to_tensor(picture(120, 90, each), CPU) for each in (Painting.SWIRLS, Painting.KNIFE)]
    distance = LocalStyleDistance(network, pictures)
    for each in pictures:
        assert max(values.max() for values in distance.of(each).distances.values()) < 1e-4


def test_a_mask_chooses_the_windows_at_least_half_within_it(picture: Picture) -> None:
    painting = picture(320, 96, Painting.SWIRLS)
    image = painting.copy()
    image[:, 160:] = 0.5
    engine = StyleEngine(StyleSettings(device=DeviceChoice.CPU), painting)
    mask = np.zeros((96, 320), np.float32)
    mask[:, :120] = 1.0
    windows = engine.window_distances(image)
    # 48 px wide, every 24 px; the fifth reaches from 96 to 144 px.
    assert windows.grids["relu2_1"].columns == (0, 12, 24, 36, 48, 60, 72, 84, 96, 108, 120, 132, 136)
    chosen = windows.grids["relu2_1"].shares(mask) >= 0.499
    np.testing.assert_array_equal(chosen, [[column <= 48 for column in range(0, 145, 12)]] * 3)
    inside, whole = engine.local_style_distance(image, mask), engine.local_style_distance(image)
    assert inside is not None
    assert whole is not None
    for layer in LAYERS:
        assert inside[layer].mean < 0.1 * whole[layer].mean
    assert engine.local_style_distance(image, np.zeros_like(mask)) is None


def test_a_larger_frame_is_reduced_and_a_smaller_one_stays(network: FeatureNetwork, picture: Picture) -> None:
    painting = to_tensor(picture(64, 48), CPU)
    distance = LocalStyleDistance(network, [painting])
    large = distance.of(to_tensor(picture(2 * MEASURING_SIZE, 64), CPU)).grids["relu2_1"]
    assert (large.width, large.height, large.size) == (240, 16, (16, 24))
    small = distance.of(to_tensor(picture(40, 20), CPU)).grids["relu4_1"]
    assert (small.width, small.height, small.size, len(small)) == (5, 3, (3, 5), 1)
