"""Large frames are compared with the style at several sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from compositor.engine import StyleEngine
from compositor.image_ops.arrays import to_array, to_tensor
from compositor.image_ops.resize import halved
from compositor.progress import FrameCallbacks, Progress
from compositor.settings import DeviceChoice, Optimizer, Precision, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
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


def half(image: np.ndarray) -> np.ndarray:
    return to_array(halved(to_tensor(image, torch.device("cpu"))))


@pytest.mark.parametrize(("width", "octaves"), [(608, 1), (640, 2)])
def test_a_large_frame_is_compared_at_half_its_size_too(picture: Picture, width: int, octaves: int) -> None:
    content, image = picture(width, 48), picture(width, 48, Painting.DABS)
    engine = StyleEngine(SETTINGS, picture(120, 90, Painting.KNIFE))
    sizes = [(image, content), (half(image), half(content))][:octaves]
    found = losses(engine, content, image)
    assert found["style"] == pytest.approx(np.mean([engine.style_error(own) for own, _ in sizes]), rel=1e-2)
    wanted = np.mean([engine.content_error(own, target) for own, target in sizes])
    assert found["content"] == pytest.approx(wanted, rel=1e-2)


def test_the_published_objective_looks_at_the_frame_itself(picture: Picture) -> None:
    content, image = picture(640, 48), picture(640, 48, Painting.DABS)
    engine = StyleEngine(replace(SETTINGS, local_weight=0.0), picture(120, 90, Painting.KNIFE))
    assert losses(engine, content, image)["style"] == pytest.approx(engine.style_error(image), rel=1e-2)
