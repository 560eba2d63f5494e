"""What the scenarios see and do in Blender's window: screenshots, clicks, keys, waiting for what is to come.

Imported inside Blender. Clicks and keys come from xdotool, screenshots from ImageMagick: Blender's own are
black with software OpenGL. A line that begins with `WINDOW ` carries JSON.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import bpy

FOLDER = Path(os.environ["NST_WINDOW_FOLDER"])
MODULE = "bl_ext.user_default.blender_nst"
PATIENCE = 0.16 * float(os.environ.get("NST_WINDOW_TIMEOUT", "1500"))
"""Seconds that are waited for one thing."""
WIDTH = int(os.environ["NST_WINDOW_SCREEN"].split("x")[0])
SIZE = tuple(int(side) for side in os.environ["NST_WINDOW_SIZE"].split("x"))
BUTTONS = (1.0, 0.0, 1.0)
"""The color that operator buttons get while one is looked for; nothing else in the window has it."""
QUICK, RENDER, BATCH = 0, 1, 2
"""Places of the buttons Quick Look, Render Stylized Animation and Stylize Rendered Frames."""

PLACE = (300, 500)
"""Where the mouse is when keys are pressed: in an editor without buttons."""
POPUP = (130, 80)
"""Width and height of a part of the screen that dialogs and the search cover, right below the mouse."""
FUNCTION_KEYS = {f"F{number}": 66 + number for number in range(1, 11)} | {"F11": 95, "F12": 96}
"""X's codes of the keys, the same for every keyboard of a PC."""

Steps = Iterator[float]
Box = tuple[int, int, int, int]
"""Left, top, right and bottom, counted from the window's upper left corner."""


def tell(name: str, value: Any) -> None:
    print(f"WINDOW {json.dumps([name, value])}", flush=True)


def tool(*command: str) -> None:
    subprocess.run(command, check=True, timeout=60)


def screenshot(name: str) -> Path:
    path = FOLDER / f"{name}.png"
    tool("import", "-window", "root", str(path))
    return path


def nst() -> Any:
    return bpy.context.scene.nst


def active() -> Any:
    return sys.modules[f"{MODULE}.session.active"]


def areas(kind: str) -> list[Any]:
    return [area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == kind]


def until(true: Callable[[], bool], what: str) -> Steps:
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            said = active().status_line() if f"{MODULE}.session.active" in sys.modules else ""
            raise AssertionError(f"waited {PATIENCE:.0f} s in vain: {what}; {said}")
        yield 0.2


def stylized() -> list[str]:
    return sorted(path.name for path in (FOLDER / "out" / "styled").glob("*.png"))


def own_frames() -> list[str]:
    return sorted(path.name for path in FOLDER.glob("own_*.png"))


def session_over() -> bool:
    return active().running_session() is None


def rendering() -> bool:
    return bpy.app.is_job_running("RENDER")


def redraw() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            area.tag_redraw()


def fit_image() -> None:
    """Lets the picture fill the Image Editor."""
    for area in areas("IMAGE_EDITOR"):
        region = next(each for each in area.regions if each.type == "WINDOW")
        with bpy.context.temp_override(area=area, region=region):
            bpy.ops.image.view_all(fit_view=True)


def click(x: int, y: int) -> Steps:
    """At a point counted from the window's upper left corner."""
    tool("xdotool", "mousemove", str(x), str(y))
    yield 1.0  # Blender 5.2 loses a click on a button that it has not yet seen the mouse on
    tool("xdotool", "click", "1")


def press(name: str) -> None:
    """Presses a key, or several as `ctrl+F12`, in the window under the mouse.

    A function key goes by its code. By its name xdotool 3.20160805 presses Alt as well where the keyboard is
    described by xkb-data 2.48, which names Alt among what leaves such a key as it is.
    """
    *held, last = name.split("+")
    tool("xdotool", "key", "+".join([*held, str(FUNCTION_KEYS.get(last, last))]))


def over_main_window() -> Steps:
    """Blender hears a key when the mouse has moved in its window since the last click or menu."""
    for x, y in ((PLACE[0] - 10, PLACE[1]), PLACE):
        tool("xdotool", "mousemove", str(x), str(y))
        yield 0.5


