"""How long a step of the optimization takes at any size, from a benchmark of about three seconds.

A step takes a time of its own and one for each pixel: the first is most of it for small frames on a GPU, the
second is all of it on a processor.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compositor.benchmark.step_time import step_timer
from compositor.hardware.device import choose_device, describe_device
from compositor.settings import StyleSettings

# The two sizes (width, height) that are timed, and the steps at each: what takes a second or two.
_CPU = (((80, 60), 10), ((192, 144), 10))
_GPU = (((256, 192), 60), ((1024, 768), 60))
_SIZES: Mapping[str, tuple[tuple[tuple[int, int], int], ...]] = {"cpu": _CPU}

_STYLE_SIZE = (192, 144)


@dataclass(frozen=True)
class SpeedModel:
    """Seconds of a step: `step_seconds` + pixels × `pixel_seconds`; `device` as `describe_device` says."""

    device: str
    step_seconds: float
    pixel_seconds: float

    def step(self, pixels: int) -> float:
        """Seconds of a step for so many pixels."""
        return self.step_seconds + pixels * self.pixel_seconds


def measure_speed(settings: StyleSettings) -> SpeedModel:
    """Times steps at two sizes, with the settings' device and precision.

    Raises:
        CompositorError: the device is not there, or lacks memory.
    """
    device = choose_device(settings.device)
    random = np.random.default_rng(0)
    style = _noise(random, *_STYLE_SIZE)
    points: list[tuple[int, float]] = []
    for (width, height), steps in _SIZES.get(device.type, _GPU):
        run = step_timer(_noise(random, width, height), style, settings, steps)
        points.append((width * height, statistics.median(run())))
    return SpeedModel(describe_device(device), *line_through(points))


def line_through(points: list[tuple[int, float]]) -> tuple[float, float]:
    """Seconds of a step and of a pixel, from the times for two numbers of pixels; neither is negative."""
    (few, short), (many, long) = points
    slope = (long - short) / (many - few)
    constant = short - slope * few
    if slope <= 0.0 or constant < 0.0:
        return 0.0, long / many
    return constant, slope


def _noise(random: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A picture; how long a step takes does not depend on what it shows."""
    return random.random((height, width, 3), dtype=np.float32)
