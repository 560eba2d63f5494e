"""Scenario that takes the README's pictures of the window, of frames as a user would have them.

Imported by `session.py` inside Blender; played only if asked for by name, on a screen of 1920×1080
(`NST_WINDOW_SCREEN=1920x1080 NST_WINDOW_ONLY=readme_pictures`).
"""

from __future__ import annotations

import bpy
from editor_picture import keep_picture
from preparing import show_panels
from window_tools import (
    Steps,
    active,
    fit_image,
    nst,
    redraw,
    screenshot,
    session_over,
    tell,
    tool,
    until,
)

MENUS, TIMELINE = 25, 97
"""Rows of the window above and below what the picture of the panel shows."""


def readme_pictures() -> Steps:
    """`build/window/panel.jpg` and `divided.jpg`: a look, its second frame begun."""
    scene, manager = bpy.context.scene, bpy.context.window_manager
    scene.render.resolution_x, scene.render.resolution_y, scene.frame_end = 1280, 720, 2
    scene.cycles.samples = 32
    nst().look, nst().preset = "NIGHT_WHIRLS", "STANDARD"
    nst().output_path = "//out_pictures/"
    yield from show_panels()
    bpy.ops.nst.preview()
    bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
    yield from until(lambda: not session_over(), "the render begins")
    session = active().current_session()
    yield from until(lambda: bool(session.engine_state.done), "the first styled frame")
    yield 8.0
    fit_image()
    redraw()
    yield 1.5
    shot = screenshot("readme_panel")
    window = manager.windows[0]
    keep_picture(shot, "panel.jpg", (0, MENUS, window.width, window.height - TIMELINE))
    manager.nst_preview_side = "DIVIDED"
    yield 1.5
    keep_picture(screenshot("readme_divided"), "divided.jpg")
    tell("pictures", session.engine_state.done)
    tool("xdotool", "key", "Escape")
    yield from until(session_over, "the end after Escape")
    manager.nst_preview_side = "STYLED"
