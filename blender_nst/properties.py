"""The scene's style settings as Blender properties, made from `settings_schema.json`.

The style engine's dataclasses are the one definition of every setting; the schema is generated from them
(`cli/schema.py`). Nothing about a setting is written here a second time.
"""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
import json
from pathlib import Path
from typing import Any

import bpy  # pyright: ignore[reportMissingImports]

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parent / "settings_schema.json").read_text("utf-8"))
GROUPS = ("style_settings", "sequence_settings")
CUSTOM_PRESET = "CUSTOM"

FROM_SCENE = frozenset({"frame_rate"})
"""Settings that Blender's scene has already, and that get no second property."""

_PRESET_ITEMS = [
    *((name.upper(), name.title(), f"The {name} preset's steps") for name in SCHEMA["presets"]),
    (CUSTOM_PRESET, "Custom", "Steps of your own"),
]


class SettingError(Exception):
    """A name that is no setting, or a value that Blender's property refuses."""


def described_settings(group: str) -> list[dict[str, Any]]:
    """The schema's entries of `style_settings` or `sequence_settings` that are properties."""
    return [entry for entry in SCHEMA[group] if entry["name"] not in FROM_SCENE]


def settings_dicts(scene: bpy.types.Scene) -> tuple[dict[str, Any], dict[str, Any]]:
    """`style_settings` and `sequence_settings` of the protocol's `stylize` command, as JSON values."""
    style, sequence = (
        {
            each["name"]: _json_value(each, getattr(scene.nst, each["name"]))
            for each in described_settings(group)
        }
        for group in GROUPS
    )
    sequence["frame_rate"] = round(scene.render.fps / scene.render.fps_base, 3)
    return style, sequence


def apply_settings(nst: "NSTSceneProperties", group: str, values: dict[str, Any]) -> None:
    """Sets properties from a protocol's dict; the ones that are not named keep their values.

    Raises:
        SettingError: a name that is no setting, or a value of a wrong type.
    """
    entries = {entry["name"]: entry for entry in SCHEMA[group]}
    for name, value in values.items():
        entry = entries.get(name)
        if entry is None:
            raise SettingError(f"there is no setting {name!r}; there are: {', '.join(entries)}")
        if name in FROM_SCENE:
            continue
        try:
            setattr(nst, name, _property_value(entry, value))
        except (TypeError, ValueError, AttributeError):
            raise SettingError(f"{name} cannot be {value!r}") from None


def _json_value(entry: dict[str, Any], value: Any) -> Any:
    if entry["type"] == "names":
        return [name for name in (part.strip() for part in value.split(",")) if name]
    if entry["type"] == "enum":
        return next(choice for choice in entry["choices"] if choice.upper() == value)
    if entry["type"] == "float":
        # Blender stores single precision: 0.02 reads back as 0.0199999996.
        return float(f"{value:.7g}")
    return value


def _property_value(entry: dict[str, Any], value: Any) -> Any:
    if entry["type"] == "names":
        return ", ".join(value)
    return value.upper() if entry["type"] == "enum" else value


def _preset_get(nst: "NSTSceneProperties") -> int:
    # Derived, not stored: a preset's name never stands beside steps that are not its own.
    for index, preset in enumerate(SCHEMA["presets"].values()):
        wanted = {name: value for group in GROUPS for name, value in preset[group].items()}
        if all(_same(getattr(nst, name), value) for name, value in wanted.items()):
            return index
    return len(SCHEMA["presets"])


def _same(current: Any, preset_value: Any) -> bool:
    if isinstance(preset_value, float):
        return abs(current - preset_value) <= 1e-6 * max(1.0, abs(preset_value))
    return current == (preset_value.upper() if isinstance(preset_value, str) else preset_value)


def _preset_set(nst: "NSTSceneProperties", index: int) -> None:
    presets = list(SCHEMA["presets"].values())
    if index < len(presets):
        for group in GROUPS:
            apply_settings(nst, group, presets[index][group])


def _make_property(entry: dict[str, Any]) -> Any:
    kind, default = entry["type"], entry["default"]
    unit = entry.get("unit", "")
    common: dict[str, Any] = {
        "name": _title(entry["name"]),
        "description": entry["help"] + (f" (in {unit})" if unit else ""),
        "options": set(),  # not animatable: the engine reads the settings once, when a render begins
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
        return bpy.props.FloatProperty(default=default, precision=precision, **bounds, **common)
    if kind == "enum":
        items = [(choice.upper(), _choice_title(choice), "") for choice in entry["choices"]]
        return bpy.props.EnumProperty(items=items, default=default.upper(), **common)
    if kind == "names":
        common["description"] += ", separated by commas"
        default = ", ".join(default)
    return bpy.props.StringProperty(default=default, **common)


def _title(name: str) -> str:
    return "TV Weight" if name == "tv_weight" else name.replace("_", " ").title()


def _choice_title(choice: str) -> str:
    # Abbreviations stay capitals, words get one.
    names = {
        "lbfgs": "L-BFGS",
        "png": "PNG, 8 bits",
        "png16": "PNG, 16 bits",
        "exr": "OpenEXR, half",
        "h264": "H.264 (MP4)",
        "prores": "ProRes 4444 (MOV)",
        "ffv1": "FFV1, lossless (MKV)",
    }
    if choice in ("cuda", "mps", "cpu", "dis", "nlm", "hdr"):
        return choice.upper()
    return names.get(choice, choice.replace("_", " ").title())


class NSTSceneProperties(bpy.types.PropertyGroup):
    """`Scene.nst`: whether and how the scene's animation renders are stylised."""

    enabled: bpy.props.BoolProperty(
        name="Neural Style",
        description="Stylise every animation render of this scene",
        default=False,
        options=set(),
    )
    style_path: bpy.props.StringProperty(
        name="Style",
        description="Picture whose strokes and colours the animation takes: a JPEG or PNG of a painting",
        subtype="FILE_PATH",
        options=set(),
    )
    output_path: bpy.props.StringProperty(
        name="Output",
        description="Folder for the styled frames, and for the rendered frames and passes they are made from",
        subtype="DIR_PATH",
        default="//styled/",
        options=set(),
    )
    restart: bpy.props.BoolProperty(
        name="Restart",
        description="Begin anew, and replace finished frames in the output folder. Otherwise a render goes on"
        " with them, if it has the same settings and pictures, and is refused if it has not",
        default=False,
        options=set(),
    )
    preset: bpy.props.EnumProperty(
        name="Preset",
        description="How much time a frame may take; choosing one sets the steps",
        items=_PRESET_ITEMS,
        get=_preset_get,
        set=_preset_set,
        options=set(),
    )


# Blender reads a class's annotations when it is registered, and makes the properties from them.
NSTSceneProperties.__annotations__.update(
    {entry["name"]: _make_property(entry) for group in GROUPS for entry in described_settings(group)}
)


def register() -> None:
    """Adds `Scene.nst`."""
    bpy.utils.register_class(NSTSceneProperties)
    bpy.types.Scene.nst = bpy.props.PointerProperty(type=NSTSceneProperties)


def unregister() -> None:
    """Removes `Scene.nst`; a file that has values for it keeps them."""
    del bpy.types.Scene.nst
    bpy.utils.unregister_class(NSTSceneProperties)
