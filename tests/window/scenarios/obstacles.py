"""Scenarios of what keeps a render from being stylized, or has it or a button wait for what is at work.

Imported by `session.py` inside Blender.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import bpy
from editor_picture import colors
from window_tools import (
    FOLDER,
    MODULE,
    Steps,
    active,
    areas,
    click,
    click_button,
    close_popup,
    key,
    nst,
    own_frames,
    popup,
    redraw,
    rendering,
    screenshot,
    session_over,
    shown,
    tell,
    tool,
    until,
)

BRIGHT = 195
"""Level of the letters on a button that can be pressed; on a gray one they have 157 at most."""


def red_letters() -> int:
    """Pixels of the properties that are about as red as a line about what is wrong."""
    area = areas("PROPERTIES")[0]
    top = bpy.context.window_manager.windows[0].height - area.y - area.height
    colors = shown(area.width, area.height, area.x, top)
    return sum(
        red > 200 and green < 150 and blue < 150
        for red, green, blue in zip(colors[::3], colors[1::3], colors[2::3], strict=True)
    )


@contextmanager
def lost_engine() -> Iterator[None]:
    chosen = bpy.context.preferences.addons[MODULE].preferences
    kept, chosen.engine_python = chosen.engine_python, "/nowhere/python"
    yield
    chosen.engine_python = kept


@contextmanager
def broken_picture() -> Iterator[None]:
    kept = nst().styles[0].path
    (FOLDER / "broken.png").write_bytes((FOLDER / "style_a.png").read_bytes()[:200])
    nst().styles[0].path = "//broken.png"
    yield
    nst().styles[0].path = kept


@contextmanager
def no_folder() -> Iterator[None]:
    kept, nst().output_path = nst().output_path, "//style_a.png/out/"
    yield
    nst().output_path = kept


@contextmanager
def eyes_alike() -> Iterator[None]:
    """Stereoscopy whose eyes would have the same files."""
    render = bpy.context.scene.render
    render.use_multiview = True
    left, right = render.views["left"], render.views["right"]
    kept, right.file_suffix = right.file_suffix, left.file_suffix
    yield
    right.file_suffix, render.use_multiview = kept, False


OBSTACLES: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "engine": lost_engine,
    "picture": broken_picture,
    "folder": no_folder,
    "eyes": eyes_alike,
}


def obstacles_are_told_before_the_key() -> Steps:
    """Each is a red line in the panel, and a dialog at the key; nothing is rendered."""
    seen: dict[str, Any] = {}
    others = red_letters()  # of icons and thumbnails
    for name, obstacle in OBSTACLES.items():
        with obstacle():
            redraw()
            yield from until(lambda: red_letters() > others + 200, f"a red line: {name}")
            yield from popup("ctrl+F12")
            screenshot(f"obstacle_{name}")
            yield from close_popup("Escape")
            seen[name] = [rendering(), own_frames()]
        redraw()
        yield from until(lambda: red_letters() < others + 50, f"no red line after all: {name}")
    tell("obstacles", seen)


def button_can_be_pressed_again() -> Steps:
    """After a batch its button can be pressed though the mouse has rested on it all the time."""
    left, top, right, bottom = yield from click_button()
    yield from until(lambda: active().running_session() is not None, "the button starts a batch")
    first = active().current_session()
    # A hand is never quite still: Blender sees that the mouse is on the button, which is gray now.
    middle = (left + right) // 2, (top + bottom) // 2
    tool("xdotool", "mousemove", str(middle[0] + 1), str(middle[1]))
    yield 1.0
    screenshot("button_gray")
    gray = max(shown(right - left - 40, bottom - top - 4, left + 30, top + 2))
    yield from until(session_over, "the end of the batch")
    yield 1.5
    screenshot("button_again")
    seen: dict[str, Any] = {"poll": bpy.ops.nst.stylize_frames.poll()}
    seen["bright"] = [gray, max(shown(right - left - 40, bottom - top - 4, left + 30, top + 2))]
    yield from click(middle[0] + 2, middle[1])
    for _moment in range(50):
        yield 0.2
        if active().current_session() is not first:
            break
    seen["again"] = active().current_session() is not first
    yield from until(session_over, "the end of the second batch")
    tell("button", seen)


def mean_difference(first: Path, second: Path) -> float:
    """Of two pictures, in levels of 255."""
    values = [colors(str(path), "-alpha", "off") for path in (first, second)]
    return sum(abs(a - b) for a, b in zip(*values, strict=True)) / len(values[0])


def record_opener() -> Path:
    """Puts a program before the system's own that opens folders; returns the file with what was opened."""
    opened, program = FOLDER / "opened.txt", FOLDER / "bin" / "xdg-open"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > "{opened}"\n')
    program.chmod(0o755)
    os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    return opened


def render_waits_for_a_batch() -> Steps:
    """Ctrl-F12 during a batch: its frames are stylized after the batch's, by an animated strength."""
    kept = nst().output_path, nst().warm_steps
    nst().restart, nst().warm_steps = True, 60
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.nst.stylize_frames("EXEC_DEFAULT")
    batch = active().current_session()
    yield from until(lambda: batch.engine_state.progress is not None, "the batch begins")
    nst().output_path, nst().warm_steps = "//out_waiting/", kept[1]
    for frame, strength in ((1, 0.0), (3, 1.0)):
        nst().strength = strength
        nst().keyframe_insert("strength", frame=frame)
    yield from key("ctrl+F12")
    waiting = sys.modules[f"{MODULE}.session.active"].active_session().waiting
    yield from until(lambda: bool(waiting) and len(waiting[0].captured) == 3, "the render that waits")
    seen: dict[str, Any] = {"batch": [batch is active().running_session(), list(waiting[0].sent)]}
    redraw()
    yield 1.0
    screenshot("waiting")
    yield from until(lambda: active().current_session() is not batch, "the end of the batch")
    seen["done"] = batch.engine_state.done
    yield from until(session_over, "the end of the render that waited")
    yield 1.0
    screenshot("waited")
    folder = FOLDER / "out_waiting" / "styled"
    seen["styled"] = sorted(path.name for path in folder.glob("*.png"))
    seen["differences"] = [
        round(mean_difference(FOLDER / f"own_{number:04d}.png", folder / f"styled_{number:04d}.png"), 1)
        for number in (1, 2, 3)
    ]
    opened = record_opener()
    bpy.ops.nst.open_result()
    yield from until(opened.is_file, "the folder is opened")
    seen["opened"] = str(Path(opened.read_text()).relative_to(FOLDER))
    tell("waiting", seen)
    bpy.context.scene.animation_data_clear()
    nst().strength, nst().output_path, nst().warm_steps = 1.0, *kept
