"""Gatys' normalized network: every filter's mean activation is one, and its pattern is the one it had."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from compositor.networks.activation_normalization import normalize_network
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import Convolution, NetworkWeights, load_network
from compositor.settings import Pooling
from tests.compositor.vgg_dicts import make_tensors

CPU = torch.device("cpu")


def noise(height: int, width: int, seed: int) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


IMAGES = [noise(40, 48, 1), noise(33, 21, 2)]


@pytest.fixture(scope="module", params=Pooling)
def pooling(request: pytest.FixtureRequest) -> Pooling:
    return request.param


@pytest.fixture(scope="module")
def lively() -> NetworkWeights:
    """A network of random filters, each of which sums to zero: noise excites them all."""
    convolutions = tuple(
        Convolution(name, weight - weight.mean(dim=(1, 2, 3), keepdim=True), bias)
        for name, _, weight, bias in make_tensors("vgg16", 5)
    )
    return NetworkWeights("random", convolutions, (127.5, 127.5, 127.5))


def activations(weights: NetworkWeights, pooling: Pooling) -> dict[str, list[Tensor]]:
    """Each relu layer's maps of both images, as (C, positions)."""
    network = FeatureNetwork(weights, pooling, CPU)
    layers = [name for name in network.layers if name.startswith("relu")]
    both = [network(image, layers) for image in IMAGES]
    return {layer: [features[layer][0].flatten(1) for features in both] for layer in layers}


def test_every_filter_has_mean_one(lively: NetworkWeights, pooling: Pooling) -> None:
    normalized = normalize_network(lively, IMAGES, pooling)
    before, after = activations(lively, pooling), activations(normalized, pooling)
    for layer, maps in after.items():
        old = torch.cat(before[layer], dim=1).mean(dim=1)
        loud = old > 0.06 * old.median()
        assert loud.float().mean() > 0.95
        mean = torch.cat(maps, dim=1).mean(dim=1)[loud]
        torch.testing.assert_close(mean, torch.ones_like(mean), atol=1e-3, rtol=0.0)


@pytest.mark.parametrize("name", ["embedded", "random"])
def test_channels_keep_their_patterns(lively: NetworkWeights, pooling: Pooling, name: str) -> None:
    weights = load_network() if name == "embedded" else lively
    before = activations(weights, pooling)
    after = activations(normalize_network(weights, IMAGES, pooling), pooling)
    for layer in before:
        old, new = torch.cat(before[layer], dim=1), torch.cat(after[layer], dim=1)
        factor = new.sum(dim=1, keepdim=True) / old.sum(dim=1, keepdim=True).clamp_min(1e-12)
        torch.testing.assert_close(new, old * factor, atol=1e-3 * float(new.max()), rtol=1e-3)


def test_filters_that_no_picture_excites_are_not_blown_up(lively: NetworkWeights) -> None:
    first = lively.convolutions[0]
    bias = first.bias.clone()
    bias[:3] = -1e6
    silenced = NetworkWeights(
        "silenced", (Convolution(first.name, first.weight, bias), *lively.convolutions[1:]), lively.mean
    )
    after = normalize_network(silenced, IMAGES, Pooling.AVERAGE)
    assert all(each.weight.isfinite().all() and each.bias.isfinite().all() for each in after.convolutions)
    norms = after.convolutions[0].weight.flatten(1).norm(dim=1) / first.weight.flatten(1).norm(dim=1)
    assert norms[:3].max() <= norms[3:].max()


def test_all_black_network_stays_finite() -> None:
    black = NetworkWeights(
        "black", (Convolution("conv1_1", torch.zeros(64, 3, 3, 3), torch.zeros(64)),), (0, 0, 0)
    )
    after = normalize_network(black, IMAGES, Pooling.MAX)
    assert after.convolutions[0].weight.isfinite().all()


def test_name_tells_and_source_is_untouched(lively: NetworkWeights) -> None:
    weight = lively.convolutions[3].weight.clone()
    assert normalize_network(lively, IMAGES, Pooling.MAX).name == "random, normalized"
    assert torch.equal(lively.convolutions[3].weight, weight)
