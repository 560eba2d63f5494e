"""Frames are painted without the mesh of two pixels; where a warm frame is held, half of it is left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, Optimizer, Precision, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.temporal import TemporalConstraint
from video.paintings.painting import Painting

# Steps too small to change the mesh themselves.
SETTINGS = StyleSettings(
    device=DeviceChoice.CPU, precision=Precision.FLOAT32, optimizer=Optimizer.ADAM, learning_rate=1e-5
)


@pytest.fixture(scope="module")
def engine(picture: Callable[..., np.ndarray]) -> StyleEngine:
    return StyleEngine(SETTINGS, picture(64, 48, Painting.KNIFE))


@pytest.mark.parametrize(("reliability", "left"), [(0.0, 0.0), (0.5, 0.25), (1.0, 0.5)])
def test_of_a_mesh_less_is_left_the_less_is_known(
    engine: StyleEngine, picture: Callable[..., np.ndarray], reliability: float, left: float
) -> None:
    content = (0.2 + 0.6 * picture(64, 48, Painting.SWIRLS)).astype(np.float32)
    mesh = np.where(np.arange(64) % 2, 0.1, -0.1).astype(np.float32)[None, :, None]

    def inner(start: np.ndarray) -> np.ndarray:
        """15 steps: the image is smoothed once."""
        known = np.full((48, 64), reliability, np.float32)
        inputs = FrameInputs(content, warm_start_image=start)
        made = engine.stylize(inputs, temporal=TemporalConstraint(start, known, 1.0, None), steps=15)
        return made.optimized[4:-4, 4:-4]

    added = inner(content + mesh) - inner(content)
    assert added == pytest.approx(np.broadcast_to(left * mesh[:, 4:-4], added.shape), abs=2e-3)
