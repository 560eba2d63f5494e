"""Benchmark of a step of the optimization, and of the published method (`gatys_reference`)."""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import torch

from compositor.benchmark.gatys_reference import Reference
from compositor.engine import StyleEngine
from compositor.hardware.device import choose_device
from compositor.hardware.precision import feature_dtype, product_speed, wait_for
from compositor.image_ops.arrays import to_tensor
from compositor.losses.local_term import RENEW_EVERY
from compositor.networks.weights import load_network
from compositor.progress import FrameCallbacks, Progress
from compositor.settings import Optimizer, StyleSettings, WorkingDetail
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.pyramid import Scale

STEP_FLOPS = 1.15e6
"""Floating-point operations a pixel and step: VGG-16's convolutions up to relu5_1, forward and back."""

# The matrix products by which a device's speed is measured: their size, and how many.
_PRODUCT, _PRODUCTS = 1536, 4
_ROUNDS = 3


@dataclass(frozen=True)
class StepTime:
    """How long a step takes at one size.

    Attributes:
        seconds: of one step of the engine.
        reference_seconds: of one of the published method, in single precision; None if left out.
        floor_share: the time that the convolutions alone would take at the speed of a large matrix
            product, as a share of `seconds`; above 1 where Winograd's minimal filtering saves products.
    """

    width: int
    height: int
    seconds: float
    reference_seconds: float | None
    floor_share: float

    @property
    def pixels_per_second(self) -> float:
        """Pixels times steps."""
        return self.width * self.height / self.seconds


def step_time(
    content: np.ndarray, style: np.ndarray, settings: StyleSettings, steps: int, *, reference: bool
) -> StepTime:
    """Times `steps` steps of the engine and, if wanted, of the published method, alternating three times.

    Reports medians, which a moment in which the machine is busy does not change.

    Args:
        content, style: (H, W, 3) float32, sRGB in 0..1.
    """
    device = choose_device(settings.device)
    height, width = content.shape[:2]
    ours = step_timer(content, style, settings, steps)
    theirs = _reference(content, style, settings, steps, device) if reference else None
    seconds: list[float] = []
    reference_seconds: list[float] = []
    for _ in range(_ROUNDS):
        seconds += ours()
        reference_seconds += theirs() if theirs else []
    speed = product_speed(device, feature_dtype(settings.precision, device), _PRODUCT, _PRODUCTS)
    floor = STEP_FLOPS * width * height / speed
    return StepTime(
        width,
        height,
        statistics.median(seconds),
        statistics.median(reference_seconds) if reference_seconds else None,
        floor / statistics.median(seconds),
    )


def exponent(times: list[StepTime]) -> float:
    """How a step's time grows with the pixels: the slope of a line through the logarithms; 1 is linear."""
    pixels = [math.log(each.width * each.height) for each in times]
    seconds = [math.log(each.seconds) for each in times]
    return statistics.linear_regression(pixels, seconds).slope


def peak_memory(device: torch.device) -> int:
    """Peak memory in bytes: of tensors on a GPU, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    if sys.platform == "linux":
        # Not getrusage: Linux counts in the peak of the process that started this one.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def step_timer(
    content: np.ndarray, style: np.ndarray, settings: StyleSettings, steps: int
) -> Callable[[], list[float]]:
    """A function that optimizes a frame at full size for `steps` steps or more, and gives seconds of a step.

    Each value is the mean over as many steps as it takes to come to the same kind of step again.
    """
    engine = StyleEngine(replace(settings, working_detail=WorkingDetail.FULL, working_size=0), style)
    # The first steps are set-up. One in so many searches for the targets of the local style loss, so that a
    # step's time is the mean over such a round. On a GPU the clock is read every tenth step as well.
    apart = RENEW_EVERY
    total = apart + math.ceil(steps / apart) * apart

    def run() -> list[float]:
        times: list[float] = []

        def watch(_: Progress) -> None:
            times.append(time.perf_counter())

        engine.stylize(
            FrameInputs(content, warm_start_image=content[..., :3]),
            scales=[Scale(content.shape[:2], total)],
            callbacks=FrameCallbacks(progress=watch),
        )
        times = times[:: 1 if engine.device.type != "cpu" else apart]
        return [(after - before) / apart for before, after in pairwise(times)]

    return run


def _reference(
    content: np.ndarray, style: np.ndarray, settings: StyleSettings, steps: int, device: torch.device
) -> Callable[[], list[float]]:
    start = to_tensor(content[..., :3], device)
    reference = Reference(
        load_network(settings.network),
        start,
        to_tensor(style[..., :3], device),
        replace(settings, optimizer=Optimizer.LBFGS),
        published_network=True,
    )

    def run() -> list[float]:
        times: list[float] = []

        def watch(_: torch.Tensor) -> None:
            wait_for(device)
            times.append(time.perf_counter())

        reference.minimize(start, steps + 2, watch)
        # The first step is a short one: it has no history.
        return [after - before for before, after in pairwise(times[1:])]

    return run
