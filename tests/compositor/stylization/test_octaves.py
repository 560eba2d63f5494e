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
from compositor.progress import FrameCallbacks, Progress
from compositor.settings import DeviceChoice, Optimizer, Precision, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.pyramid import octave_sizes
from video.paintings.painting import Painting

Picture = Callable[..., np.ndarray]

# One step at one scale, so small that the losses are those of the image it begins with.
SETTINGS = StyleSettings(
    steps=1,
    coarsest_size=640,
    device=DeviceChoice.CPU,
    optimizer=Optimizer.ADAM,
    learning_rate=1e-5,
    precision=Precision.FLOAT32,
)


def losses(engine: StyleEngine, content: np.ndarray, image: np.ndarray) -> dict[str, float]:
    seen: list[Progress] = []
    engine.stylize(FrameInputs(content, initial_image=image), callbacks=FrameCallbacks(progress=seen.append))
    return seen[0].losses


def smaller(image: np.ndarray) -> np.ndarray:
    return to_array(reduced(to_tensor(image, torch.device("cpu")), *octave_sizes(*image.shape[:2])[1]))


def test_a_frame_of_608_px_is_compared_as_it_is(picture: Picture) -> None:
    content, image = picture(608, 48, Painting.SWIRLS), picture(608, 48)
    engine = StyleEngine(SETTINGS, picture(120, 90, Painting.KNIFE))
    found = losses(engine, content, image)
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
    engine = StyleEngine(replace(SETTINGS, coarsest_size=width), style)
    shallow = StyleEngine(replace(SETTINGS, style_layers=SETTINGS.style_layers[:style_layers]), style)
    found = losses(engine, content, image)
    of_style = shallow.style_error(image), engine.style_error(smaller(image))
    assert found["style"] == pytest.approx(np.mean(of_style), rel=1e-3)
    of_content = engine.content_error(image, content), engine.content_error(smaller(image), smaller(content))
    expected = np.average(of_content, weights=(content_share, 1.0 - content_share))
    assert found["content"] == pytest.approx(expected, rel=1e-3)
    assert min(of_content) > 0.1


def test_the_published_objective_looks_at_the_frame_itself(picture: Picture) -> None:
    content, image = picture(640, 48, Painting.SWIRLS), picture(640, 48)
    engine = StyleEngine(replace(SETTINGS, local_weight=0.0), picture(120, 90, Painting.KNIFE))
    assert losses(engine, content, image)["style"] == pytest.approx(engine.style_error(image), rel=1e-3)
