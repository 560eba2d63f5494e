"""The scene's style settings as Blender properties, made from `settings_schema.json`.

The engine's dataclasses are the one definition of every setting, and the schema is generated from them
(`cli/packaging/settings_schema.py`). Nothing about a setting is written here a second time.
"""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from collections.abc import Callable
from typing import Any

import bpy

from .looks import look_get, look_items, look_set
from .menu_choice import MenuChoice
from .schema import SCHEMA, SECTIONS, described_properties, described_settings
from .setting_property import from_json, make_property, to_json
from .styles import FILE_OPTIONS, OVERRIDABLE, NSTStyle, add_style

CUSTOM_PRESET = "CUSTOM"

_PRESET_ITEMS = [
    *((name.upper(), preset["label"], preset["help"]) for name, preset in SCHEMA["presets"].items()),
    (CUSTOM_PRESET, "Custom", "Steps of your own"),
]


class FrameSource(MenuChoice):
    """Where rendered frames are taken from: title and help for people."""

    RENDER = ("Scene Output", "The files that the scene's render has written, frames or a movie")
    CAPTURED = ("Captured", "The frames and passes that an animation render with Neural Style has kept")
    FILES = ("Files", "A folder, a sequence or a movie of any renderer or camera")


# The settings that a scene has by itself (`from_scene` in the schema).
_SCENE_VALUES: dict[str, Callable[[bpy.types.Scene], Any]] = {
    "frame_rate": lambda scene: round(scene.render.fps / scene.render.fps_base, 3),
}


def settings_dicts(scene: bpy.types.Scene) -> tuple[dict[str, Any], dict[str, Any]]:
    """`style_settings` and `sequence_settings` of the protocol's `stylize` command, as JSON values."""
    style, sequence = (
        {entry["name"]: _setting_value(scene, entry) for entry in SCHEMA[section]} for section in SECTIONS
    )
    return style, sequence


def _setting_value(scene: bpy.types.Scene, entry: dict[str, Any]) -> Any:
    if entry.get("from_scene", False):
        return _SCENE_VALUES[entry["name"]](scene)
    return to_json(entry, getattr(scene.nst, entry["name"]))


def _preset_get(nst: "NSTSceneProperties") -> int:
    # Derived, not stored: a preset's name never stands beside steps that are not its own.
    for index, preset in enumerate(SCHEMA["presets"].values()):
        values = [(entry, preset[section][entry["name"]]) for section, entry in _in_preset(preset)]
        if all(to_json(entry, getattr(nst, entry["name"])) == value for entry, value in values):
            return index
    return len(SCHEMA["presets"])


def _preset_set(nst: "NSTSceneProperties", index: int) -> None:
    presets = list(SCHEMA["presets"].values())
    if index < len(presets):
        for section, entry in _in_preset(presets[index]):
            setattr(nst, entry["name"], from_json(entry, presets[index][section][entry["name"]]))


def _in_preset(preset: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Section and schema entry of each setting that a preset sets."""
    return [
        (section, entry)
        for section in SECTIONS
        for entry in described_settings(section)
        if entry["name"] in preset[section]
    ]


def _first_style_get(nst: "NSTSceneProperties") -> str:
    return nst.styles[0].path if nst.styles else ""


def _first_style_set(nst: "NSTSceneProperties", path: str) -> None:
    if nst.styles:
        nst.styles[0].path = path
    else:
        add_style(nst, path)


class NSTSceneProperties(bpy.types.PropertyGroup):
    """`Scene.nst`: whether and how the scene's renders are stylized."""

    enabled: bpy.props.BoolProperty(
        name="Neural Style",
        description="Stylize every animation render of this scene",
        default=False,
        options=set(),
        override=OVERRIDABLE,
    )
    stills: bpy.props.BoolProperty(
        name="Stills Too",
        description="Stylize single renders (F12) as well, into the folder stills in the output folder",
        default=False,
        options=set(),
        override=OVERRIDABLE,
    )
    styles: bpy.props.CollectionProperty(
        name="Styles",
        description="Style pictures; several are blended by their weights",
        type=NSTStyle,
        override={"LIBRARY_OVERRIDABLE", "USE_INSERTION"},
    )
    active_style: bpy.props.IntProperty(name="Chosen Style", min=0, options={"SKIP_SAVE"})
    style_path: bpy.props.StringProperty(
        name="Style",
        description="The first of the style pictures, for scripts",
        subtype="FILE_PATH",
        get=_first_style_get,
        set=_first_style_set,
        options={"SKIP_SAVE"} | FILE_OPTIONS,
    )
    output_path: bpy.props.StringProperty(
        name="Output",
        description="Folder for the styled frames, and for the rendered frames and passes they are made from",
        subtype="DIR_PATH",
        default="//styled/",
        options=FILE_OPTIONS,
        override=OVERRIDABLE,
    )
    restart: bpy.props.BoolProperty(
        name="Restart",
        description="Begin anew, and replace finished frames in the output folder. Otherwise what is"
        " done goes on with them, if it has the same settings and pictures, and is refused if it has not",
        default=False,
        options=set(),
    )
    preset: bpy.props.EnumProperty(
        name="Quality",
        description="How much time a frame may take; choosing one sets the steps",
        items=_PRESET_ITEMS,
        get=_preset_get,
        set=_preset_set,
        options=set(),
    )
    look: bpy.props.EnumProperty(
        name="Look",
        description="Style pictures that come with Blender NST, with settings that suit them; choosing one"
        " replaces the styles",
        items=look_items,
        get=look_get,
        set=look_set,
        options={"SKIP_SAVE"},
    )
    source: bpy.props.EnumProperty(
        name="Frames",
        description="Which rendered frames the button stylizes",
        items=FrameSource.items(),
        default=FrameSource.RENDER.name,
        options=set(),
        override=OVERRIDABLE,
    )
    source_path: bpy.props.StringProperty(
        name="Files",
        description="A folder of numbered pictures, one of a sequence, a pattern with ####, or a movie",
        subtype="FILE_PATH",
        options=FILE_OPTIONS,
        override=OVERRIDABLE,
    )
    custom_range: bpy.props.BoolProperty(
        name="Custom Range",
        description="Stylize other frames than the scene's range; than all, of picked files",
        default=False,
        options=set(),
        override=OVERRIDABLE,
    )
    range_start: bpy.props.IntProperty(
        name="Start", description="First frame", default=1, options=set(), override=OVERRIDABLE
    )
    range_end: bpy.props.IntProperty(
        name="End", description="Last frame", default=250, options=set(), override=OVERRIDABLE
    )
    range_step: bpy.props.IntProperty(
        name="Step",
        description="Every how many frames",
        default=1,
        min=1,
        options=set(),
        override=OVERRIDABLE,
    )


# Blender reads a class's annotations when it is registered, and makes the properties from them.
NSTSceneProperties.__annotations__.update(
    {entry["name"]: make_property(entry) for entry in described_properties()}
)


def register() -> None:
    """Adds `Scene.nst`."""
    bpy.utils.register_class(NSTSceneProperties)
    bpy.types.Scene.nst = bpy.props.PointerProperty(type=NSTSceneProperties, override=OVERRIDABLE)


def unregister() -> None:
    """Removes `Scene.nst`; a file that has values for it keeps them."""
    del bpy.types.Scene.nst
    bpy.utils.unregister_class(NSTSceneProperties)
