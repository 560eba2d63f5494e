"""Registers the extension's parts with Blender, in the order in which one part needs another."""

from __future__ import annotations

import bpy  # pyright: ignore[reportMissingImports]

from . import handlers, timer
from .compositing import node
from .diagnostics.extension_log import start_log, stop_log
from .diagnostics.guard import guard_operator
from .engine.options import data_folder
from .properties import looks, regions, scene, styles, versioning
from .session.viewing import preview
from .state import create_state, drop_state
from .ui import (
    choosers,
    compositor_panel,
    frame_operators,
    panels,
    preferences,
    presets,
    regions_panel,
    report_operator,
    result_panel,
    styles_panel,
    translations,
)
from .ui.engine import first_start, operators
from .ui.farm import operators as farm_operators
from .ui.farm import panel as farm_panel
from .ui.farm import settings as farm_settings
from .ui.help import pages
from .ui.render import operators as render_operators
from .ui.styles import images
from .ui.styles import looks as look_operators
from .ui.viewing import divider, quick_look, watch

_MODULES = (
    styles,
    images,
    look_operators,
    styles_panel,
    looks,
    scene,
    regions,
    pages,
    preferences,
    operators,
    first_start,
    report_operator,
    watch,
    frame_operators,
    quick_look,
    result_panel,
    render_operators,
    presets,
    preview,
    divider,
    choosers,
    farm_settings,
    farm_operators,
    panels,
    regions_panel,
    farm_panel,
    timer,
    handlers,
    node,
    compositor_panel,
    versioning,
    translations,
)


def register() -> None:
    """Creates the extension's state, registers every part, and begins to log."""
    create_state()
    for module in _MODULES:
        for operator in vars(module).values():
            if isinstance(operator, type) and issubclass(operator, bpy.types.Operator):
                guard_operator(operator)
        module.register()
    start_log(data_folder(create=False))  # the folder is known once the preferences are registered


def unregister() -> None:
    """Takes everything back in the reverse order, and drops the state."""
    for module in reversed(_MODULES):
        module.unregister()
    drop_state()
    stop_log()
