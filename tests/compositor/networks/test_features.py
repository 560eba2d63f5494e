"""The network's layers: names, sizes, borders, pooling; on a network of identities where values matter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from compositor.errors import LayerError
from compositor.networks.features import AVERAGE_POOLING_GAIN, FeatureNetwork
from compositor.networks.input_normalization import IMAGENET_MEAN
from compositor.networks.vgg import Convolution, NetworkWeights
from compositor.networks.weights import load_network
from compositor.settings import Pooling
from video.paintings.painting import Painting

CPU = torch.device("cpu")
MEAN = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)


@pytest.fixture(scope="module")
def vgg() -> FeatureNetwork:
    return FeatureNetwork(load_network(), Pooling.AVERAGE, CPU)


def identity(name: str) -> Convolution:
    """A convolution that passes its three channels on."""
    weight = torch.zeros(3, 3, 3, 3)
    weight[range(3), range(3), 1, 1] = 1.0
    return Convolution(name, weight, torch.zeros(3))


def identity_network(pooling: Pooling) -> FeatureNetwork:
    return network_of(*(identity(f"conv{block}_1") for block in range(1, 6)), pooling=pooling)


def network_of(*convolutions: Convolution, pooling: Pooling = Pooling.AVERAGE) -> FeatureNetwork:
    return FeatureNetwork(NetworkWeights("by hand", convolutions, IMAGENET_MEAN), pooling, CPU)


def bright(height: int, width: int) -> Tensor:
    """An image brighter than the mean that is subtracted, so that the rectifiers let it through."""
    noise = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    return 0.6 + 0.4 * noise


def test_layers_are_named_in_order(vgg: FeatureNetwork) -> None:
    assert vgg.layers[:6] == ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1")
    assert vgg.layers[-3:] == ("pool4", "conv5_1", "relu5_1")


def test_unknown_layer_is_refused_with_those_that_there_are(vgg: FeatureNetwork) -> None:
    with pytest.raises(LayerError, match="relu9_9") as error:
        vgg.check(["relu4_2", "relu9_9"])
    assert all(name in str(error.value) for name in vgg.layers)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("relu1_1", (1, 64, 48, 65)),
        ("pool1", (1, 64, 24, 33)),
        ("relu2_1", (1, 128, 24, 33)),
        ("relu3_1", (1, 256, 12, 17)),
        ("relu4_2", (1, 512, 6, 9)),
        ("relu5_1", (1, 512, 3, 5)),
    ],
)
def test_shapes(vgg: FeatureNetwork, layer: str, shape: tuple[int, ...]) -> None:
    features = vgg(bright(48, 65), [layer])
    assert list(features) == [layer]
    assert features[layer].shape == shape
    assert features[layer].is_contiguous(memory_format=torch.channels_last)


def test_smallest_picture_reaches_the_deepest_layer(vgg: FeatureNetwork) -> None:
    assert vgg(bright(16, 16), ["relu5_1"])["relu5_1"].shape == (1, 512, 1, 1)


def test_deeper_layers_are_not_computed_when_nobody_asks() -> None:
    impossible = Convolution("conv1_2", torch.zeros(4, 99, 3, 3), torch.zeros(4))
    network = network_of(identity("conv1_1"), impossible)
    assert network(bright(16, 16), ["relu1_1"])["relu1_1"].shape == (1, 3, 16, 16)
    with pytest.raises(RuntimeError):
        network(bright(16, 16), ["relu1_2"])


def test_first_convolution_sees_the_picture_less_the_mean_color() -> None:
    image = bright(16, 20)
    features = identity_network(Pooling.AVERAGE)(image, ["conv1_1"])
    torch.testing.assert_close(features["conv1_1"], 255.0 * image - MEAN)


def test_relu_clips_and_conv_does_not(vgg: FeatureNetwork) -> None:
    features = vgg(bright(16, 16), ["conv2_1", "relu2_1"])
    assert features["conv2_1"].min() < 0.0
    torch.testing.assert_close(features["relu2_1"], features["conv2_1"].clamp_min(0.0))


def test_average_pooling_is_the_scaled_mean_and_max_pooling_the_maximum() -> None:
    image = bright(16, 16)
    blocks = (255.0 * image - MEAN).unfold(2, 2, 2).unfold(3, 2, 2)
    average = identity_network(Pooling.AVERAGE)(image, ["pool1"])["pool1"]
    maximum = identity_network(Pooling.MAX)(image, ["pool1"])["pool1"]
    torch.testing.assert_close(average, AVERAGE_POOLING_GAIN * blocks.mean(dim=(-2, -1)))
    torch.testing.assert_close(maximum, blocks.amax(dim=(-2, -1)))


@pytest.mark.parametrize("pooling", Pooling)
def test_pooling_of_an_odd_size_keeps_what_is_there_at_the_end(pooling: Pooling) -> None:
    image = bright(17, 17)
    pooled = identity_network(pooling)(image, ["pool1"])["pool1"]
    gain = AVERAGE_POOLING_GAIN if pooling is Pooling.AVERAGE else 1.0
    corner = gain * (255.0 * image - MEAN)[..., 16, 16]
    torch.testing.assert_close(pooled[..., 8, 8], corner)


@pytest.mark.parametrize(("height", "width"), [(17, 33), (19, 31), (48, 17)])
def test_odd_sizes_keep_a_gradient_at_the_last_row_and_column(height: int, width: int) -> None:
    image = bright(height, width).requires_grad_(True)
    identity_network(Pooling.AVERAGE)(image, ["relu5_1"])["relu5_1"].sum().backward()
    assert image.grad is not None
    assert (image.grad > 0.0).all()


@pytest.mark.parametrize("color", [(0.2, 0.4, 0.9), (1.0, 1.0, 1.0)])
@pytest.mark.parametrize("layer", ["conv1_1", "relu1_1", "relu3_1", "relu5_1"])
def test_constant_picture_has_no_border_in_any_layer(
    vgg: FeatureNetwork, color: tuple[float, float, float], layer: str
) -> None:
    image = torch.tensor(color).view(1, 3, 1, 1).expand(1, 3, 48, 64)
    features = vgg(image, [layer])[layer]
    middle = features[..., features.shape[2] // 2, features.shape[3] // 2][..., None, None]
    torch.testing.assert_close(features, middle.expand_as(features), atol=2e-3, rtol=1e-4)


def test_average_pooling_keeps_about_the_energy_of_max_pooling(
    vgg: FeatureNetwork, picture: Callable[..., np.ndarray]
) -> None:
    layers = ["relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1"]
    sharper = FeatureNetwork(load_network(), Pooling.MAX, CPU)
    ratios = torch.zeros(len(layers))
    for painting in Painting:
        image = torch.from_numpy(picture(128, 96, painting)).permute(2, 0, 1)[None]
        average, maximum = vgg(image, layers), sharper(image, layers)
        ratios += torch.stack([average[layer].norm() / maximum[layer].norm() for layer in layers]) / len(
            Painting
        )
    assert (ratios > 0.6).all()
    assert (ratios < 1.2).all()


@pytest.mark.parametrize(("replicate", "spread"), [(True, 0.0), (False, 0.1)])
def test_zeros_at_the_border_are_seen_by_the_deeper_layers_alone(
    vgg: FeatureNetwork, replicate: bool, spread: float
) -> None:
    features = vgg(torch.full((1, 3, 48, 64), 0.5), ["relu1_1", "relu2_1"], replicate=replicate)
    assert float(features["relu1_1"].std(dim=(-2, -1)).max()) < 1e-3
    deeper = features["relu2_1"]
    assert float(deeper.std(dim=(-2, -1)).max()) >= spread * float(deeper.mean())
    if replicate:
        assert float(deeper.std(dim=(-2, -1)).max()) < 1e-2
