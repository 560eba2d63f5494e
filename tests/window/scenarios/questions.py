"""Scenarios of what is asked before a render, and of renders that are stopped where nobody can be asked.

Imported by `session.py` inside Blender.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import bpy
from preparing import engine_answered, show_preferences
from window_tools import (
    FOLDER,
    MODULE,
    PLACE,
    Steps,
    active,
    areas,
    around,
    button_boxes,
    click,
    close_popup,
    covers,
    mark_buttons,
    nst,
    over_main_window,
    own_frames,
    popup,
    redraw,
    rendering,
    screenshot,
    session_over,
    stylized,
    tell,
    tool,
    until,
)


def confirm_by_keys(begun: Callable[[], bool], what: str) -> Steps:
    """Ctrl-F12, and Return in its dialog."""
    yield from popup("ctrl+F12")
    yield from close_popup("Return")
    yield from until(begun, what)


def asks_before_the_first_frame() -> Steps:
    """Without a style the key and Blender's own menu ask; nothing is rendered until that is confirmed."""
    size = [bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y]
    paths = [style.path for style in nst().styles]
    nst().styles.clear()
    redraw()
    yield 1.0
    screenshot("panel_no_style")
    yield from popup("ctrl+F12")
    screenshot("asked_no_style")
    seen: dict[str, Any] = {"key": [rendering(), own_frames()]}
    yield from close_popup("Escape")
    before = around(PLACE)
    bpy.ops.render.render("INVOKE_DEFAULT", animation=True)  # as Render > Render Animation does
    yield from until(lambda: covers(before), "the dialog of a render that was stopped")
    screenshot("asked_menu")
    seen["menu"] = [rendering(), own_frames()]
    render = bpy.context.scene.render
    seen["size"] = [render.resolution_x, render.resolution_y] == size and render.resolution_percentage == 100
    yield from close_popup("Escape")
    # Blender's report of the render that was stopped was below it; from 5.2 on it stays, and hears the keys.
    tool("xdotool", "key", "Escape")
    seen["escaped"] = [rendering(), own_frames()]
    yield from confirm_by_keys(lambda: rendering() or bool(own_frames()), "the render begins")
    yield from until(lambda: len(own_frames()) == 3 and not rendering(), "the render without a style")
    seen["unstyled"] = [own_frames(), stylized()]
    seen["line"] = active().status_line()
    for path in FOLDER.glob("own_*.png"):
        path.unlink()
    # Until the mouse moves, Blender keeps the operator of the render before, an animation's.
    yield from over_main_window()
    # A single picture, which is not to be stylized, is nobody's business.
    bpy.ops.render.render("INVOKE_DEFAULT")
    shown = sys.modules[f"{MODULE}.handlers"].shown_frame
    yield from until(lambda: not rendering() and shown() is not None, "the single picture")
    seen["still"] = shown()
    for path in paths:
        bpy.ops.nst.style_add(filepath=path)
    nst().styles[1].weight = 0.5
    tell("asked", seen)


def overwrite_or_new_folder() -> Steps:
    """Finished frames of other settings: Ctrl-F12 asks, and Return puts them aside."""
    before = {path.name: path.read_bytes() for path in (FOLDER / "out" / "styled").glob("*.png")}
    nst().strength = 0.9
    redraw()
    yield 1.0
    yield from popup("ctrl+F12")
    screenshot("asked_overwrite")
    seen: dict[str, Any] = {"asked": [rendering(), active().running_session() is None]}
    yield from close_popup("Escape")
    yield from confirm_by_keys(lambda: active().running_session() is not None, "the render begins")
    yield from until(session_over, "the end of the animation")
    aside = FOLDER / "out" / "styled.old" / "0001" / "styled"
    seen["aside"] = {path.name: path.read_bytes() for path in aside.glob("*.png")} == before
    seen["styled"] = stylized()
    nst().strength = 1.0
    tell("overwrite", seen)


def new_folder() -> Steps:
    """A click on New Folder, and Return, keep the finished frames of other settings."""
    finished = {path: path.read_bytes() for path in (FOLDER / "out" / "styled").glob("*.png")}
    nst().strength = 0.8
    mark_buttons(True, "wcol_radio")
    yield 1.0
    yield from popup("ctrl+F12")
    # The chosen answer has another color.
    left, top, right, bottom = next(box for box in button_boxes() if box[2] < areas("PROPERTIES")[0].x)
    mark_buttons(False, "wcol_radio")
    yield from click((left + right) // 2, (top + bottom) // 2)
    yield 1.0
    yield from over_main_window()
    yield 1.0
    screenshot("asked_new_folder")
    yield from close_popup("Return")
    yield from until(lambda: active().running_session() is not None, "the render begins")
    yield from until(session_over, "the end of the animation")
    kept = bool(finished) and all(path.read_bytes() == before for path, before in finished.items())
    styled = sorted(path.name for path in (FOLDER / "out_2" / "styled").glob("*.png"))
    tell("new folder", {"path": nst().output_path, "kept": kept, "styled": styled})
    nst().output_path, nst().strength = "//out/", 1.0


def stops_where_nobody_can_be_asked() -> Steps:
    """A script's render without a style goes on, or is stopped before its first frame: by a preference."""
    paths = [style.path for style in nst().styles]
    nst().styles.clear()
    render, seen = bpy.context.scene.render, dict[str, Any](frames=[], lines=[])
    kept, render.filepath = render.filepath, "//script_"
    size = [render.resolution_x, render.resolution_y, render.resolution_percentage]
    for wanted in (False, True):
        if wanted:
            seen["preference"] = yield from prefer_stopping()
        for path in FOLDER.glob("script_*"):
            path.unlink()
        with suppress(RuntimeError):  # by which Blender tells a script that it has refused to render
            bpy.ops.render.render(animation=True)
        yield 1.0
        seen["frames"].append(len(list(FOLDER.glob("script_*.png"))))
        seen["lines"].append(active().status_line()[0])
    seen["size"] = [render.resolution_x, render.resolution_y, render.resolution_percentage] == size
    bpy.context.preferences.addons[MODULE].preferences.stop_unstyled = False
    render.filepath = kept
    for path in paths:
        bpy.ops.nst.style_add(filepath=path)
    nst().styles[1].weight = 0.5
    tell("stopped", seen)


def prefer_stopping() -> Generator[float, None, bool]:
    """Clicks the last check box of the extension's advanced preferences; returns whether it is set."""
    chosen = bpy.context.preferences.addons[MODULE].preferences
    chosen.show_advanced = True
    area = yield from show_preferences()
    # What is said of the engine moves what is below it.
    yield from engine_answered()
    yield 1.0
    mark_buttons(True, "wcol_option")
    yield 1.5
    boxes = [box for box in button_boxes(narrowest=8) if box[2] < areas("PROPERTIES")[0].x]
    mark_buttons(False, "wcol_option")
    yield 0.5
    left, top, right, bottom = boxes[-1]
    yield from click((left + right) // 2, (top + bottom) // 2)
    yield 1.0
    screenshot("stop_preference")
    chosen.show_advanced, area.type = False, "IMAGE_EDITOR"
    yield 1.0
    return chosen.stop_unstyled
