"""Writes `settings_schema.json`, from which the extension makes its properties.

Inside Blender the settings' dataclasses cannot be imported (they belong to the engine's process), so what
Blender needs of them is generated here and checked in: `python -m blender_nst.cli.packaging.settings_schema`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, get_origin, get_type_hints

from blender_nst import addon
from blender_nst.cli.errors import CommandLineError
from compositor.settings import StyleSettings, field_default
from compositor.stylization.working_size import LONGEST_SIDES
from video.protocol.messages import PROTOCOL_VERSION
from video.settings import PRESETS, SequenceSettings

SCHEMA_FILE = addon.FOLDER / "settings_schema.json"
GROUPS: Mapping[str, type] = {"style_settings": StyleSettings, "sequence_settings": SequenceSettings}


def make_schema() -> dict[str, Any]:
    """The schema as JSON values.

    Raises:
        CommandLineError: a name is in both groups (in Blender they share one property group), or a field's
            type has no counterpart in Blender.
    """
    described = {group: [_describe(kind, name) for name in _names(kind)] for group, kind in GROUPS.items()}
    every_name = [entry["name"] for entries in described.values() for entry in entries]
    doubled = {name for name in every_name if every_name.count(name) > 1}
    if doubled:
        raise CommandLineError(f"settings of the same name in two groups: {', '.join(sorted(doubled))}")
    presets = {
        preset.value: {"style_settings": for_style, "sequence_settings": for_sequence}
        for preset, (for_style, for_sequence) in PRESETS.items()
    }
    sizes = {device.value: dict(by_detail) for device, by_detail in LONGEST_SIDES.items()}
    return {"protocol": PROTOCOL_VERSION, **described, "presets": presets, "working_sizes": sizes}


def schema_text() -> str:
    """The content that the checked-in file must have."""
    return json.dumps(make_schema(), indent=2) + "\n"


def _names(kind: type) -> list[str]:
    return [entry.name for entry in fields(kind)]


def _describe(kind: type, name: str) -> dict[str, Any]:
    entry = next(each for each in fields(kind) if each.name == name)
    hint = get_type_hints(kind)[name]
    default = field_default(entry)
    described: dict[str, Any] = {
        "name": name,
        "type": _type_name(hint, name),
        "default": _json_value(default),
    }
    if isinstance(hint, type) and issubclass(hint, Enum):
        described["choices"] = [member.value for member in hint]
    for bound in ("minimum", "maximum"):
        if entry.metadata[bound] is not None:
            described[bound] = entry.metadata[bound]
    if entry.metadata["unit"]:
        described["unit"] = entry.metadata["unit"]
    return described | {"help": entry.metadata["help"]}


def _type_name(hint: Any, name: str) -> str:
    if get_origin(hint) is tuple:
        return "names"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "enum"
    simple = {bool: "bool", int: "int", float: "float", str: "text"}
    if hint not in simple:
        raise CommandLineError(f"setting {name} is of the type {hint}, for which Blender has no property")
    return simple[hint]


def _json_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def main() -> None:
    """Rewrites the checked-in schema."""
    unfinished = SCHEMA_FILE.with_suffix(".json.tmp")
    unfinished.write_text(schema_text(), "utf-8", newline="\n")
    unfinished.replace(SCHEMA_FILE)


if __name__ == "__main__":
    main()
