"""What is registered with Blender, in the order in which one part needs another."""

from __future__ import annotations

from . import (
    activity,
    batch,
    engine_operators,
    handlers,
    panels,
    preferences,
    presets,
    preview,
    properties,
    styles,
)

_MODULES = (
    styles,
    properties,
    preferences,
    engine_operators,
    batch,
    presets,
    preview,
    panels,
    activity,
    handlers,
)


def register() -> None:
    """Registers every part."""
    for module in _MODULES:
        module.register()


def unregister() -> None:
    """Takes everything back, in the reverse order."""
    for module in reversed(_MODULES):
        module.unregister()
