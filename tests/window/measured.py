"""Scenarios that measure: seconds to a quick look's first picture, and the forecast beside the truth.

Imported by `session.py` inside Blender; played only if asked for by name.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import bpy
from viewing import converging, look
from window_tools import MODULE, Steps, active, nst, redraw, rendering, session_over, tell, until


def processor_seconds() -> float:
    """What Blender and the look's engine have taken of the processors' time so far."""
    engine = look().engine
    ticks = [] if engine is None else Path(f"/proc/{engine.pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + sum(map(int, ticks[11:13])) / os.sysconf("SC_CLK_TCK")


def look_seconds() -> Steps:
    """Seconds to the first picture of a look at a Render Result of 1920×1080: engine cold, engine kept.

    On a machine with other work the processors' time tells more than the clock's.
    """
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
    scene.cycles.samples = 1
    bpy.ops.render.render("INVOKE_DEFAULT")
    yield 1.0
    yield from until(lambda: not rendering(), "the picture")
    found: dict[str, list[list[float]]] = {"cold": [], "warm": []}
    for _attempt in range(4):
        for seconds in found.values():
            yield 2.0
            begun, taken = time.monotonic(), processor_seconds()
            bpy.ops.nst.quick_look()
            blocked = time.monotonic() - begun
            yield from until(converging, "the first picture")
            used = processor_seconds() - taken
            seconds.append([round(each, 2) for each in (look().first_seconds, used, blocked)])
            bpy.ops.nst.quick_look()
        look().end()
        tell("look seconds", found)


def forecast_against_truth() -> Steps:
    """What the progress forecasts at the end of each frame, beside what the rest then really takes."""
    progress = sys.modules[f"{MODULE}.session.progress"]
    scene, kept = bpy.context.scene, (nst().steps, nst().warm_steps, bpy.context.scene.frame_end)
    nst().output_path, nst().steps, nst().warm_steps, scene.frame_end = "//out_forecast/", 60, 20, 6
    before = sys.modules[f"{MODULE}.session.forecast"].animation_forecast(scene)
    bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
    yield from until(lambda: not session_over(), "the render begins")
    session, said, done = active().current_session(), [], 0
    while not session_over():
        if len(session.engine_state.done) > done:
            done = len(session.engine_state.done)
            said.append((done, time.monotonic(), progress.session_progress(session).seconds_left))
        yield 0.1
    end = session.ended_at
    seen = [[frame, round(left or 0.0, 1), round(end - at, 1)] for frame, at, left in said]
    tell("forecast", {"before": before, "whole": round(end - session.started_at, 1), "left": seen})
    nst().steps, nst().warm_steps, scene.frame_end = kept
    nst().output_path = "//out/"
    redraw()
