"""Values that a property cannot have: Blender bounds what a person sets, not what a file or a script does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import bpy


def impossible_values(group: bpy.types.PropertyGroup) -> Iterator[tuple[Any, Any]]:
    """The stored values that are out of bounds, no finite numbers, or none of the choices.

    Yields:
        The group, or the item of a list in it, and the description of the property.
    """
    for description in group.bl_rna.properties:
        name, kind = description.identifier, description.type
        if kind == "COLLECTION":
            for item in getattr(group, name):
                yield from impossible_values(item)
        elif kind in ("INT", "FLOAT", "ENUM") and not _is_possible(group, description):
            yield group, description


def first_impossible(group: bpy.types.PropertyGroup) -> str | None:
    """One line that names the first value that cannot be; None if all can."""
    for owner, description in impossible_values(group):
        value = getattr(owner, description.identifier)
        return f"{description.name} is {value}, which it cannot be: set it to another value"
    return None


def correct(group: bpy.types.PropertyGroup, description: Any) -> None:
    """Replaces a value that cannot be by the nearest one that can, or by the default where none is near."""
    name = description.identifier
    value = getattr(group, name)
    if description.type == "ENUM" or not math.isfinite(value):
        group.property_unset(name)
    else:
        setattr(group, name, min(max(value, description.hard_min), description.hard_max))


def _is_possible(group: bpy.types.PropertyGroup, description: Any) -> bool:
    if not group.is_property_set(description.identifier):
        return True
    value = getattr(group, description.identifier)
    if description.type == "ENUM":
        return value != ""  # Blender's word for a number that none of the choices has
    return description.hard_min <= value <= description.hard_max
