"""What the Image Editor shows on the screen, beside the picture that it should show.

Imported inside Blender.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import bpy
from window_tools import FOLDER, Box, tool

FEWEST = 60
"""Levels of a part of the picture that are compared."""


def editor(window: Any) -> tuple[Any, int, int]:
    """The region of a window's first Image Editor, and where on the screen its lower left corner is."""
    area = next(each for each in window.screen.areas if each.type == "IMAGE_EDITOR")
    region = next(each for each in area.regions if each.type == "WINDOW")
    # Blender counts rows from below; its main window fills the screen.
    return region, window.x + region.x, main_window().height - window.y - region.y


def main_window() -> Any:
    return bpy.context.window_manager.windows[0]


def editor_box(window: Any = None) -> Box:
    """Left, top, right, bottom on the screen of the picture in a window's first Image Editor."""
    region, x, y = editor(window or main_window())
    left, bottom = region.view2d.view_to_region(0.0, 0.0, clip=False)
    right, top = region.view2d.view_to_region(1.0, 1.0, clip=False)
    return x + int(left), y - int(top), x + int(right), y - int(bottom)


def colors(*arguments: str) -> bytes:
    command = ["convert", *arguments, "-depth", "8", "rgb:-"]
    return subprocess.run(command, check=True, timeout=60, capture_output=True).stdout


def size_of(picture: Path) -> tuple[int, int]:
    command = ["convert", str(picture), "-format", "%w %h", "info:"]
    width, height = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout.split()
    return int(width), int(height)


def difference(shot: Path, picture: Path, first: float, last: float, window: Any = None) -> float:
    """Mean difference, in levels of 255, of a picture and the screen where the editor shows it.

    Between the shares `first` and `last` of its width, and far from its upper and lower edge; in the middle
    of its pixels, however the screen has them enlarged; of what the editor has room for.
    """
    (width, height), (row_length, _) = size_of(picture), size_of(shot)
    left, top, right, bottom = editor_box(window)
    region, x, y = editor(window or main_window())
    screen, truth = (colors(str(path), "-alpha", "off") for path in (shot, picture))
    found: list[int] = []
    for row in range(height // 8, 7 * height // 8, max(1, height // 20)):
        line = top + int((row + 0.5) * (bottom - top) / height)
        for column in range(int(first * width), int(last * width), max(1, width // 40)):
            place = left + int((column + 0.5) * (right - left) / width)
            if x <= place < x + region.width and y - region.height <= line < y:
                seen, true = 3 * (line * row_length + place), 3 * (row * width + column)
                found += [abs(screen[seen + channel] - truth[true + channel]) for channel in range(3)]
    assert len(found) > FEWEST, "hardly anything of the picture is shown"
    return sum(found) / len(found)


def keep_picture(shot: Path, name: str, box: Box | None = None) -> None:
    """Keeps a part of the screen, that of the Image Editor's picture if no other, as `build/window/NAME`."""
    left, top, right, bottom = box or editor_box()
    part = f"{right - left}x{bottom - top}+{left}+{top}"
    tool("convert", str(shot), "-crop", part, "+repage", "-quality", "88", str(FOLDER / name))
