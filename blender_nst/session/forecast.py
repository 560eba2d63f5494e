"""Forecast of a render or a batch in one line: frames, size, time."""

from __future__ import annotations

import bpy

from ..capture.camera import frame_size
from ..capture.views import scene_views
from ..properties.scene import FrameSource, settings_dicts
from ..properties.working_size import working_size
from .measured_speed import expected_device, expected_seconds
from .progress import duration
from .source_facts import source_facts


def animation_forecast(scene: bpy.types.Scene) -> str:
    """The forecast of an animation render: `240 frames at 1920×1080, optimized at 960×540, 3 h on CPU`."""
    return _forecast(scene, range(scene.frame_start, scene.frame_end + 1, scene.frame_step))


def batch_forecast(scene: bpy.types.Scene) -> str:
    """Of the button for rendered frames: by the files' own size, once that is known."""
    nst = scene.nst
    facts = source_facts(scene)
    if facts is not None and facts.error:
        return facts.error
    size = None if facts is None else facts.size
    if nst.custom_range:
        return _forecast(scene, range(nst.range_start, nst.range_end + 1, nst.range_step), size)
    if nst.source != FrameSource.FILES.name:
        return _forecast(scene, range(scene.frame_start, scene.frame_end + 1, scene.frame_step), size)
    if facts is None:
        return "All frames of the files"
    return _counted_forecast(scene, facts.frames, facts.size)


def _forecast(scene: bpy.types.Scene, numbers: range, size: tuple[int, int] | None = None) -> str:
    if not numbers:
        return f"no frames: the range ends at {numbers.stop - 1} and starts at {numbers.start}"
    counted = _counted_forecast(scene, len(numbers), size or frame_size(scene))
    return f"{counted}, starts at frame {numbers.start}"


def _counted_forecast(scene: bpy.types.Scene, frames: int, size: tuple[int, int]) -> str:
    width, height = size
    count = "1 frame" if frames == 1 else f"{frames} frames"
    views = max(len(scene_views(scene)), 1)
    count = f"{count} in {views} views" if views > 1 else count
    parts = [f"{count} at {width}×{height}"]
    device = expected_device(scene)
    if device is not None:
        working = working_size(height, width, settings_dicts(scene)[0], device)
        if working != (height, width):
            parts.append(f"optimized at {working[1]}×{working[0]}")
        seconds = expected_seconds(scene, views * frames, size, device)
        if seconds is not None:
            parts.append(f"about {duration(seconds)} on {device.partition(':')[0].upper()}")
    return ", ".join(parts)
