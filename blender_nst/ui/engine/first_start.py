"""Shows the engine's installation once, when the extension was just installed: nobody must look for it."""

from __future__ import annotations

import logging

import bpy

from ... import addon
from ...engine.options import NOT_INSTALLED, EnginePythonError, data_folder, engine_python

logger = logging.getLogger(__name__)

SHOWN = "installation_shown"
"""File in the extension's own folder: the installation was shown there."""

_DELAY = 0.5
"""Seconds after which Blender has ended the operator that installs the extension."""


def should_show() -> bool:
    """Whether no engine is installed or named, and its installation was never shown."""
    folder = data_folder()
    if folder is None or (folder / SHOWN).exists():
        return False
    try:
        engine_python()
    except EnginePythonError as error:
        return str(error) == NOT_INSTALLED
    return False


def _show_once() -> float | None:
    """Timer: opens the extension's preferences, if there is a window; returns seconds until the next call."""
    try:
        windows = bpy.context.window_manager.windows
        if not windows:
            return _DELAY
        folder = data_folder()
        if folder is None or not should_show():
            return None
        (folder / SHOWN).touch()
        with bpy.context.temp_override(window=windows[0]):
            bpy.ops.preferences.addon_show(module=addon.ID)
    except Exception:  # the panel's button opens them as well
        logger.exception("the first start")
    return None


def register() -> None:
    """Looks once Blender has time, where it has windows."""
    if not bpy.app.background:
        bpy.app.timers.register(_show_once, first_interval=_DELAY, persistent=True)


def unregister() -> None:
    """Ends what was begun."""
    if bpy.app.timers.is_registered(_show_once):
        bpy.app.timers.unregister(_show_once)
