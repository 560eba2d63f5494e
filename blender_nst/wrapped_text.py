"""Draws a text of any length: a label alone is cut off at the region's edge."""

from __future__ import annotations

from typing import Any

import bpy  # pyright: ignore[reportMissingImports]

# Of a letter of Blender's interface font, at a scale of one; a little more than the average.
_LETTER_PIXELS = 7.2
_BESIDE_THE_TEXT = 70.0
"""Pixels of a row that the icon and the panel's borders take."""


def draw_wrapped(layout: Any, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """Draws the text on as many lines as the region's width asks for, the icon before the first one."""
    column = layout.column(align=True)
    column.scale_y = 0.8
    for line in wrapped(text, letters_in(context)):
        column.label(text=line, icon=icon)
        icon = "BLANK1" if icon != "NONE" else icon


def letters_in(context: bpy.types.Context) -> int:
    """About how many letters fit side by side into the region."""
    scale = context.preferences.system.ui_scale
    return max(16, int((context.region.width / scale - _BESIDE_THE_TEXT) / _LETTER_PIXELS))


def wrapped(text: str, width: int) -> list[str]:
    """The lines; a word that is too long, as a path is, is cut."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        rest = word
        while rest:
            room = width - len(line) - (1 if line else 0)
            if len(rest) <= room:
                line, rest = f"{line} {rest}".strip(), ""
            elif line and len(rest) <= width:
                lines.append(line)
                line = ""
            else:
                part = max(room, 0) if room > width // 2 else 0
                lines.append(f"{line} {rest[:part]}".strip() if part else line)
                line, rest = "", rest[part:]
                if not lines[-1]:
                    lines.pop()
    return [*lines, line] if line else lines
