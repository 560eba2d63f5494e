"""Measured speed of the engine by device, kept on disk, from which the time of frames is forecast.

A benchmark measures a step when the engine is installed or first checked; each run then says how much longer
than their steps whole frames take.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import bpy

from ..engine.benchmark import StepModel
from ..engine.options import data_folder, preferences
from ..json_files import read_json
from ..properties.scene import settings_dicts
from ..properties.working_size import frame_steps
from ..state import state_of
from .session import RenderSession

FILE_NAME = "speed.json"
AUTO = "auto"

OVERHEAD = 1.1
"""Seconds of a frame over those of its steps, until a run has measured that: there is also motion to find and
to follow, and files to read and write. Measured 1.02 to 1.05 without passes."""


@dataclass(frozen=True)
class MeasuredSpeed:
    """Seconds of a step: `step_seconds` + pixels × `pixel_seconds`, on `device`.

    `first` and `later` say how much longer a frame takes than that, one without a predecessor and the others.
    """

    device: str
    step_seconds: float
    pixel_seconds: float
    first: float = OVERHEAD
    later: float = OVERHEAD

    def steps(self, size: tuple[int, int], style: Mapping[str, Any], steps: int, *, first: bool) -> float:
        """Seconds of a frame's steps; `size` is its width and height, `first` as in `frame_steps`."""
        width, height = size
        work = frame_steps(height, width, style, self.device, steps, first=first)
        return sum(count * (self.step_seconds + pixels * self.pixel_seconds) for pixels, count in work)

    def sequence(
        self, size: tuple[int, int], style: Mapping[str, Any], sequence: Mapping[str, Any], frames: int
    ) -> float:
        """Seconds of a whole run of so many frames."""
        later = frames * sequence["pass_count"] - 1
        return self.first_frame(size, style) + later * self.later_frame(size, style, sequence)

    def first_frame(self, size: tuple[int, int], style: Mapping[str, Any]) -> float:
        """Seconds of a frame without a predecessor."""
        return self.first * self.steps(size, style, style["steps"], first=True)

    def later_frame(
        self, size: tuple[int, int], style: Mapping[str, Any], sequence: Mapping[str, Any]
    ) -> float:
        """Seconds of a frame that follows another."""
        return self.later * self.steps(size, style, sequence["warm_steps"], first=False)


_NO_SPEEDS = (OSError, ValueError, ArithmeticError, TypeError, KeyError, AttributeError, RecursionError)
"""What is raised where a file holds none."""


@dataclass
class KnownSpeeds:
    """The file's content, read once: speeds by device, the last measured one at the end."""

    speeds: dict[str, MeasuredSpeed] = field(default_factory=dict)
    read: bool = False


def remember_steps(model: StepModel) -> None:
    """Keeps what the benchmark has measured; what runs have taught about whole frames stays."""
    known = speed_of(model.device)
    fresh = MeasuredSpeed(model.device, model.step_seconds, model.pixel_seconds)
    _keep(fresh if known is None else replace(fresh, first=known.first, later=known.later))


def remember(session: RenderSession) -> None:
    """Keeps how long the frames of a session took, if there were several and its device is known."""
    seconds, device = session.engine_state.frame_seconds, session.engine_state.device
    plan = session.plan
    if len(seconds) < 2 or min(seconds) <= 0.0 or not device:
        return
    device = device_of(session)
    style, warm_steps = plan.style_settings, plan.sequence_settings["warm_steps"]
    # The first frame of a run that goes on follows one that was made before.
    first, others = (0.0, seconds) if session.engine_state.resumed else (seconds[0], seconds[1:])
    later = sum(others) / len(others)
    speed = speed_of(device)
    if speed is None:  # no benchmark: as if all time went by pixels
        by_pixels = MeasuredSpeed(device, 0.0, 1.0)
        work = by_pixels.steps(plan.frame_size, style, warm_steps, first=False)
        speed = MeasuredSpeed(device, 0.0, later / work / OVERHEAD)
    _keep(
        replace(
            speed,
            device=device,
            first=first / speed.steps(plan.frame_size, style, style["steps"], first=True) or speed.first,
            later=later / speed.steps(plan.frame_size, style, warm_steps, first=False),
        )
    )


def device_of(session: RenderSession) -> str:
    """What a session's engine computes on, as it calls it; empty before it has answered."""
    found, chosen = session.engine_state.device, session.plan.style_settings["device"]
    return found if chosen == AUTO or found.startswith(chosen) else chosen


def expected_later_frame(session: RenderSession) -> float | None:
    """Seconds of a session's frame that follows another, until one was measured; None if nothing is known.

    The first frame, once it is done, says how fast the machine is just now.
    """
    device, plan, seconds = device_of(session), session.plan, session.engine_state.frame_seconds
    speed = speed_of(device) if device else None
    if speed is None:
        return None
    later = speed.later_frame(plan.frame_size, plan.style_settings, plan.sequence_settings)
    if seconds and not session.engine_state.resumed:
        later *= seconds[0] / speed.first_frame(plan.frame_size, plan.style_settings)
    return later


def last_speed() -> MeasuredSpeed | None:
    """The last one that was measured here, in this Blender or in one before."""
    return next(reversed(_known().speeds.values()), None)


def speed_of(device: str) -> MeasuredSpeed | None:
    """The speed of a device, by its whole name or its kind: `cuda: NVIDIA H100`, `cuda`."""
    speeds = _known().speeds
    named = [speed for name, speed in speeds.items() if name == device]
    same_kind = [speed for name, speed in speeds.items() if name.partition(":")[0] == device]
    return next(reversed([*same_kind, *named]), None)


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
    speed = speed_of(device)
    if speed is None or frames < 1:
        return None
    return speed.sequence(size, *settings_dicts(scene), frames)


def _known() -> KnownSpeeds:
    known = state_of(KnownSpeeds)
    if not known.read:
        known.read = True
        folder = data_folder()
        if folder is not None:
            with suppress(*_NO_SPEEDS):
                known.speeds = _read(folder / FILE_NAME)
    return known


def _keep(speed: MeasuredSpeed) -> None:
    speeds = _known().speeds
    speeds.pop(speed.device, None)
    speeds[speed.device] = speed
    folder = data_folder()
    if folder is not None:
        with suppress(OSError):
            text = json.dumps([asdict(each) for each in speeds.values()], indent=1)
            (folder / FILE_NAME).write_text(text, "utf-8")


def _read(path: Path) -> dict[str, MeasuredSpeed]:
    """The speeds in a file; raises one of many exceptions where that holds none."""
    speeds: dict[str, MeasuredSpeed] = {}
    for values in read_json(path):
        numbers = {name: float(value) for name, value in values.items() if name != "device"}
        speed = MeasuredSpeed(str(values["device"]), **numbers)
        finite = all(math.isfinite(number) and number >= 0.0 for number in numbers.values())
        if not finite or not (speed.step_seconds + speed.pixel_seconds and speed.first and speed.later):
            raise ValueError("a speed that is no number")
        speeds[speed.device] = speed
    return speeds
