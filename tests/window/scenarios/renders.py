"""Scenarios of renders and batches: what is asked before them, what comes of them, how they are stopped.

Imported by `session.py` inside Blender.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import bpy
from window_tools import (
    BATCH,
    FOLDER,
    MODULE,
    Steps,
    active,
    areas,
    click_button,
    find_buttons,
    fit_image,
    key,
    nst,
    redraw,
    screenshot,
    session_over,
    stylized,
    tell,
    tool,
    until,
)


def ctrl_f12() -> Steps:
    """An animation render from the window: its frames are stylized while it goes on."""
    bpy.ops.nst.preview()
    before = yield from find_buttons()
    yield from key("ctrl+F12")
    yield from until(lambda: active().running_session() is not None, "the render begins")
    yield from until(lambda: len(active().current_session().engine_state.done) >= 1, "the first styled frame")
    fit_image()
    yield 0.4
    screenshot("rendering")
    watched = sys.modules[f"{MODULE}.state"].state_of(sys.modules[f"{MODULE}.ui.viewing.watch"].Watchers)
    yield from until(lambda: bool(watched.windows) or session_over(), "the end of the render")
    yield 0.3
    screenshot("rendered")
    yield from until(session_over, "the end of the animation")
    yield 1.0
    tell("animation", {"styled": stylized(), "line": active().status_line()})
    # The run has taught how long a frame takes, which the forecasts now say.
    after = yield from find_buttons()
    tell("buttons stay", before[: BATCH + 1] == after[: BATCH + 1])
    tell("own", sorted(path.name for path in FOLDER.glob("own_*.png")))
    layer = bpy.context.scene.view_layers[0]
    tell("passes", [layer.use_pass_vector, layer.use_pass_z])


def batch_by_click() -> Steps:
    """The button is clicked; its frames come; the preview shows them before and after."""
    for path in (FOLDER / "out" / "styled").glob("*.png"):
        path.unlink()
    nst().restart = True
    yield from click_button()
    yield from until(lambda: active().running_session() is not None, "the button starts a batch")
    yield from until(lambda: len(active().current_session().engine_state.done) >= 1, "the first styled frame")
    yield 0.6
    screenshot("batch")
    yield from until(session_over, "the end of the batch")
    yield 1.5
    screenshot("batch_done")
    tell("batch", {"styled": stylized(), "line": active().status_line()})
    image = bpy.data.images.get("Neural Style")
    tell("preview", image is not None and [Path(bpy.path.abspath(image.filepath)).name, list(image.size)])
    bpy.context.window_manager.nst_preview_side = "RENDERED"
    yield 1.0
    screenshot("rendered_side")
    tell("rendered side", image is not None and Path(bpy.path.abspath(image.filepath)).name)
    bpy.context.window_manager.nst_preview_side = "STYLED"


def play() -> Steps:
    """Play starts Blender's own player on the movie that the batch has made."""
    bpy.ops.nst.play()
    yield 8.0
    screenshot("playing")
    lists = [file.read_text().split() for file in Path("/proc/self/task").glob("*/children")]
    commands = {
        pid: (Path("/proc") / pid / "cmdline").read_bytes().decode().split("\0") for pid in chain(*lists)
    }
    players = {pid: command for pid, command in commands.items() if "-a" in command}
    tell("players", [[Path(word).name for word in command] for command in players.values()])
    for pid in players:
        os.kill(int(pid), signal.SIGTERM)
    yield 1.0


def converging() -> Steps:
    """The frame is seen in the Image Editor while it converges, before it is done."""
    nst().steps = 400
    nst().restart = True
    yield from click_button()
    yield from until(lambda: active().running_session() is not None, "the button starts a batch")
    session, seen = active().current_session(), set()

    def changed_three_times() -> bool:
        image = bpy.data.images.get("Neural Style")
        if session.engine_state.previewed is not None and image is not None and not session.engine_state.done:
            seen.add(hash(tuple(image.pixels)))
        return len(seen) >= 3 or bool(session.engine_state.done)

    yield from until(changed_three_times, "the preview changes")
    screenshot("converging")
    tell("converging", {"pictures": len(seen), "done": session.engine_state.done})
    tool("xdotool", "key", "Escape")
    yield from until(session_over, "the end after Escape")
    yield 0.5
    nst().steps = 16


def escape() -> Steps:
    """Escape stops a batch and keeps what is finished."""
    nst().warm_steps = 3000
    nst().restart = True
    yield from click_button()
    yield from until(lambda: active().running_session() is not None, "the button starts a batch")
    session = active().current_session()
    yield from until(lambda: len(session.engine_state.done) >= 1, "the first styled frame")
    tool("xdotool", "key", "Escape")
    yield from until(session_over, "the end after Escape")
    yield 1.0
    tell("escape", {"done": session.engine_state.done, "line": active().status_line()})
    nst().warm_steps = 6


def still() -> Steps:
    """F12, with stills switched on."""
    nst().stills = True
    bpy.context.scene.frame_set(2)
    bpy.ops.render.render("INVOKE_DEFAULT")
    yield from until(lambda: active().running_session() is not None, "the still begins")
    yield from until(session_over, "the end of the still")
    yield 1.0
    folder = FOLDER / "out" / "stills" / "styled"
    tell("still", {"styled": sorted(path.name for path in folder.glob("*")), "line": active().status_line()})
    nst().stills = False


def load_during_a_run() -> Steps:
    """Another file is opened while frames are stylized: they are finished, and the file is as it was."""
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.nst.stylize_frames("EXEC_DEFAULT")
    session = active().current_session()
    yield from until(lambda: session.engine_state.progress is not None, "the batch begins")
    bpy.ops.wm.read_homefile(load_ui=False)
    yield 0.5
    yield from until(session_over, "the end of the batch of the other file")
    images, done = bpy.data.images.keys(), session.engine_state.done
    seen: dict[str, Any] = {"done": done, "images": images, "line": active().status_line()}
    yield from show_tab()
    screenshot("tab_other_file")
    bpy.ops.wm.read_homefile(load_ui=False)
    yield 1.0
    screenshot("tab_new_file")
    seen["new"] = active().status_line()
    areas("IMAGE_EDITOR")[0].spaces.active.show_region_ui = False
    tell("load", seen)


def show_tab() -> Steps:
    """Shows the extension's tab in the sidebar of the Image Editor."""
    area = areas("IMAGE_EDITOR")[0]
    area.spaces.active.show_region_ui = True
    yield 1.0
    side = next(region for region in area.regions if region.type == "UI")
    side.active_panel_category = "Neural Style"
    redraw()
    yield 1.0


def quit_during_a_run() -> Steps:
    """Blender quits while frames are stylized."""
    bpy.ops.wm.open_mainfile(filepath=str(FOLDER / "scene.blend"), load_ui=False)
    yield 1.0
    nst().warm_steps = 3000
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.nst.stylize_frames("EXEC_DEFAULT")
    session = active().current_session()
    yield from until(lambda: session.engine_state.progress is not None, "the batch begins")
    tell("engine", session.engine.pid)
    bpy.ops.wm.quit_blender()
