"""Scenarios of what is looked at: the quick look, the divider, EXR in the preview, the render's own window.

Imported by `session.py` inside Blender.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy
from editor_picture import colors, difference, editor_box
from window_tools import (
    FOLDER,
    MODULE,
    QUICK,
    Steps,
    active,
    areas,
    click_button,
    fit_image,
    key,
    nst,
    popup,
    rendering,
    screenshot,
    session_over,
    tell,
    tool,
    until,
)


def look() -> Any:
    return sys.modules[f"{MODULE}.session.viewing.quick_look"].quick_look()


def preview_state() -> Any:
    part = sys.modules[f"{MODULE}.session.viewing.preview"]
    return sys.modules[f"{MODULE}.state"].state_of(part.PreviewState)


def converging() -> bool:
    return look().state.name in ("CONVERGING", "SETTLED")


def pictures(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def lights(share: float, wanted: bool) -> Generator[float, None, bool]:
    """Whether the divider is lit, once it is as wanted, or has not become so for a while."""
    for _attempt in range(30):
        yield 0.5
        if line_is_lit(share) is wanted:
            return wanted
    return not wanted


def line_is_lit(share: float) -> bool:
    """Whether the divider has the color of a line that the mouse is at."""
    left, top, right, bottom = editor_box()
    place = f"5x1+{left + int(share * (right - left)) - 2}+{top + (bottom - top) // 4}"
    shown = colors(str(screenshot("divider")), "-crop", place, "+repage", "-alpha", "off")
    reds, blues = shown[::3], shown[2::3]
    brightest = max(range(len(reds)), key=lambda point: reds[point])
    return reds[brightest] - blues[brightest] > 60


def both_sides(shot: Path, share: float) -> dict[str, list[float]]:
    """On the left and right of the divider: the difference to the rendered and to the styled picture."""
    state, gap = preview_state(), 0.03
    names = {"left": (0.04, share - gap), "right": (share + gap, 0.96)}
    return {
        name: [round(difference(shot, path, *part), 1) for path in (state.rendered, state.styled)]
        for name, part in names.items()
    }


def quick_look_by_click() -> Steps:
    """The button shows a styled picture of a file that was never saved; changed settings begin it anew."""
    before = pictures(FOLDER)
    steps, nst().steps = nst().steps, 12
    yield from click_button(QUICK)
    yield from until(converging, "the first picture of the quick look")
    seen: dict[str, Any] = {"cold": round(look().first_seconds, 2)}
    image = bpy.data.images["Neural Style"]
    yield from until(lambda: look().state.name == "SETTLED", "the end of the quick look")
    fit_image()
    yield 1.0
    screenshot("quick_look")
    seen["shown"] = [areas("IMAGE_EDITOR")[0].spaces.active.image == image, max(image.size)]
    begun, nst().strength = look().begun, 0.4
    yield from until(lambda: look().begun > begun and converging(), "the look with another strength")
    seen["warm"] = round(look().first_seconds, 2)
    nst().strength, nst().steps = 1.0, 3000
    yield from until(lambda: look().begun > begun + 1 and look().state.name == "CONVERGING", "a long look")
    seen["poll"] = bpy.ops.nst.stylize_frames.poll()
    tool("xdotool", "mousemove", "300", "500")
    yield from key("Escape")
    yield from until(lambda: not look().open, "the end after Escape")
    seen["engine"] = look().engine is not None and look().engine.alive
    nst().steps = steps
    seen["files"] = [name for name in pictures(FOLDER) if name.startswith("out") and name not in before]
    seen["restarts"] = look().begun - begun
    tell("quick look", seen)


def quick_look_by_search() -> Steps:
    """F3 finds it by `neural` and `style`; with a 3D Viewport open it shows what that shows."""
    area = areas("IMAGE_EDITOR")[0]
    with bpy.context.temp_override(area=area, region=area.regions[-1]):
        bpy.ops.screen.area_split(direction="HORIZONTAL", factor=0.4)
    yield 1.0
    smaller = min(areas("IMAGE_EDITOR"), key=lambda each: each.height)
    smaller.type = "VIEW_3D"
    smaller.spaces.active.shading.type = "SOLID"
    smaller.spaces.active.shading.color_type = "MATERIAL"
    yield 1.0
    steps, nst().steps = nst().steps, 12
    yield from popup("F3")
    tool("xdotool", "type", "--delay", "80", "neural style quick")
    yield 4.0
    screenshot("search")
    tool("xdotool", "key", "Return")
    yield from until(lambda: look().open, "the quick look by the search")
    yield from until(lambda: look().state.name == "SETTLED", "the end of the quick look")
    fit_image()
    yield 1.0
    screenshot("quick_look_viewport")
    rendered = preview_state().rendered
    tell("search", {"picture": rendered.name, "colors": len(set(colors(str(rendered)))) > 16})
    bpy.ops.nst.quick_look()
    nst().steps = steps
    with bpy.context.temp_override(area=areas("VIEW_3D")[0]):
        bpy.ops.screen.area_close()
    yield 1.0


def divider_is_dragged() -> Steps:
    """The line between the rendered picture and the styled one follows the mouse; colors are right."""
    steps, nst().steps = nst().steps, 12
    bpy.ops.nst.quick_look()
    yield from until(lambda: look().state.name == "SETTLED", "the end of the quick look")
    manager = bpy.context.window_manager
    manager.nst_preview_side = "DIVIDED"
    fit_image()
    yield 1.5
    seen: dict[str, Any] = {"middle": both_sides(screenshot("divided"), 0.5)}
    left, top, right, bottom = editor_box()
    line, row = (left + right) // 2, top + (bottom - top) // 3
    tool("xdotool", "mousemove", str(line - 40), str(row))
    yield 0.5
    lit = {"before": (yield from lights(0.5, False))}
    tool("xdotool", "mousemove", str(line), str(row))
    lit["at it"] = yield from lights(0.5, True)
    tool("xdotool", "mousedown", "1")
    for share in (0.6, 0.7, 0.75):
        yield 0.5
        tool("xdotool", "mousemove", str(left + int(share * (right - left))), str(row))
    yield 0.5
    seen["place"] = round(manager.nst_divider, 2)
    lit["dragged"] = yield from lights(manager.nst_divider, True)
    tool("xdotool", "mouseup", "1")
    yield 0.5
    lit["released"] = yield from lights(manager.nst_divider, True)
    # At once into another editor, as towards a setting.
    tool("xdotool", "mousemove", str(areas("PROPERTIES")[0].x + 200), str(row))
    lit["left"] = yield from lights(manager.nst_divider, False)
    tool("xdotool", "mousemove", str(left + int(manager.nst_divider * (right - left))), str(row))
    lit["back"] = yield from lights(manager.nst_divider, True)
    tool("xdotool", "mousemove", str(left + 20), str(bottom + 20))
    lit["away"] = yield from lights(manager.nst_divider, False)
    seen["highlight"] = lit
    seen["dragged"] = both_sides(screenshot("divided_dragged"), manager.nst_divider)
    tell("divider", seen)
    manager.nst_preview_side, manager.nst_divider = "STYLED", 0.5
    bpy.ops.nst.quick_look()
    nst().steps = steps


def stylize_captured(kind: str) -> Steps:
    """Stylizes the first captured frame into a folder of its own, as files of a kind."""
    folder = FOLDER / f"out_{kind.lower()}"
    for part in ("content", "passes"):
        shutil.copytree(FOLDER / "out" / part, folder / part)
    nst().output_format, nst().output_path = kind, f"//{folder.name}/"
    bpy.ops.nst.stylize_frames("EXEC_DEFAULT")
    yield from until(session_over, f"the end of the {kind}")


def exr_in_the_preview() -> Steps:
    """A styled EXR is shown as the PNG of the same frame is, beside the rendered frame."""
    kept = {name: getattr(nst(), name) for name in ("output_path", "output_format", "source", "movie")}
    nst().source, nst().custom_range, nst().movie = "CAPTURED", True, False
    nst().range_start = nst().range_end = 1
    yield from stylize_captured("PNG")
    yield from stylize_captured("EXR")
    fit_image()
    yield 1.5
    image = bpy.data.images["Neural Style"]
    png = FOLDER / "out_png" / "styled" / "styled_0001.png"
    seen: dict[str, Any] = {
        "file": Path(image.filepath).name,
        "view": image.use_view_as_render,
        "difference": round(difference(screenshot("exr"), png, 0.04, 0.96), 1),
    }
    bpy.context.window_manager.nst_preview_side = "DIVIDED"
    yield 1.5
    shot, state = screenshot("exr_divided"), preview_state()
    seen["left"] = [round(difference(shot, path, 0.04, 0.46), 1) for path in (state.rendered, png)]
    seen["right"] = [round(difference(shot, path, 0.54, 0.96), 1) for path in (state.rendered, png)]
    tell("exr", seen)
    bpy.context.window_manager.nst_preview_side = "STYLED"
    for name, value in kept.items():
        setattr(nst(), name, value)
    nst().custom_range = False


def render_window() -> Steps:
    """The render's window shows the styled frame by itself, in front; Escape stops from there."""
    view, manager = bpy.context.preferences.view, bpy.context.window_manager
    areas("IMAGE_EDITOR")[0].spaces.active.image = bpy.data.images.load(str(FOLDER / "style_a.png"))
    view.render_display_type = "WINDOW"
    nst().output_path, warm, nst().warm_steps = "//out_window/", nst().warm_steps, 3000
    bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
    yield from until(lambda: len(manager.windows) > 1, "the render's window")
    window = manager.windows[-1]
    raise_main_window()
    yield from until(lambda: shows_styled(window), "the styled frame in the render's window")
    yield 1.0
    state = preview_state()
    seen: dict[str, Any] = {
        "in front": round(difference(screenshot("render_window"), state.styled, 0.1, 0.9, window), 1)
    }
    yield from until(lambda: not rendering() and active().current_session().sent == [1, 2, 3], "the render")
    yield from until(lambda: len(active().current_session().engine_state.done) >= 1, "the first styled frame")
    yield 1.0
    # Without a window manager a key goes to the window under the mouse.
    inside = window.x + window.width // 2, manager.windows[0].height - window.y - window.height // 2
    for step in (0, 6):
        tool("xdotool", "mousemove", str(inside[0] + step), str(inside[1]))
        yield 0.5
    tool("xdotool", "key", "Escape")
    yield from until(session_over, "the end after Escape in the render's window")
    seen["done"] = active().current_session().engine_state.done
    seen["line"] = active().status_line()
    tell("render window", seen)
    with bpy.context.temp_override(window=window):
        bpy.ops.wm.window_close()
    view.render_display_type = "NONE"
    nst().output_path, nst().warm_steps = "//out/", warm
    yield 1.0


def raise_main_window() -> None:
    """Brings the main window, which fills the screen, before the others."""
    command = ["xdotool", "search", "--name", "scene"]
    found = subprocess.run(command, check=True, capture_output=True).stdout
    for number in found.decode().split():
        tool("xdotool", "windowraise", number)


def shows_styled(window: Any) -> bool:
    return any(
        area.type == "IMAGE_EDITOR" and getattr(area.spaces.active.image, "name", "") == "Neural Style"
        for area in window.screen.areas
    )
