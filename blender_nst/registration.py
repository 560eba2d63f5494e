"""What is registered with Blender, in the order in which one part needs another."""

from __future__ import annotations

from . import (
    activity,
    batch,
    compositor_node,
    compositor_panel,
    engine_operators,
    handlers,
    older_files,
    panels,
    preferences,
    presets,
    preview,
    properties,
    regions,
    regions_panel,
    styles,
)

_MODULES = (
    styles,
    properties,
    regions,
    preferences,
    engine_operators,
    batch,
    presets,
    preview,
    panels,
    regions_panel,
    activity,
    handlers,
    compositor_node,
    compositor_panel,
    older_files,
)


def register() -> None:
    """Registers every part."""
    for module in _MODULES:
        module.register()


def unregister() -> None:
    """Takes everything back, in the reverse order."""
    for module in reversed(_MODULES):
        module.unregister()