def key(name: str) -> Steps:
    yield from over_main_window()
    press(name)
    yield 2.0


def around(place: tuple[int, int]) -> bytes:
    """What the screen shows where a popup opens if the mouse is at a place."""
    return shown(POPUP[0], POPUP[1], place[0] + 10, place[1] + 5)


def shown(width: int, height: int, left: int, top: int) -> bytes:
    """A part of the screen as 8-bit RGB."""
    part = f"{width}x{height}+{left}+{top}"
    command = ["convert", str(screenshot("part")), "-crop", part, "-depth", "8", "rgb:-"]
    return subprocess.run(command, check=True, timeout=60, capture_output=True).stdout


def covers(before: bytes, place: tuple[int, int] = PLACE) -> bool:
    """Whether something was opened or closed there since the screen looked like this."""
    now = around(place)
    changed = sum(abs(now[each] - before[each]) > 8 for each in range(0, len(before), 3))
    return changed > len(before) // 3 // 2


def popup(name: str) -> Steps:
    """Presses a key that opens a popup under the mouse; again only where none is seen."""
    yield from over_main_window()
    before = around(PLACE)
    for _attempt in range(3):
        press(name)
        for _moment in range(30):
            yield 0.5
            if covers(before):
                return
    raise AssertionError(f"{name} opens nothing")


def close_popup(name: str, place: tuple[int, int] = PLACE) -> Steps:
    """Presses a key that closes the popup under the mouse."""
    before = around(place)
    press(name)
    yield from until(lambda: covers(before, place), f"{name} closes the popup")


def button_boxes(narrowest: int = 30) -> list[Box]:
    """Place of every marked button in the window, from top to bottom.

    Args:
        narrowest: columns that one has at least.
    """
    command = ["convert", str(screenshot("buttons")), "-depth", "8", "rgb:-"]
    pixels = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
    row_bytes = 3 * WIDTH
    boxes: list[Box] = []
    for row in range(len(pixels) // row_bytes):
        for run in re.finditer(
            rb"(?:\xff\x00\xff){%d,}" % narrowest, pixels[row * row_bytes : (row + 1) * row_bytes]
        ):
            left, right = run.start() // 3, run.end() // 3
            for number, (a, top, b, bottom) in enumerate(boxes):
                if row <= bottom + 2 and left < b and right > a:
                    boxes[number] = (min(a, left), top, max(b, right), row)
                    break
            else:
                boxes.append((left, row, right, row))
    # Where a label fills its button, no row of it is free: a part above, a part below.
    whole = [box for box in boxes if box[3] - box[1] >= 10]
    whole += [
        (a, top, b, end)
        for a, top, b, _ in boxes
        for left, start, right, end in boxes
        if start > top and max(abs(a - left), abs(b - right)) <= 6 and 10 <= end - top <= 24
    ]
    return sorted(whole, key=lambda box: (box[1] // 8, box[0]))


def mark_buttons(on: bool, kind: str = "wcol_tool", kept: list[tuple[float, ...]] = []) -> None:  # noqa: B006
    """Gives buttons of a kind the color by which they are found, or the one back that they had before."""
    theme = getattr(bpy.context.preferences.themes[0].user_interface, kind)
    if on:
        kept.append(tuple(theme.inner))
        theme.inner = (*BUTTONS, 1.0)
    else:
        theme.inner = kept.pop()
    redraw()


def find_buttons() -> Generator[float, None, list[Box]]:
    """Finds the operator buttons of the properties that can be pressed, from the upper left on."""
    tool("xdotool", "mousemove", "300", "500")  # a button under the mouse has another color
    yield 1.0  # and stays as gray as it was until the mouse has left it and the panel is drawn anew
    mark_buttons(True)
    yield 1.5
    boxes = button_boxes()
    mark_buttons(False)
    yield 0.5
    boxes = [box for box in boxes if box[0] >= areas("PROPERTIES")[0].x]
    tell("buttons", boxes)
    return boxes


def click_button(place: int = BATCH) -> Generator[float, None, Box]:
    """Clicks one of the buttons that `find_buttons` finds; returns where it is."""
    boxes = yield from find_buttons()
    left, top, right, bottom = boxes[place]
    yield from click((left + right) // 2, (top + bottom) // 2)
    yield 0.5
    return boxes[place]
