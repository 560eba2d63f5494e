"""The scene's style settings as Blender properties, made from `settings_schema.json`.

The style engine's dataclasses are the one definition of every setting; the schema is generated from them
(`cli/schema.py`). Nothing about a setting is written here a second time.
"""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from enum import Enum
from typing import Any

import bpy

from .schema import FROM_SCENE, GROUPS, SCHEMA, described_settings
from .setting_property import make_property
from .styles import FILE_OPTIONS, OVERRIDABLE, NSTStyle, add_style

CUSTOM_PRESET = "CUSTOM"

_PRESET_ITEMS = [
    *((name.upper(), name.title(), f"The {name} preset's steps") for name in SCHEMA["presets"]),
    (CUSTOM_PRESET, "Custom", "Steps of your own"),
]


class FrameSource(Enum):
    """Where rendered frames are taken from: title and help for people."""

    RENDER = ("Scene Output", "The files that the scene's render has written, frames or a movie")
    CAPTURED = ("Captured", "The frames and passes that an animation render with Neural Style has kept")
    FILES = ("Files", "A folder, a sequence or a movie of any renderer or camera")

    @property
    def title(self) -> str:
        """For the menu."""
        return self.value[0]

    @property
    def help(self) -> str:
        """For the tooltip."""
        return self.value[1]


class SettingError(Exception):
    """A name that is no setting, or a value that Blender's property refuses."""


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
        name="Preset",
        description="How much time a frame may take; choosing one sets the steps",
        items=_PRESET_ITEMS,
        get=_preset_get,
        set=_preset_set,
        options=set(),
    )
    source: bpy.props.EnumProperty(
        name="Frames",
        description="Which rendered frames the button stylizes",
        items=[(each.name, each.title, each.help) for each in FrameSource],
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
    {entry["name"]: make_property(entry) for group in GROUPS for entry in described_settings(group)}
)


def register() -> None:
    """Adds `Scene.nst`."""
    bpy.utils.register_class(NSTSceneProperties)
    bpy.types.Scene.nst = bpy.props.PointerProperty(type=NSTSceneProperties, override=OVERRIDABLE)


def unregister() -> None:
    """Removes `Scene.nst`; a file that has values for it keeps them."""
    del bpy.types.Scene.nst
    bpy.utils.unregister_class(NSTSceneProperties)
