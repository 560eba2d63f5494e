"""Draws the engine in the preferences: its state, a running installation, and the buttons."""

from __future__ import annotations

from typing import Any

import bpy

from ..engine.check import engine_check
from ..engine.environment import environment_python
from ..engine.installation import OFFLINE, installation
from ..engine.installer import Installer, InstallState
from ..engine.options import EnginePythonError, data_folder, engine_options
from .engine_operators import (
    NST_OT_clear_cache,
    NST_OT_engine_check,
    NST_OT_engine_install,
    NST_OT_engine_install_cancel,
    NST_OT_engine_remove,
    NST_OT_open_log,
)
from .wrapped_text import draw_wrapped


def draw_engine(layout: bpy.types.UILayout, context: bpy.types.Context, chosen: Any) -> None:
    """Draws the engine's state, a running installation, and the buttons."""
    box = layout.box()
    installer = installation().installer
    if installer is not None and installer.state is InstallState.RUNNING:
        _draw_running(box, installer)
        return
    _draw_state(box, context)
    if installer is not None and installer.state is InstallState.FAILED:
        draw_wrapped(box, context, installer.error, "ERROR")
    elif installer is not None and installer.state is InstallState.CANCELLED:
        box.label(text="The installation was cancelled; the next one goes on from there", icon="INFO")
    folder = data_folder(create=False)
    installed = folder is not None and environment_python(folder) is not None
    row = box.row()
    title = "Repair" if installed else "Install the Engine"
    if installer is not None and installer.state is not InstallState.DONE and not installed:
        title = "Try Again"
    install = row.operator(NST_OT_engine_install.bl_idname, text=title, icon="IMPORT")
    install.repair = installed
    if installed:
        row.operator(NST_OT_engine_remove.bl_idname, text="Uninstall", icon="TRASH")
    row.operator(NST_OT_engine_check.bl_idname, text="Check", icon="FILE_REFRESH")
    row.operator(NST_OT_open_log.bl_idname, text="Log", icon="TEXT")
    if not installed and not bpy.app.online_access and not chosen.wheel_folder.strip():
        draw_wrapped(box, context, OFFLINE, "INTERNET_OFFLINE")
    options = box.column()
    options.use_property_split = True
    options.use_property_decorate = False
    options.prop(chosen, "wheel_folder")
    options.prop(chosen, "torch_packages")


def draw_cache(layout: bpy.types.UILayout, chosen: Any) -> None:
    """Draws the cache's folder, with the button that clears it."""
    row = layout.row(align=True)
    row.prop(chosen, "cache_folder")
    row.operator(NST_OT_clear_cache.bl_idname, text="", icon="TRASH")


def _draw_running(box: bpy.types.UILayout, installer: Installer) -> None:
    box.label(text=installer.title or "Installing the engine", icon="IMPORT")
    box.progress(factor=installer.share, text=f"{100.0 * installer.share:.0f} %")
    box.label(text=_short(installer.last_line))
    box.operator(NST_OT_engine_install_cancel.bl_idname, icon="X")


def _draw_state(box: bpy.types.UILayout, context: bpy.types.Context) -> None:
    try:
        python = engine_options().python
    except EnginePythonError as error:
        draw_wrapped(box, context, str(error)[:1].upper() + str(error)[1:], "ERROR")
        return
    check = engine_check()
    if check.running:
        box.label(text="The engine is starting", icon="TIME")
    elif check.error:
        draw_wrapped(box, context, check.error, "ERROR")
    elif check.facts:
        grid = box.grid_flow(columns=2, row_major=True, even_columns=False)
        for name, value in check.facts.items():
            grid.label(text=name)
            grid.label(text=value)
    else:
        box.label(text="The engine is installed", icon="CHECKMARK")
    box.label(text=_short(python), icon="FILE_SCRIPT")


def _short(text: str, length: int = 96) -> str:
    return text if len(text) <= length else f"{text[: length // 3]}…{text[-length * 2 // 3 :]}"
