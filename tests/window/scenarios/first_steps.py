"""Scenario of the first styled animation: every click from the installed engine on, in an unsaved file.

Imported by `session.py` inside Blender.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy
from preparing import show_panels
from window_tools import (
    FOLDER,
    RENDER,
    SIZE,
    Steps,
    active,
    click_button,
    close_popup,
    nst,
    popup,
    redraw,
    rendering,
    screenshot,
    session_over,
    tell,
    tool,
    until,
)


def key_in_unsaved_file() -> Generator[float, None, list[Any]]:
    """Ctrl-F12 asks to save the file; returns whether anything is rendered, and what was."""
    nst().enabled = True  # by the panel's switch, which the button sets as well
    yield from popup("ctrl+F12")
    screenshot("obstacle_unsaved")
    yield from close_popup("Escape")
    nst().enabled = False
    return [rendering(), sorted(path.name for path in FOLDER.glob("first_0*"))]


def first_animation() -> Steps:
    """Chooses a look, saves the file where the panel offers it, and renders."""
    yield from show_panels()
    bpy.ops.wm.read_homefile(load_ui=False)
    yield 1.0
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
    scene.render.resolution_x, scene.render.resolution_y, scene.frame_end = *SIZE, 2
    scene.render.filepath = str(FOLDER / "first_")
    nst().steps, nst().warm_steps = 8, 3
    redraw()
    yield 1.5
    screenshot("first_empty")
    # Both were clicked in `prepare`; show_panels has opened the panel here.
    clicks = ["the tab Render", "the panel's header"]
    yield from click_button(1)  # after Add a Style Picture
    clicks.append("Choose a Look")
    yield 1.0
    screenshot("first_looks")
    tool("xdotool", "key", "Return")
    clicks.append("a look")
    yield from until(lambda: len(nst().styles) > 0, "a look")
    yield 1.0
    screenshot("first_look")
    unsaved = yield from key_in_unsaved_file()
    yield from click_button(0)
    clicks.append("Save the File")
    yield 2.0
    screenshot("first_save")
    tool("xdotool", "mousemove", "800", "500")  # Return goes to what is under the mouse
    yield 0.5
    tool("xdotool", "key", "Return")
    clicks.append("Save Blender File")
    yield from until(lambda: bool(bpy.data.filepath), "the file is saved")
    yield 2.0
    saved = Path(bpy.data.filepath)
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "first.blend"))
    saved.unlink()
    redraw()
    yield 1.0
    screenshot("first_ready")
    yield from click_button(RENDER)
    clicks.append("Render Stylized Animation")
    yield from until(lambda: active().running_session() is not None, "the render begins")
    yield from until(session_over, "the end of the animation")
    yield 1.0
    screenshot("first_done")
    folder = FOLDER / "styled" / "styled"
    tell(
        "first",
        {"clicks": clicks, "unsaved": unsaved, "styled": sorted(path.name for path in folder.glob("*.png"))},
    )
