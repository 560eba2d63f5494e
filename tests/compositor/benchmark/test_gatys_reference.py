"""The engine's objective against the published method's, and both ways downhill.

Pictures have sides that are multiples of 16: the reference's pooling drops a last odd row or column, which
the engine's keeps, and only up to `relu5_1`, four poolings down, do such sides stay even.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from compositor.benchmark.gatys_reference import Reference, noise_start
from compositor.engine import StyleEngine
from compositor.image_ops.arrays import to_tensor
from compositor.losses.feature_objective import Region
from compositor.losses.objective import StyleObjective
from compositor.losses.style_targets import StylePicture, style_targets
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import NetworkWeights, load_network
from compositor.settings import DeviceChoice, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from video.paintings.painting import Painting, paint

CPU = torch.device("cpu")
SETTINGS = StyleSettings(
    contrast_weight=0.0,
    style_weight=40.0,
    local_weight=0.0,
    tv_weight=10.0,
    coarsest_size=64,
    device=DeviceChoice.CPU,
)


@dataclass(frozen=True)
class Scene:
    """A content and a style, and the engine's objective for them."""

    weights: NetworkWeights
    content: np.ndarray
    style: np.ndarray
    objective: StyleObjective

    def reference(self, *, published_network: bool = False) -> Reference:
        content, style = to_tensor(self.content, CPU), to_tensor(self.style, CPU)
        return Reference(self.weights, content, style, SETTINGS, published_network=published_network)

    def total(self, image: torch.Tensor) -> float:
        return float(self.objective(image)["total"])


@pytest.fixture(scope="module")
def scene() -> Scene:
    weights = load_network()
    content, style = paint(Painting.DABS, 64, 48), paint(Painting.SWIRLS, 64, 48)
    network = FeatureNetwork(weights, SETTINGS.pooling, CPU)
    targets = style_targets(network, [StylePicture(to_tensor(style, CPU), 1.0)], SETTINGS, replicate=False)
    objective = StyleObjective(network, SETTINGS, to_tensor(content, CPU), [Region(targets)])
    return Scene(weights, content, style, objective)


def test_both_have_the_same_objective(scene: Scene) -> None:
    for image in (torch.rand(1, 3, 48, 64), to_tensor(scene.content, CPU)):
        assert scene.reference().relative_objective(image) == pytest.approx(scene.total(image), rel=1e-3)


def test_the_published_network_has_nearly_the_same_objective(scene: Scene) -> None:
    # On 64×48 px a good half of relu5_1's positions touch the border.
    image = to_tensor(scene.content, CPU)
    published = scene.reference(published_network=True).relative_objective(image)
    assert published == pytest.approx(scene.total(image), rel=0.5)


def test_both_go_downhill(scene: Scene) -> None:
    content = to_tensor(scene.content, CPU)
    before = scene.total(content)
    theirs = scene.reference().minimize(content, 20)
    ours = StyleEngine(SETTINGS, scene.style).stylize(FrameInputs(scene.content), steps=20).optimized
    assert scene.total(theirs) < 0.5 * before
    assert scene.total(to_tensor(ours, CPU)) < 0.5 * before


def test_noise_starts_at_the_mean_color(scene: Scene) -> None:
    start = noise_start(to_tensor(scene.content, CPU), scene.weights)
    assert start.shape == (1, 3, 48, 64)
    assert start.mean(dim=(0, 2, 3)) * 255.0 == pytest.approx(np.array(scene.weights.mean), abs=0.1)
