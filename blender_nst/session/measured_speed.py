"""Measured speed of the engine, kept on disk, from which the panel estimates how long frames will take."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import bpy

from ..engine.options import data_folder, preferences
from ..properties.scene import settings_dicts
from ..properties.working_size import frame_work
from ..state import state_of
from .session import RenderSession

FILE_NAME = "speed.json"
AUTO = "auto"


@dataclass(frozen=True)
class MeasuredSpeed:
    """Pixels times optimization steps a second, measured on `device`.

    `first` is that of a frame without a predecessor, many of whose steps are at smaller sizes; `pixel_steps`
    that of the frames after it.
    """

    device: str
    pixel_steps: float
    first: float


class KnownSpeed:
    """The file's content, read once."""

    def __init__(self) -> None:
        self.speed: MeasuredSpeed | None = None
        self.read = False


def remember(session: RenderSession) -> None:
    """Keeps the speed of a session of several frames, unless its device is unknown."""
    seconds, device = session.engine_state.frame_seconds, session.engine_state.device
    if len(seconds) < 2 or min(seconds) <= 0.0 or not device:
        return
    first, *others = seconds
    plan = session.plan
    chosen = plan.style_settings["device"]
    device = device if chosen == AUTO or device.startswith(chosen) else chosen
    style, warm_steps = plan.style_settings, plan.sequence_settings["warm_steps"]
    warm = frame_work(*plan.frame_size, style, device, warm_steps) * len(others) / sum(others)
    speed = MeasuredSpeed(device, warm, frame_work(*plan.frame_size, style, device, style["steps"]) / first)
    known = state_of(KnownSpeed)
    known.speed, known.read = speed, True
    folder = data_folder()
    if folder is not None:
        with suppress(OSError):
            (folder / FILE_NAME).write_text(json.dumps(asdict(speed)), "utf-8")


def last_speed() -> MeasuredSpeed | None:
    """The last one that was measured here, in this Blender or in one before."""
    known = state_of(KnownSpeed)
    if not known.read:
        known.read = True
        folder = data_folder()
        if folder is not None:
            with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
                known.speed = _read(folder / FILE_NAME)
    return known.speed


def _read(path: Path) -> MeasuredSpeed:
    """The speed in a file; raises one of many exceptions where that holds none."""
    values = json.loads(path.read_text("utf-8"))
    speed = MeasuredSpeed(str(values["device"]), float(values["pixel_steps"]), float(values["first"]))
    if not (math.isfinite(speed.pixel_steps) and math.isfinite(speed.first)):
        raise ValueError("a speed that is no number")
    return speed


def expected_device(scene: bpy.types.Scene) -> str | None:
    """What the engine will compute on, as it calls it; None where that was left to it and it never ran."""
    speed, chosen = last_speed(), settings_dicts(scene)[0]["device"]
    if chosen == AUTO and (own := preferences()) is not None:
        chosen = own.device
    if chosen != AUTO:
        return chosen
    return None if speed is None else speed.device


def expected_seconds(scene: bpy.types.Scene, frames: int, size: tuple[int, int], device: str) -> float | None:
    """How long `frames` of a width and height will take; None where no speed is known."""
    speed = last_speed()
    if speed is None or min(speed.pixel_steps, speed.first) <= 0.0 or frames < 1:
        return None
    style, sequence = settings_dicts(scene)
    width, height = size
    first = frame_work(height, width, style, device, style["steps"])
    warm = frame_work(height, width, style, device, sequence["warm_steps"])
    return first / speed.first + warm * (frames * sequence["pass_count"] - 1) / speed.pixel_steps
