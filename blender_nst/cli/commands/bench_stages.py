"""Where the time of a frame goes, stage by stage: `blender-nst bench --frame 1920x1080`."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections import defaultdict
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from blender_nst.cli.inputs.settings_options import Settings
from compositor.engine import StyleEngine
from compositor.hardware.device import describe_device
from compositor.stages import Stage
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import open_sequence
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint
from video.results import RunCallbacks
from video.settings import MotionSource

# Pixels at full HD that the camera of the little animation moves by in a frame; in proportion at other sizes.
_SHIFT, _FULL_HD = 12, 1920
# Frames that follow the first one.
_FOLLOWING = 3

# What is at work beside the optimization, for the frame before or the next one.
_BESIDE = {Stage.READING, Stage.MOTION, Stage.WRITING}


@dataclass(frozen=True)
class StageTime:
    """Seconds that a stage takes of the first frame of a shot, and of one that follows (the mean of three).

    Attributes:
        size: (height, width) of the scale, for steps alone.
        beside: whether it is done on another thread while frames are optimized.
    """

    stage: Stage
    size: tuple[int, int] | None
    first: float
    following: float
    beside: bool


@dataclass(frozen=True)
class FrameStages:
    """All stages of frames of a size, and the seconds from one finished frame to the next."""

    width: int
    height: int
    plan: str
    device: str
    stages: list[StageTime]
    first: float
    following: float


@dataclass
class StageLog:
    """Takes down how long the stages took, by frame; from several threads."""

    seconds: dict[tuple[Stage, tuple[int, int] | None], dict[int, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, number: int, stage: Stage, seconds: float, size: tuple[int, int] | None) -> None:
        """Adds to what the frame had of the stage."""
        with self._lock:
            self.seconds[stage, size][number] += seconds

    def times(self) -> list[StageTime]:
        """By stage, in the order of a frame, and of steps from coarse to fine."""
        order = list(Stage)
        return [
            StageTime(stage, size, frames.get(1, 0.0), _following(frames), stage in _BESIDE)
            for (stage, size), frames in sorted(
                self.seconds.items(), key=lambda item: (order.index(item[0][0]), item[0][1] or (0, 0))
            )
        ]


def run_frame_bench(width: int, height: int, settings: Settings, *, as_json: bool) -> None:
    """Measures and prints.

    Raises:
        CompositorError: the device is not there, or lacks memory.
    """
    console = Console(stderr=True, quiet=as_json)
    console.print(f"[dim]{1 + _FOLLOWING} frames of {width}×{height} px …[/]")
    result = frame_stages(width, height, settings)
    if as_json:
        sys.stdout.write(json.dumps(asdict(result), indent=2) + "\n")
    else:
        _print(result)


def frame_stages(width: int, height: int, settings: Settings) -> FrameStages:
    """Stylizes a few frames of a moving camera from files, with optical flow."""
    style_settings, sequence_settings = settings
    engine = StyleEngine(style_settings, paint(Painting.SWIRLS, width, height))
    sequence = replace(
        sequence_settings, motion=MotionSource.DIS, movie=False, contact_sheet=False, pass_count=1
    )
    log = StageLog()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        frames = Path(folder) / "frames"
        _write_frames(frames, width, height)
        callbacks = RunCallbacks(stage_done=log.note)
        result = SequenceDriver(engine, sequence, Path(folder) / "out", callbacks).run(open_sequence(frames))
    first = result.frames[0].seconds
    following = (result.seconds - first) / _FOLLOWING
    plan, device = engine.plan_text(height, width), describe_device(engine.device)
    return FrameStages(width, height, plan, device, log.times(), first, following)


def _write_frames(folder: Path, width: int, height: int) -> None:
    shift = max(1, round(_SHIFT * max(width, height) / _FULL_HD))
    folder.mkdir()
    picture = paint(Painting.KNIFE, width + shift * _FOLLOWING, height)
    for index in range(1 + _FOLLOWING):
        left = index * shift
        image = np.ascontiguousarray(picture[:, left : left + width])
        write_png(folder / f"frame_{index + 1:04d}.png", image)


def _following(frames: dict[int, float]) -> float:
    return sum(seconds for number, seconds in frames.items() if number > 1) / _FOLLOWING


def _print(result: FrameStages) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("stage")
    for heading in ("first frame", "one that follows"):
        table.add_column(heading, justify="right")
    for each in result.stages:
        size = "" if each.size is None else f" at {each.size[1]}×{each.size[0]} px"
        beside = ", beside the steps" if each.beside else ""
        table.add_row(f"{each.stage}{size}{beside}", f"{each.first:.2f} s", f"{each.following:.2f} s")
    table.add_row("in all", f"{result.first:.1f} s", f"{result.following:.1f} s")
    console = Console()
    console.print(f"{result.device}: {result.plan}")
    console.print(table)
