"""Updates files of earlier versions of the extension when they are opened; Blender calls this `do_versions`.

What a file stores is changed before anything reads it: properties that have another name today, as
`formerly` in the settings' schema says, and what became of other kinds of properties.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from .schema import renamed_properties
from .styles import add_style

_STYLE_PATH = "style_path"
"""The one style picture that a scene had before it had a list of them."""


@persistent
def on_load(_file: object, _depsgraph: object = None) -> None:
    """Updates every scene of the file; those that are linked from another file are left as they are."""
    for scene in bpy.data.scenes:
        stored = _stored(scene).get("nst")
        if scene.library is None and stored is not None:
            _rename(stored)
            _list_style(scene, stored)


def _rename(stored: Any) -> None:
    """Stores values under today's names."""
    for before, now in renamed_properties().items():
        if before in stored:
            if now not in stored:
                stored[now] = stored[before]
            del stored[before]


def _list_style(scene: bpy.types.Scene, stored: Any) -> None:
    """The single style picture becomes the first of the list."""
    if _STYLE_PATH in stored:
        if stored[_STYLE_PATH] and not scene.nst.styles:
            add_style(scene.nst, stored[_STYLE_PATH])
        del stored[_STYLE_PATH]


def _stored(scene: bpy.types.Scene) -> Any:
    """What the file holds for add-ons' properties, whether or not they are still registered."""
    if hasattr(scene, "bl_system_properties_get"):  # since 5.0
        return scene.bl_system_properties_get() or {}
    return scene


def register() -> None:
    """Adds the handler of opened files."""
    bpy.app.handlers.load_post.append(on_load)


def unregister() -> None:
    """Removes it."""
    bpy.app.handlers.load_post.remove(on_load)
