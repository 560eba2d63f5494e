"""Draws the engine in the preferences: its state, a running installation, and the buttons."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.translations import pgettext_iface

from ...engine.benchmark import benchmark
from ...engine.check import engine_check
from ...engine.environment import environment_python
from ...engine.installation import OFFLINE, STARTED_OFFLINE, expected_download, installation
from ...engine.installer import Installer, InstallState
from ...engine.options import NOT_INSTALLED, EnginePythonError, data_folder, engine_options
from ...language.translated_line import translated
from ..report_operator import NST_OT_open_log
from ..wrapped_text import draw_wrapped
from .operators import (
    NST_OT_clear_cache,
    NST_OT_engine_check,
    NST_OT_engine_install,
    NST_OT_engine_install_cancel,
    NST_OT_engine_remove,
)
from .timer import check_soon, look_for_gpu_soon

ALLOW_ONLINE = "extensions.userpref_allow_online"
"""Blender's own operator behind its own button *Allow Online Access*."""


def draw_engine(layout: bpy.types.UILayout, context: bpy.types.Context, chosen: Any) -> None:
    """Draws the engine's state, a running installation, and the buttons."""
    box = layout.box()
    installer = installation().installer
    if installer is not None and installer.state is InstallState.RUNNING:
        _draw_running(box, installer)
        return
    usable = _draw_state(box, context)
    if installer is not None and installer.state is InstallState.FAILED:
        draw_wrapped(box, context, installer.error, "ERROR")
    elif installer is not None and installer.state is InstallState.CANCELLED:
        box.label(text="The installation was cancelled; the next one goes on from there", icon="INFO")
    folder = data_folder(create=False)
    installed = folder is not None and environment_python(folder) is not None
    if not installed and not usable:
        _draw_before_install(box, context, chosen)
    row = box.row()
    if not installed and not usable and not bpy.app.online_access and not bpy.app.online_access_override:
        row.operator(ALLOW_ONLINE, text="Allow Online Access", icon="INTERNET")
    if installed or not usable:
        title = "Repair" if installed else "Install the Engine"
        if installer is not None and installer.state is not InstallState.DONE and not installed:
            title = "Try Again"
        install = row.operator(NST_OT_engine_install.bl_idname, text=title, icon="IMPORT")
        install.repair = installed
    if installed:
        row.operator(NST_OT_engine_remove.bl_idname, text="Uninstall", icon="TRASH")
    if installed or usable or chosen.engine_python:
        row.operator(NST_OT_engine_check.bl_idname, text="Check", icon="FILE_REFRESH")
    row.operator(NST_OT_open_log.bl_idname, text="Log", icon="TEXT")


def draw_cache(layout: bpy.types.UILayout, chosen: Any) -> None:
    """Draws the cache's folder, with the button that clears it."""
    row = layout.row(align=True)
    row.prop(chosen, "cache_folder")
    row.operator(NST_OT_clear_cache.bl_idname, text="", icon="TRASH")


def _draw_running(box: bpy.types.UILayout, installer: Installer) -> None:
    box.label(text=installer.title or "Installing the engine", icon="IMPORT")
    row = box.row(align=True)
    row.progress(factor=installer.share, text=translated(installer.text, pgettext_iface))
    row.operator(NST_OT_engine_install_cancel.bl_idname, text="", icon="X")


def _draw_before_install(box: bpy.types.UILayout, context: bpy.types.Context, chosen: Any) -> None:
    """What the button will fetch, and what it lacks."""
    look_for_gpu_soon()
    expected = expected_download(chosen)
    if expected is not None:
        box.label(text=translated(expected.text, pgettext_iface), icon="INFO")
    if not bpy.app.online_access and not chosen.wheel_folder.strip():
        text = STARTED_OFFLINE if bpy.app.online_access_override else OFFLINE
        draw_wrapped(box, context, text, "INTERNET_OFFLINE")


def _draw_state(box: bpy.types.UILayout, context: bpy.types.Context) -> bool:
    """Draws what is known of the engine; returns whether there is one."""
    try:
        python = engine_options().python
    except EnginePythonError as error:
        # Where it can be installed is here.
        text = "The style engine is not installed" if str(error) == NOT_INSTALLED else str(error)
        draw_wrapped(box, context, text[:1].upper() + text[1:], "ERROR")
        return False
    check = engine_check()
    if check.python != python:
        check_soon()
    if check.running or check.python != python:
        box.label(text="The engine is starting", icon="TIME")
    elif check.error:
        draw_wrapped(box, context, check.error, "ERROR")
    else:
        grid = box.grid_flow(columns=2, row_major=True, even_columns=False)
        for name, value in check.facts.items():
            grid.label(text=name)
            grid.label(text=value)
        if benchmark().running:
            box.label(text="Measuring how fast this computer is, for forecasts", icon="TIME")
    box.label(text=_short(python), icon="FILE_SCRIPT")
    return True


def _short(text: str, length: int = 96) -> str:
    return text if len(text) <= length else f"{text[: length // 3]}…{text[-length * 2 // 3 :]}"
