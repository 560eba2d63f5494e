"""A setting of the schema as a property of Blender's, and its value as the protocol has it."""

from __future__ import annotations

from typing import Any

import bpy

from .styles import OVERRIDABLE


def make_property(entry: dict[str, Any]) -> Any:
    """The property of an entry of the schema's `style_settings` or `sequence_settings`."""
    kind, default = entry["type"], entry["default"]
    unit = entry.get("unit", "")
    common: dict[str, Any] = {
        "name": entry["title"],
        "description": entry["help"] + (f" (in {unit})" if unit else ""),
        # Of the others the engine reads one value, when a render begins.
        "options": {"ANIMATABLE"} if entry.get("animatable", False) else set(),
        "override": OVERRIDABLE,
    }
    bounds = {}
    if "minimum" in entry:
        bounds["min"] = entry["minimum"]
    if "maximum" in entry:
        bounds["max"] = entry["maximum"]
    if kind == "bool":
        return bpy.props.BoolProperty(default=default, **common)
    if kind == "int":
        subtype = "PIXEL" if unit == "px" else "NONE"
        return bpy.props.IntProperty(default=default, subtype=subtype, **bounds, **common)
    if kind == "float":
        precision = 4 if entry.get("maximum", 2.0) <= 1.0 else 2
        subtype = "FACTOR" if bounds == {"min": 0.0, "max": 1.0} else "NONE"
        return bpy.props.FloatProperty(
            default=default, precision=precision, subtype=subtype, **bounds, **common
        )
    if kind == "enum":
        items = [(each["name"].upper(), each["label"], each["help"]) for each in entry["choices"]]
        return bpy.props.EnumProperty(items=items, default=default.upper(), **common)
    if kind == "names":
        common["description"] += ", separated by commas"
        default = ", ".join(default)
    return bpy.props.StringProperty(default=default, **common)


def to_json(entry: dict[str, Any], value: Any) -> Any:
    """A property's value as the protocol has it."""
    if entry["type"] == "names":
        return [name for name in (part.strip() for part in value.split(",")) if name]
    if entry["type"] == "enum":
        return value.lower()
    if entry["type"] == "float":
        # Blender stores single precision: 0.02 reads back as 0.0199999996.
        return float(f"{value:.7g}")
    return value


def from_json(entry: dict[str, Any], value: Any) -> Any:
    """A protocol's value as the property has it."""
    if entry["type"] == "names":
        return ", ".join(value)
    return value.upper() if entry["type"] == "enum" else value
