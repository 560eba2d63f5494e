"""Times the engine on this machine: `blender-nst bench`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from blender_nst.cli.commands.bench_frame import FrameTime, frame_time
from blender_nst.cli.commands.bench_stages import run_frame_bench
from blender_nst.cli.errors import InputError
from blender_nst.cli.inputs.settings_options import Settings
from compositor.benchmark.step_time import StepTime, exponent, peak_memory, step_time
from compositor.hardware.device import choose_device, describe_device
from compositor.hardware.precision import chosen_precision
from video.paintings.painting import Painting, paint


@dataclass(frozen=True)
class Bench:
    """All that was measured; `peak_bytes` is a GPU's memory, or this process's on a CPU."""

    device: str
    precision: str
    steps: list[StepTime]
    exponent: float | None
    frame: FrameTime
    peak_bytes: int | None


def run_bench(
    sizes: str, repeats: int, settings: Settings, *, reference: bool, as_json: bool, frame: str | None = None
) -> None:
    """Measures and prints.

    Args:
        frame: a size, of a frame whose stages are measured instead.

    Raises:
        InputError: a size that is none.
        CompositorError: the device is not there.
    """
    if frame is not None:
        run_frame_bench(*_parse(frame), settings, as_json=as_json)
        return
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
        chosen_precision(style_settings.precision, device).value,
        steps,
        exponent(steps) if len({(each.width, each.height) for each in steps}) > 1 else None,
        frame_time(*parsed[min(1, len(parsed) - 1)], (style_settings, sequence_settings)),
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
        f" (style loss {frame.cold_style:.4f}), then {frame.warm_seconds:.1f} s ({frame.warm_style:.4f})"
    )
    console.print(
        f"the second alone: {frame.alone_seconds:.1f} s ({frame.alone_style:.4f}),"
        f" ratio {frame.warm_seconds / frame.alone_seconds:.2f}; to a style loss of {frame.equal_style:.4f}"
        f" {frame.warm_until_equal:.1f} s after the first and {frame.alone_until_equal:.1f} s alone,"
        f" ratio {frame.warm_until_equal / frame.alone_until_equal:.2f}"
    )
    console.print(f"memory for it: {frame.expected_bytes / 2**30:.2f} GiB expected")
    if result.peak_bytes is not None:
        console.print(f"memory at most, over all sizes: {result.peak_bytes / 2**30:.2f} GiB")
