"""Scenario of the installation: every click from a Blender that was never used to the installed engine.

Imported by `session.py` inside Blender.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy
from window_tools import (
    MODULE,
    Steps,
    button_boxes,
    click,
    close_popup,
    mark_buttons,
    screenshot,
    tell,
    tool,
    until,
)

MIDDLE = (800, 500)


def part(name: str) -> Any:
    """A module of the extension."""
    return sys.modules[f"{MODULE}.{name}"]


def shown() -> bool:
    """Whether the extension is there, and the preferences are open."""
    return MODULE in bpy.context.preferences.addons and len(bpy.context.window_manager.windows) > 1


def window_number() -> str:
    """X's number of Blender's window."""
    command = ["xdotool", "search", "--onlyvisible", "--name", "Blender"]
    found = subprocess.run(command, check=True, capture_output=True)
    return found.stdout.decode().split()[-1]


def drop_zip() -> Steps:
    """As a file manager does. The mouse is there: Blender opens its dialog under it."""
    tool("xdotool", "mousemove", *map(str, MIDDLE))
    yield 1.0
    script = Path(__file__).parent.parent / "drop_file.py"
    place = (window_number(), *map(str, MIDDLE), os.environ["NST_WINDOW_ZIP"])
    dropped = subprocess.Popen((os.environ["NST_WINDOW_PYTHON"], str(script), *place))
    yield from until(lambda: dropped.poll() is not None, "the end of the drop")
    assert dropped.returncode == 0
    yield 3.0


def click_first(beside: float = 0.0) -> Generator[float, None, tuple[int, int]]:
    """Clicks the uppermost operator button, or what is so many of its widths to the right; returns where."""
    tool("xdotool", "mousemove", "300", "900")  # a button under the mouse has another color
    yield 1.0
    mark_buttons(True)
    yield 1.5
    left, top, right, bottom = button_boxes()[0]
    mark_buttons(False)
    yield 0.5
    place = int((left + right) / 2 + beside * (right - left)), (top + bottom) // 2
    yield from click(*place)
    yield 1.0
    return place


def install_by_clicks() -> Steps:
    """The zip is dropped on a fresh Blender and confirmed, online access allowed, the engine installed."""
    clicks: list[str] = []
    screenshot("fresh")
    yield from drop_zip()
    clicks.append("the zip, dropped on Blender's window")
    screenshot("dropped")
    # The first one is Cancel; what is chosen already has another color.
    yield from click_first(beside=1.05)
    clicks.append("OK")
    yield from until(shown, "the extension is installed and shows its preferences")
    yield 3.0
    screenshot("first_start")
    seen: dict[str, Any] = {"offline": [bpy.app.online_access, bpy.ops.nst.engine_install.poll()]}
    yield from click_first()
    clicks.append("Allow Online Access")
    seen["online"] = [bpy.app.online_access, bpy.ops.nst.engine_install.poll()]
    screenshot("first_online")
    # From here on everything is as with a network, but the packages come from a folder.
    bpy.context.preferences.addons[MODULE].preferences.wheel_folder = os.environ["NST_WINDOW_WHEELS"]
    part("engine.installation").host_python = lambda: Path(os.environ["NST_WINDOW_PYTHON"])
    yield from click_first()
    clicks.append("Install the Engine")
    installation = part("engine.installation").installation()
    seen["running"] = installation.running
    yield from until(lambda: installation.installer.share > 0.0, "the second step of the installation")
    yield 1.0
    screenshot("first_installing")
    yield from until(lambda: not installation.running, "the end of the installation")
    check, benchmark = part("engine.check").engine_check(), part("engine.benchmark").benchmark()
    yield from until(lambda: bool(check.facts or check.error), "the check of the installed engine")
    yield from until(lambda: not benchmark.running, "the benchmark")
    yield 1.0
    screenshot("first_installed")
    seen |= {"clicks": clicks, "error": installation.installer.error or check.error}
    seen["facts"] = sorted(check.facts)
    left, top = yield from click_first()
    yield 1.0
    screenshot("first_repair")
    # Confirmations are opened above the mouse, a little to the right.
    yield from close_popup("Escape", (left + 20, top - 160))
    installed = part("engine.environment").environment_python(part("engine.options").data_folder())
    seen["repair"] = [installation.running, installed is not None]
    tell("installed", seen)
    yield from remove_engine()


def remove_engine() -> Steps:
    """The scenarios after this one are for the engine of the source, whose speed nobody has measured."""
    preferences = bpy.context.preferences
    preferences.addons[MODULE].preferences.wheel_folder = ""
    assert bpy.ops.nst.engine_remove("EXEC_DEFAULT") == {"FINISHED"}
    preferences.system.use_online_access = False
    speed = part("session.measured_speed")
    (part("engine.options").data_folder() / speed.FILE_NAME).unlink(missing_ok=True)
    part("state").state_of(speed.KnownSpeeds).speeds.clear()
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[-1]):
        bpy.ops.wm.window_close()
    yield 1.0
