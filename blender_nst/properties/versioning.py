"""Updates files of other versions of the extension when they are opened; Blender calls this `do_versions`.

What a file stores is changed before anything reads it: properties that have another name today, as
`formerly` in the settings' schema says, what became of other kinds of properties, and values that a property
cannot have, from another version or a damaged file.
"""

from __future__ import annotations

import logging
from typing import Any

import bpy
from bpy.app.handlers import persistent
from idprop.types import IDPropertyGroup

from .bounds import correct, impossible_values
from .schema import renamed_properties
from .styles import add_style

logger = logging.getLogger(__name__)

_STYLE_PATH = "style_path"
"""The one style picture that a scene had before it had a list of them."""


@persistent
def on_load(_file: object, _depsgraph: object = None) -> None:
    """Updates every scene of the file; of those that are linked from another file only impossible values."""
    for scene in bpy.data.scenes:
        stored = _stored(scene).get("nst")
        # A file can hold anything under this name, which Blender then takes for no values at all.
        if scene.library is None and isinstance(stored, IDPropertyGroup):
            _rename(stored)
            _list_style(scene, stored)
        _correct(scene)


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
        path = stored[_STYLE_PATH]
        if isinstance(path, str) and path and not scene.nst.styles:
            add_style(scene.nst, path)
        del stored[_STYLE_PATH]


def _correct(scene: bpy.types.Scene) -> None:
    """Replaces the values that a scene's properties cannot have."""
    names = [each.identifier for each in scene.bl_rna.properties if each.identifier.startswith("nst")]
    groups = [getattr(scene, name) for name in names]
    found = [each for group in groups for each in impossible_values(group)]
    for group, description in found:
        correct(group, description)
    if found:
        names = ", ".join(dict.fromkeys(description.name for _, description in found))
        logger.warning("scene %r: values that cannot be were replaced: %s", scene.name, names)


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
