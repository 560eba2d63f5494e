"""What the extension's panels in the render properties have in common."""

from __future__ import annotations

from typing import ClassVar

import bpy

from .choosers import draw_setting
from .help.pages import USAGE, draw_help

MAIN_PANEL = "RENDER_PT_nst"
"""The panel that the others are in."""


class RenderPanel:
    """Where the panels are, and how they lay out their rows."""

    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "render"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}
    property_names: tuple[str, ...] = ()
    help_page = USAGE

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """Draws the button of the page that is about the panel."""
        draw_help(self.layout, self.help_page)  # type: ignore[attr-defined]

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the properties that the panel names."""
        layout = self.layout  # type: ignore[attr-defined]
        layout.use_property_split = True
        layout.use_property_decorate = False
        nst = context.scene.nst
        column = layout.column()
        column.active = nst.enabled
        for name in self.property_names:
            draw_setting(column, nst, name)
