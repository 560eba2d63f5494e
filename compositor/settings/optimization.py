"""Settings of how one frame is optimized: steps, sizes, device and optimizer."""

from __future__ import annotations

from dataclasses import dataclass

from compositor.settings.choices import (
    DeviceChoice,
    Optimizer,
    Precision,
    Start,
    WorkingDetail,
)
from compositor.settings.info import Group, setting

OPTIMIZATION, OUTPUT = Group.OPTIMIZATION, Group.OUTPUT


@dataclass(frozen=True)
class OptimizationSettings:
    """How a frame is optimized, and what is kept of it on the way."""

    steps: int = setting(
        OPTIMIZATION,
        150,
        "Steps",
        "Optimization steps for a frame without a predecessor, over all scales",
        minimum=1,
        maximum=100_000,
        draft=45,
        final=300,
    )
    working_detail: WorkingDetail = setting(
        OPTIMIZATION,
        WorkingDetail.STANDARD,
        "Working Detail",
        "Detail in which large frames are optimized before they are upsampled to their size: how large that"
        " is goes by the device; full optimizes them at their own size",
        draft=WorkingDetail.DRAFT,
        final=WorkingDetail.FINAL,
        changes_pixels=False,  # the size that comes of it is compared frame by frame, see `Journal.resumed`
    )
    device: DeviceChoice = setting(
        OPTIMIZATION,
        DeviceChoice.AUTO,
        "Device",
        "Where the engine computes",
        changes_pixels=False,
        in_presets=False,
    )
    working_size: int = setting(
        OPTIMIZATION,
        0,
        "Working Size",
        "Longer side at which larger frames are optimized and from which they are upsampled; 0 goes by"
        " working_detail",
        advanced=True,
        minimum=0,
        maximum=16384,
        unit="px",
        changes_pixels=False,  # as working_detail
    )
    coarsest_size: int = setting(
        OPTIMIZATION,
        256,
        "Coarsest Size",
        "Longer side of the coarsest scale of the pyramid",
        advanced=True,
        minimum=32,
        maximum=4096,
        unit="px",
        final=192,
    )
    tolerance: float = setting(
        OPTIMIZATION,
        0.0,
        "Tolerance",
        "Stop a scale when the loss falls by less than this share in 20 steps; 0 never stops early",
        advanced=True,
        minimum=0.0,
        maximum=1.0,
    )
    start: Start = setting(
        OPTIMIZATION,
        Start.CONTENT,
        "Start",
        "Image that a frame without a predecessor starts from",
        advanced=True,
    )
    seed: int = setting(
        OPTIMIZATION, 0, "Seed", "Seed of the noise", advanced=True, minimum=0, maximum=2**31 - 1
    )
    optimizer: Optimizer = setting(
        OPTIMIZATION,
        Optimizer.LBFGS,
        "Optimizer",
        "Optimizer: L-BFGS gets furthest in a step; Adam takes less memory",
        advanced=True,
    )
    lbfgs_history: int = setting(
        OPTIMIZATION,
        20,
        "L-BFGS History",
        "Steps that L-BFGS remembers",
        advanced=True,
        minimum=1,
        maximum=1000,
    )
    learning_rate: float = setting(
        OPTIMIZATION,
        0.02,
        "Learning Rate",
        "Adam's step size, in units of the image's 0..1 range",
        advanced=True,
        minimum=1e-5,
        maximum=1.0,
    )
    adam_beta1: float = setting(
        OPTIMIZATION,
        0.9,
        "Adam Beta 1",
        "Decay of Adam's running mean of the gradient",
        advanced=True,
        minimum=0.0,
        maximum=0.9999,
    )
    adam_beta2: float = setting(
        OPTIMIZATION,
        0.99,
        "Adam Beta 2",
        "Decay of Adam's running mean of the gradient's square",
        advanced=True,
        minimum=0.0,
        maximum=0.99999,
    )
    precision: Precision = setting(
        OPTIMIZATION,
        Precision.AUTO,
        "Precision",
        "Precision of the network's features; auto takes bfloat16 where it is faster",
        advanced=True,
    )
    snapshot_every: int = setting(
        OUTPUT,
        0,
        "Snapshot Every",
        "Keep the picture and its losses every so many steps; 0 keeps none",
        advanced=True,
        minimum=0,
        maximum=100_000,
        changes_pixels=False,
    )
