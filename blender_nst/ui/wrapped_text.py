"""Draws a text of any length, translated as a whole: a label alone is cut off at the region's edge."""

from __future__ import annotations

from typing import Any

import blf
import bpy
from bpy.app.translations import pgettext_iface

from ..language.translated_line import translated

_INTERFACE_FONT = 0
_UNEVEN = 1.08
"""So much wider than the text's average a line's letters may be."""
_BESIDE_THE_TEXT = 70.0
"""Pixels of a row that the icon and the panel's borders take."""


def draw_wrapped(
    layout: Any,
    context: bpy.types.Context,
    text: str,
    icon: str = "NONE",
    *,
    at_least: int = 0,
    at_most: int | None = None,
) -> None:
    """Draws the text on as many lines as the region's width asks for, the icon before the first one.

    Args:
        at_least: lines, empty ones below the text: what follows a text that changes stays where it is.
        at_most: lines; a longer text ends in an ellipsis.
    """
    text = translated(text, pgettext_iface)
    found = wrapped(text, letters_in(context, text))
    shown = found[:at_most]
    if len(shown) < len(found):
        shown[-1] = shown[-1][:-1] + "…"
    column = layout.column(align=True)
    column.scale_y = 0.8
    no_icon = "NONE" if icon == "NONE" else "BLANK1"
    for line in [*shown, *[""] * (at_least - len(shown))]:
        column.label(text=line, icon=icon if line else no_icon)
        icon = no_icon


def draw_fixed(layout: Any, context: bpy.types.Context, text: str, icon: str, lines: int) -> None:
    """Draws the text on exactly so many lines."""
    draw_wrapped(layout, context, text, icon, at_least=lines, at_most=lines)


def letters_in(context: bpy.types.Context, text: str) -> int:
    """About how many letters of the text fit side by side into the region."""
    preferences = context.preferences
    scale = preferences.system.ui_scale
    blf.size(_INTERFACE_FONT, preferences.ui_styles[0].widget.points * scale)
    letter = _UNEVEN * blf.dimensions(_INTERFACE_FONT, text)[0] / max(1, len(text))
    return max(16, int((context.region.width - _BESIDE_THE_TEXT * scale) / max(1.0, letter)))


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
