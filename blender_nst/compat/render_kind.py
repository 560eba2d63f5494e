"""Whether a render that begins is an animation or a still, which Blender's handlers are not told."""

from __future__ import annotations

import sys
import threading
import time
from enum import Enum
from types import FrameType

import bpy


class RenderKind(Enum):
    """What a render renders."""

    ANIMATION = "animation"
    STILL = "still"


_PATIENCE = 1.0
"""Seconds: the operator of a render in the window is there a moment after the render's thread has begun."""


def begun_render_kind() -> RenderKind | None:
    """The kind of the render whose `render_init` is being called; None where there is no telling.

    In the window the running operator says it. A script's call says it up to 5.1, where operators are called
    through Python; with no Python around the handler the command line has asked for an animation, of which a
    single frame (`-f`) is one.
    """
    if threading.current_thread() is not threading.main_thread():
        return _kind_in_window()
    frame = sys._getframe(1)
    outermost = True
    while frame is not None:
        if frame.f_code.co_name == "__call__" and frame.f_code.co_filename.endswith("ops.py"):
            return _kind(bool(frame.f_locals.get("kw", {}).get("animation", False)))
        outermost = outermost and _is_ours(frame)
        frame = frame.f_back
    return RenderKind.ANIMATION if outermost and bpy.app.background else None


def _is_ours(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").partition(".handlers")[0] in __name__


def _kind_in_window() -> RenderKind | None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        for window in bpy.context.window_manager.windows:
            for operator in window.modal_operators:
                if operator.bl_idname == "RENDER_OT_render":
                    return _kind(operator.properties.animation)
        time.sleep(0.01)
    return None


def _kind(animation: bool) -> RenderKind:
    return RenderKind.ANIMATION if animation else RenderKind.STILL
