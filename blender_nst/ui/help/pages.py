"""The documentation's pages, which come with the extension: buttons in panels, and Blender's own manual key.

In the zip they are HTML (see `cli/packaging/extension.py`); in a checkout they are docs/*.md themselves.
"""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from pathlib import Path
from typing import Any

import bpy

from ... import addon
from ...compat.user_report import report

USAGE, SETTINGS, TROUBLESHOOTING, FORMATS = "usage", "settings", "troubleshooting", "formats"
FARM = "farm"
PAGES = (USAGE, SETTINGS, TROUBLESHOOTING, FORMATS, FARM)

_TOPICS = (
    ("bpy.types.nstsceneproperties.output_format*", FORMATS),
    ("bpy.types.nstsceneproperties.*", SETTINGS),
    ("bpy.types.nstfarm.*", FARM),
    ("bpy.types.nst*", USAGE),
    ("bpy.ops.nst.engine*", TROUBLESHOOTING),
    ("bpy.ops.nst.submit_to_farm*", FARM),
    ("bpy.ops.nst.*", USAGE),
)
"""The page about each property and operator, by patterns of their names; the first one that fits counts."""


def page_file(page: str) -> Path | None:
    """The file of a page; None where it is missing."""
    packaged, checkout = addon.FOLDER / "docs" / f"{page}.html", addon.FOLDER.parent / "docs" / f"{page}.md"
    return next((path for path in (packaged, checkout) if path.is_file()), None)


class NST_OT_help(bpy.types.Operator):
    """Open the documentation"""

    bl_idname = "nst.help"
    bl_label = "Documentation"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    page: bpy.props.EnumProperty(
        items=[(page, page.title(), "") for page in PAGES], options={"HIDDEN", "SKIP_SAVE"}
    )

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Opens a page in the browser."""
        file = page_file(self.page)
        if file is None:
            report(self, "ERROR", f"{self.page}: this page is not installed")
            return {"CANCELLED"}
        return bpy.ops.wm.url_open(url=file.as_uri())


def draw_help(layout: Any, page: str) -> None:
    """Draws the button of a page, for a panel's header."""
    layout.operator(NST_OT_help.bl_idname, text="", icon="HELP", emboss=False).page = page


def manual_map() -> tuple[str, tuple[tuple[str, str], ...]]:
    """Where Blender finds the page about a property or operator, from its context menu or by F1."""
    file = page_file(USAGE)
    if file is None:
        return "", ()
    return f"{file.parent.as_uri()}/", tuple((topic, f"{page}{file.suffix}") for topic, page in _TOPICS)


def register() -> None:
    """Registers the operator and the pages."""
    bpy.utils.register_class(NST_OT_help)
    bpy.utils.register_manual_map(manual_map)


def unregister() -> None:
    """Takes them back."""
    bpy.utils.unregister_manual_map(manual_map)
    bpy.utils.unregister_class(NST_OT_help)
