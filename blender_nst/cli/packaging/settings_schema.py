"""Writes what derives from the settings' dataclasses: `settings_schema.json` and docs/settings.md.

Inside Blender the dataclasses cannot be imported (they belong to the engine's process), so what Blender needs
of them is generated here and checked in: `python -m blender_nst.cli.packaging.settings_schema`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from blender_nst import addon
from blender_nst.cli.errors import CommandLineError
from blender_nst.cli.packaging.settings_table import TABLE_FILE, with_table
from compositor.settings import (
    Choice,
    Group,
    Preset,
    SettingInfo,
    StyleSettings,
    preset_values,
    setting_infos,
)
from compositor.stylization.working_size import LONGEST_SIDES
from video.images.headers.isobmff import HEIF_SUFFIXES
from video.images.picture_formats import FORMATS, IMAGE_SUFFIXES
from video.movies.movie import MOVIE_SUFFIXES
from video.settings import SequenceSettings

SCHEMA_FILE = addon.FOLDER / "settings_schema.json"
SECTIONS: Mapping[str, type] = {"style_settings": StyleSettings, "sequence_settings": SequenceSettings}
"""The settings dataclasses by the names that the `stylize` message has for them."""


def make_schema(sections: Mapping[str, type] = SECTIONS) -> dict[str, Any]:
    """The schema as JSON values.

    Raises:
        CommandLineError: a name is in both sections (in Blender they share one property group), or a field's
            type has no counterpart in Blender.
    """
    described = {section: _described(kind) for section, kind in sections.items()}
    every_name = [entry["name"] for entries in described.values() for entry in entries]
    doubled = {name for name in every_name if every_name.count(name) > 1}
    if doubled:
        raise CommandLineError(f"settings of the same name in two sections: {', '.join(sorted(doubled))}")
    presets = {
        preset.value: {
            "label": preset.label,
            "help": preset.help,
            **{section: preset_values(kind, preset) for section, kind in sections.items()},
        }
        for preset in Preset
    }
    sizes = {device.value: dict(by_detail) for device, by_detail in LONGEST_SIDES.items()}
    groups = [_choice(group) for group in Group]
    return {
        "groups": groups,
        **described,
        "presets": presets,
        "working_sizes": sizes,
        "suffixes": _suffixes(),
    }


def _suffixes() -> dict[str, list[str]]:
    """The file name suffixes that the engine reads, by what it reads them as."""
    styles = [suffix for each in FORMATS.values() if each.for_styles for suffix in each.suffixes]
    return {
        "movie": sorted(MOVIE_SUFFIXES),
        "frame": sorted(IMAGE_SUFFIXES),
        "style": sorted([*styles, *HEIF_SUFFIXES]),
    }


def schema_text() -> str:
    """The content that the checked-in file must have."""
    return json.dumps(make_schema(), indent=2) + "\n"


def _described(kind: type) -> list[dict[str, Any]]:
    hints = get_type_hints(kind)
    infos = setting_infos(kind)
    return [_entry(each.name, hints[each.name], each.default, infos[each.name]) for each in fields(kind)]


def _in_chunks(info: SettingInfo) -> bool:
    """Whether a farm's chunk has the setting: one of frames, not of what is made of all of them."""
    return info.group is not Group.OUTPUT or info.changes_pixels


def _entry(name: str, hint: Any, default: Any, info: SettingInfo) -> dict[str, Any]:
    """One setting; what is usual is left out."""
    entry: dict[str, Any] = {
        "name": name,
        "title": info.title,
        "help": info.help,
        "group": info.group.value,
        "type": _type_name(hint, name),
        "default": list(default) if isinstance(default, tuple) else default,
    }
    if isinstance(hint, type) and issubclass(hint, Choice):
        entry["choices"] = [_choice(each) for each in hint]
    optional = {
        "minimum": info.minimum,
        "maximum": info.maximum,
        "unit": info.unit or None,
        "formerly": info.formerly or None,
        "advanced": info.advanced or None,
        "from_scene": info.from_scene or None,
        "in_presets": None if info.in_presets else False,
        "animatable": info.animatable or None,
        "in_chunks": None if _in_chunks(info) else False,
    }
    return entry | {key: value for key, value in optional.items() if value is not None}


def _choice(choice: Choice) -> dict[str, str]:
    return {"name": choice.value, "label": choice.label, "help": choice.help}


def _type_name(hint: Any, name: str) -> str:
    if get_origin(hint) is tuple:
        return "names"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "enum"
    simple = {bool: "bool", int: "int", float: "float", str: "text"}
    if hint not in simple:
        raise CommandLineError(f"setting {name} is of the type {hint}, for which Blender has no property")
    return simple[hint]


def _write(path: Path, text: str) -> None:
    unfinished = path.with_suffix(f"{path.suffix}.tmp")
    unfinished.write_text(text, "utf-8", newline="\n")
    unfinished.replace(path)


def main() -> None:
    """Rewrites the checked-in schema, and the table in docs/settings.md."""
    _write(SCHEMA_FILE, schema_text())
    _write(TABLE_FILE, with_table(TABLE_FILE.read_text("utf-8"), SECTIONS.values()))


if __name__ == "__main__":
    main()
