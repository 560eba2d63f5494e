"""Brings files of earlier versions of the extension up to date when they are opened."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from .styles import add_style

_STYLE_PATH = "style_path"
"""The one style picture that a scene had before it had a list of them."""


@persistent
def on_load(_file: object, _depsgraph: object = None) -> None:
    """The single style picture becomes the first of the list."""
    for scene in bpy.data.scenes:
        stored = _stored(scene).get("nst")
        if scene.library is None and stored is not None and _STYLE_PATH in stored:
            if stored[_STYLE_PATH] and not scene.nst.styles:
                add_style(scene.nst, stored[_STYLE_PATH])
            del stored[_STYLE_PATH]


def _stored(scene: bpy.types.Scene) -> Any:
    """What the file holds for add-ons' properties, whether or not they are still registered."""
    if hasattr(scene, "bl_system_properties_get"):  # since 5.0
        return scene.bl_system_properties_get() or {}
    return scene


def register() -> None:
    """Hooks the handler."""
    bpy.app.handlers.load_post.append(on_load)


def unregister() -> None:
    """Unhooks it."""
    bpy.app.handlers.load_post.remove(on_load)
