"""Scenarios that measure: seconds to a look's first picture, forecast and truth, renders that do not freeze.

Imported by `session.py` inside Blender; played only if asked for by name.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import bpy
from preparing import engine_answered
from viewing import converging, look
from window_tools import (
    FOLDER,
    MODULE,
    Steps,
    active,
    areas,
    nst,
    redraw,
    rendering,
    session_over,
    tell,
    until,
)


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
    """What is forecast before a render and at the end of each frame, beside what it then really takes."""
    progress = sys.modules[f"{MODULE}.session.progress"]
    scene, kept = bpy.context.scene, (nst().steps, nst().warm_steps, bpy.context.scene.frame_end)
    nst().output_path, nst().steps, nst().warm_steps, scene.frame_end = "//out_forecast/", 60, 20, 6
    bpy.ops.nst.engine_check()
    yield from engine_answered()
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


def renders_beside_their_window() -> Steps:
    """Animations whose frames are captured while their own window is drawn again and again: none freezes."""
    preferences, manager = bpy.context.preferences, bpy.context.window_manager
    areas("IMAGE_EDITOR")[0].spaces.active.image = bpy.data.images.load(str(FOLDER / "style_a.png"))
    preferences.view.render_display_type = "WINDOW"
    preferences.addons[MODULE].preferences.after_render = True
    bpy.context.scene.frame_end, bpy.context.scene.cycles.samples = 8, 1
    for number in range(1, int(os.environ.get("NST_WINDOW_RENDERS", "15")) + 1):
        nst().output_path, begun = f"//out_often_{number}/", time.monotonic()
        bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
        yield from until(lambda: not session_over(), "the render begins")
        session = active().current_session()
        while rendering():
            redraw()
            yield 0.05
        windows, captured = len(manager.windows), len(session.captured)
        session.cancel()
        yield from until(session_over, "the end of the session")
        tell(f"render {number}", [windows, captured, round(time.monotonic() - begun, 1)])
