"""The operator that watches the engine's work in each window: progress, time left, Escape."""

from __future__ import annotations

import time

import bpy
from bpy.app.translations import pgettext_iface

from ...compat.user_report import report
from ...language.translated_line import translated
from ...session.active import status_line
from ...session.viewing.work import current_work
from ...state import state_of

WATCH_INTERVAL = 0.2
"""Seconds after which the work is looked at again; the timer sees to it that something comes."""


class Watchers:
    """The windows in which the operator runs: a key comes to the window that has the focus alone."""

    def __init__(self) -> None:
        self.windows: set[int] = set()


class NST_OT_watch(bpy.types.Operator):
    """Shows the progress of what is being stylized; Escape stops it and keeps the finished frames"""

    bl_idname = "nst.watch"
    bl_label = "Watch Stylizing"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Begins to watch, once in each window."""
        windows, window = state_of(Watchers).windows, context.window
        if window is None or window.as_pointer() in windows or current_work() is None:
            return {"CANCELLED"}
        self._window = window.as_pointer()
        self._is_first = not windows
        self._counts = False
        self._told_at = 0.0
        windows.add(self._window)
        manager = context.window_manager
        self._timer = manager.event_timer_add(WATCH_INTERVAL, window=window)
        self._workspace = context.workspace
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Everything but Escape goes on to Blender, so that one can work meanwhile."""
        work = current_work()
        if work is None:
            return self._end(context)
        # The value first: of a gizmo's own events Blender cannot tell the type, and says so in the terminal.
        if event.value == "PRESS" and event.type == "ESC" and work.stop is not None:
            work.stop()
            return {"RUNNING_MODAL"} if work.takes_escape else {"PASS_THROUGH"}
        if time.monotonic() >= self._told_at + WATCH_INTERVAL:
            self._told_at = time.monotonic()
            self._count(context, work.share if work.shows_count else None)
            self._say(translated(f"Neural Style: {work.text}", pgettext_iface))
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, to load a file, close the window, or quit; the work goes on."""
        self._end(context, silently=True)

    def _count(self, context: bpy.types.Context, share: float | None) -> None:
        """Shows the share beside the mouse, by the first of the watchers; None for nothing."""
        manager = context.window_manager
        if self._counts != (share is not None) and self._is_first:
            self._counts = share is not None
            if self._counts:
                manager.progress_begin(0, 100)
            else:
                manager.progress_end()
        if self._counts and share is not None:
            manager.progress_update(round(100.0 * share))

    def _end(self, context: bpy.types.Context, *, silently: bool = False) -> set[str]:
        state_of(Watchers).windows.discard(self._window)
        self._count(context, None)
        context.window_manager.event_timer_remove(self._timer)
        self._say(None)
        line, is_error = status_line()
        if line and self._is_first and not silently:
            report(self, "ERROR" if is_error else "INFO", line)
        # What the event is to others is not known: whoever else waits for it gets it.
        return {"FINISHED", "PASS_THROUGH"}

    def _say(self, text: str | None) -> None:
        try:
            self._workspace.status_text_set(text)
        except ReferenceError:
            return  # the workspace went with the file that was open


def watch_everywhere() -> None:
    """Has every window watched, those that were opened meanwhile too."""
    watched = state_of(Watchers).windows
    for window in bpy.context.window_manager.windows:
        if window.as_pointer() not in watched:
            with bpy.context.temp_override(window=window):
                bpy.ops.nst.watch("INVOKE_DEFAULT")


register, unregister = bpy.utils.register_classes_factory((NST_OT_watch,))
