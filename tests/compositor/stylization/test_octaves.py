"""Large frames are compared with the style at several sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from compositor.engine import StyleEngine
from compositor.image_ops.arrays import to_array, to_tensor
from compositor.image_ops.resize import reduced
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import load_network
from compositor.optimization.cuda_graphs import StepGraphs
from compositor.progress import FrameCallbacks
from compositor.settings import DeviceChoice, Optimizer, Precision, StyleSettings
from compositor.stylization.content_frame import ContentFrame
from compositor.stylization.multiscale import MultiscaleOptimizer
from compositor.stylization.pyramid import octave_sizes
from compositor.stylization.step_counter import StepCounter
from compositor.stylization.style_library import Style, StyleLibrary
from video.paintings.painting import Painting

Picture = Callable[..., np.ndarray]
Losses = dict[str, float]

# Steps so small that the losses are those of the image that they begin with.
SETTINGS = StyleSettings(
    device=DeviceChoice.CPU, optimizer=Optimizer.ADAM, learning_rate=1e-5, precision=Precision.FLOAT32
)
CPU = torch.device("cpu")


def losses(settings: StyleSettings, style: np.ndarray, content: np.ndarray, image: np.ndarray) -> Losses:
    """The losses of an image, of one step at its own size."""
    network = FeatureNetwork(load_network(), settings.pooling, CPU)
    frame = ContentFrame(to_tensor(content, CPU), None, {None: None})
    optimizer = MultiscaleOptimizer(
        network,
        StyleLibrary([Style(style)], settings, network, CPU),
        settings,
        frame,
        temporal_term=None,
        fixed=None,
        graphs=StepGraphs(),
    )
    size = content.shape[:2]
    return optimizer.optimize([size], to_tensor(image, CPU), StepCounter([1], size, FrameCallbacks())).losses


def smaller(image: np.ndarray) -> np.ndarray:
    return to_array(reduced(to_tensor(image, torch.device("cpu")), *octave_sizes(*image.shape[:2])[1]))


def test_a_frame_of_608_px_is_compared_as_it_is(picture: Picture) -> None:
    content, image = picture(608, 48, Painting.SWIRLS), picture(608, 48)
    style = picture(120, 90, Painting.KNIFE)
    engine, found = StyleEngine(SETTINGS, style), losses(SETTINGS, style, content, image)
    assert found["style"] == pytest.approx(engine.style_error(image), rel=1e-3)
    assert found["content"] == pytest.approx(engine.content_error(image, content), rel=1e-3)


@pytest.mark.parametrize(
    ("width", "style_layers", "content_share"), [(640, 3, 0.0), (872, 3, 0.0), (876, 4, 0.25), (960, 4, 0.25)]
)
def test_a_larger_one_is_compared_at_a_smaller_size_too(
    picture: Picture, width: int, style_layers: int, content_share: float
) -> None:
    """Deep layers are left to the smaller size, or count more there."""
    content, image, style = (
        picture(width, 48, Painting.SWIRLS),
        picture(width, 48),
        picture(120, 90, Painting.KNIFE),
    )
    engine = StyleEngine(SETTINGS, style)
    shallow = StyleEngine(replace(SETTINGS, style_layers=SETTINGS.style_layers[:style_layers]), style)
    found = losses(SETTINGS, style, content, image)
    of_style = shallow.style_error(image), engine.style_error(smaller(image))
    assert found["style"] == pytest.approx(np.mean(of_style), rel=1e-3)
    of_content = engine.content_error(image, content), engine.content_error(smaller(image), smaller(content))
    expected = np.average(of_content, weights=(content_share, 1.0 - content_share))
    assert found["content"] == pytest.approx(expected, rel=1e-3)
    assert min(of_content) > 0.1


def test_the_published_objective_looks_at_the_frame_itself(picture: Picture) -> None:
    content, image = picture(640, 48, Painting.SWIRLS), picture(640, 48)
    settings, style = replace(SETTINGS, local_weight=0.0), picture(120, 90, Painting.KNIFE)
    engine = StyleEngine(settings, style)
    assert losses(settings, style, content, image)["style"] == pytest.approx(
        engine.style_error(image), rel=1e-3
    )
