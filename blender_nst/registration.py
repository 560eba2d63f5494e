"""Registers the extension's parts with Blender, in the order in which one part needs another."""

from __future__ import annotations

from . import handlers
from .compositing import node
from .properties import regions, scene, styles, versioning
from .session import active, preview
from .state import create_state, drop_state
from .ui import (
    compositor_panel,
    engine_operators,
    frame_operators,
    panels,
    preferences,
    presets,
    regions_panel,
    styles_panel,
)

_MODULES = (
    styles,
    styles_panel,
    scene,
    regions,
    preferences,
    engine_operators,
    frame_operators,
    presets,
    preview,
    panels,
    regions_panel,
    active,
    handlers,
    node,
    compositor_panel,
    versioning,
)


def register() -> None:
    """Creates the extension's state and registers every part."""
    create_state()
    for module in _MODULES:
        module.register()


def unregister() -> None:
    """Takes everything back in the reverse order, and drops the state."""
    for module in reversed(_MODULES):
        module.unregister()
    drop_state()
