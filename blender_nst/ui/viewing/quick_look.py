"""The operator of the quick look, and how the panel shows one."""

from __future__ import annotations

import time
from typing import Any

import bpy
from bpy.app.translations import pgettext_iface

from ... import handlers
from ...capture.frame import CaptureError
from ...compat.operator_button import with_gray_ones
from ...compat.poll_reason import allowed
from ...compat.user_report import report
from ...language.translated_line import translated
from ...session.checks.obstacles import Purpose, obstacles
from ...session.checks.scene_checks import SessionError
from ...session.viewing import preview
from ...session.viewing.picture import take_picture
from ...session.viewing.quick_look import look_folder, quick_look
from ...session.viewing.work import look_share, look_text
from ..wrapped_text import draw_fixed
from .watch import watch_everywhere


class NST_OT_quick_look(bpy.types.Operator):
    """Stylize the Render Result, or what the 3D Viewport shows, small and at once, and again with every \
changed setting. Writes no files; regions are left out. Press again, or Escape, to end it"""

    bl_idname = "nst.quick_look"
    bl_label = "Quick Look"
    bl_options = {"REGISTER"}  # noqa: RUF012 - it changes nothing that could be undone

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where nothing is in the way; a look that is open can always be ended."""
        if quick_look().open:
            return True
        return allowed(cls, _why_not(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ends the look that is open, or begins one."""
        look, begun_at = quick_look(), time.monotonic()
        if look.open:
            look.stop()
            return {"FINISHED"}
        shown = handlers.shown_frame()
        rendered = shown is not None and shown[0] == context.scene.name
        try:
            look.begin(context.scene, take_picture(context, look_folder(), rendered=rendered), begun_at)
        except (CaptureError, SessionError) as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        preview.open_preview(context)
        watch_everywhere()
        return {"FINISHED"}


def draw_look(layout: Any, context: bpy.types.Context, lines: int) -> None:
    """Draws an open look's progress, on as many lines as a session's."""
    look = quick_look()
    row = layout.row(align=True)
    row.progress(factor=look_share(look), text=translated(look_text(look), pgettext_iface))
    row.operator(NST_OT_quick_look.bl_idname, text="", icon="X")
    hint = look.planned or "Changed settings are shown at once"
    draw_fixed(layout, context, look.error or hint, "ERROR" if look.error else "INFO", lines)


def _why_not(context: bpy.types.Context) -> str:
    """Why no look can begin; empty where one can."""
    if bpy.app.background or context.window is None:
        return "There is no window to look at"
    if bpy.app.is_job_running("RENDER"):
        return "A render is going on"
    found = obstacles(context.scene, Purpose.LOOK)
    return found[0].message if found else ""


register, unregister = bpy.utils.register_classes_factory(with_gray_ones((NST_OT_quick_look,)))
