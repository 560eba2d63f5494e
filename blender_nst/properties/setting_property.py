"""A setting of the schema as a property of Blender's: its kind, bounds and titles."""

from __future__ import annotations

from typing import Any

import bpy

from .styles import OVERRIDABLE

# Where a name in the code is no title for people.
_TITLES = {
    "tv_weight": "TV Weight",
    "optimizer": "Optimizer",
    "lbfgs_history": "L-BFGS History",
    "adam_beta1": "Adam Beta 1",
    "adam_beta2": "Adam Beta 2",
    "input_normalization": "Input Normalization",
    "normalized_network": "Normalized Network",
    "pass_count": "Passes",
}
_CHOICES = {
    "lbfgs": "L-BFGS",
    "png": "PNG, 8 bits",
    "png16": "PNG, 16 bits",
    "exr": "OpenEXR, half",
    "h264": "H.264 (MP4)",
    "prores": "ProRes 4444 (MOV)",
    "ffv1": "FFV1, lossless (MKV)",
}
_ABBREVIATIONS = {"cuda", "mps", "cpu", "dis", "nlm", "hdr"}


def make_property(entry: dict[str, Any]) -> Any:
    """The property of an entry of the schema's `style_settings` or `sequence_settings`."""
    kind, default = entry["type"], entry["default"]
    unit = entry.get("unit", "")
    common: dict[str, Any] = {
        "name": _title(entry["name"]),
        "description": entry["help"] + (f" (in {unit})" if unit else ""),
        "options": set(),  # not animatable: the engine reads the settings once, when a render begins
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
        items = [(choice.upper(), _choice_title(choice), "") for choice in entry["choices"]]
        return bpy.props.EnumProperty(items=items, default=default.upper(), **common)
    if kind == "names":
        common["description"] += ", separated by commas"
        default = ", ".join(default)
    return bpy.props.StringProperty(default=default, **common)


def _title(name: str) -> str:
    return _TITLES.get(name, name.replace("_", " ").title())


def _choice_title(choice: str) -> str:
    if choice in _ABBREVIATIONS:
        return choice.upper()
    return _CHOICES.get(choice, choice.replace("_", " ").title())
