"""Times the engine on this machine: `blender-nst bench`."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from blender_nst.cli.errors import InputError
from blender_nst.cli.options import Settings
from compositor.device import choose_device, describe_device
from compositor.engine import StyleEngine
from compositor.precision import feature_dtype
from compositor.report import Progress, Report
from compositor.settings import WorkingDetail
from compositor.stopwatch import StepTime, exponent, peak_memory, step_time
from video.driver import SequenceDriver
from video.painting import Painting, paint
from video.sequence import SourceFrame
from video.settings import MotionSource

# Pixels that the second frame of the little animation is shifted by.
_SHIFT = 3


@dataclass(frozen=True)
class FrameTime:
    """A frame without and one with a predecessor, in seconds.

    Attributes:
        cold_seconds, cold_style: the first of a shot, motion and files included, and its style loss.
        warm_seconds, warm_style: the one that follows.
        alone_seconds, alone_style: that one without its predecessor and files, until its style loss is as
            low, or to its end if that is not reached.
        expected_bytes: of memory, as estimated before the start.
    """

    width: int
    height: int
    cold_seconds: float
    warm_seconds: float
    alone_seconds: float
    cold_style: float
    warm_style: float
    alone_style: float
    expected_bytes: int


@dataclass(frozen=True)
class Bench:
    """All that was measured; `peak_bytes` is a GPU's memory, or this process's on a CPU."""

    device: str
    precision: str
    steps: list[StepTime]
    exponent: float | None
    frame: FrameTime
    peak_bytes: int | None


def run_bench(sizes: str, repeats: int, settings: Settings, *, reference: bool, as_json: bool) -> None:
    """Measures and prints.

    Raises:
        InputError: a size that is none.
        CompositorError: the device is not there.
    """
    parsed = [_parse(text) for text in sizes.split(",")]
    style_settings, sequence_settings = settings
    device = choose_device(style_settings.device)
    console = Console(stderr=True, quiet=as_json)
    steps: list[StepTime] = []
    for width, height in parsed:
        console.print(f"[dim]steps at {width}×{height} px …[/]")
        content, style = paint(Painting.KNIFE, width, height), paint(Painting.SWIRLS, width, height)
        steps.append(step_time(content, style, style_settings, repeats, reference=reference))
    console.print("[dim]two frames of an animation …[/]")
    result = Bench(
        describe_device(device),
        str(feature_dtype(style_settings.precision, device)).removeprefix("torch."),
        steps,
        exponent(steps) if len({(each.width, each.height) for each in steps}) > 1 else None,
        _frame_time(*parsed[min(1, len(parsed) - 1)], (style_settings, sequence_settings)),
        peak_memory(device),
    )
    if as_json:
        sys.stdout.write(json.dumps(asdict(result), indent=2) + "\n")
    else:
        _print(result)


def _parse(text: str) -> tuple[int, int]:
    width, _, height = text.strip().partition("x")
    if not (
        width.isdigit() and height.isdigit() and 32 <= int(width) <= 16384 and 32 <= int(height) <= 16384
    ):
        raise InputError(f"{text!r} is no size: give sizes as 256x192,1920x1080, each side at least 32 px")
    return int(width), int(height)


def _frame_time(width: int, height: int, settings: Settings) -> FrameTime:
    style_settings, sequence_settings = settings
    style_settings = replace(style_settings, working_detail=WorkingDetail.FULL, working_size=0)
    engine = StyleEngine(style_settings, paint(Painting.SWIRLS, width, height))
    plan = engine.memory_plan(height, width)
    picture = paint(Painting.KNIFE, width + _SHIFT, height)
    frames = [
        SourceFrame(1, np.ascontiguousarray(picture[:, :width])),
        SourceFrame(2, np.ascontiguousarray(picture[:, _SHIFT:])),
    ]
    sequence = replace(
        sequence_settings, motion=MotionSource.DIS, movie=False, contact_sheet=False, pass_count=1
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        cold, warm = SequenceDriver(engine, sequence, Path(folder)).run(frames).frames
    alone = _until(engine, frames[1].image, warm.report.losses["style"])
    return FrameTime(
        width,
        height,
        cold.seconds,
        warm.seconds,
        alone.seconds,
        cold.report.losses["style"],
        warm.report.losses["style"],
        alone.losses["style"],
        plan.expected_bytes,
    )


def _until(engine: StyleEngine, image: np.ndarray, style: float) -> Report:
    """Stylises a picture alone until its style loss is as low as this one."""
    reached = False

    def watch(progress: Progress) -> None:
        nonlocal reached
        at_full_size = (progress.height, progress.width) == image.shape[:2]
        reached = at_full_size and progress.losses["style"] <= style

    return engine.stylize(image, progress=watch, cancelled=lambda: reached).report


def _print(result: Bench) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("size", "s a step", "Mpx·steps/s", "share of the floor", "published method", "ratio"):
        table.add_column(heading, justify="right")
    for each in result.steps:
        theirs = each.reference_seconds
        table.add_row(
            f"{each.width}×{each.height}",
            f"{each.seconds:.4f}",
            f"{each.pixels_per_second / 1e6:.3f}",
            f"{each.floor_share:.0%}",
            "–" if theirs is None else f"{theirs:.4f} s",
            "–" if theirs is None else f"{each.seconds / theirs:.2f}",
        )
    console = Console()
    console.print(f"{result.device}, features in {result.precision}")
    console.print(table)
    if result.exponent is not None:
        console.print(f"time grows with the pixels to the power of {result.exponent:.2f}")
    frame = result.frame
    console.print(
        f"a frame of {frame.width}×{frame.height} px: first of a shot {frame.cold_seconds:.1f} s"
        f" (style loss {frame.cold_style:.4f}), then {frame.warm_seconds:.1f} s ({frame.warm_style:.4f});"
        f" that one alone {frame.alone_seconds:.1f} s ({frame.alone_style:.4f}):"
        f" ratio {frame.warm_seconds / frame.alone_seconds:.2f}"
    )
    console.print(f"memory for it: {frame.expected_bytes / 2**30:.2f} GiB expected")
    if result.peak_bytes is not None:
        console.print(f"memory at most, over all sizes: {result.peak_bytes / 2**30:.2f} GiB")
