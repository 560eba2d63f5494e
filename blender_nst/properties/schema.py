"""The settings as Blender knows them: `settings_schema.json`, and what panels and presets take of it.

The file is generated from the engine's dataclasses (`cli/packaging/settings_schema.py`). An entry that says
nothing of a key has the usual value: not advanced, kept in presets, no earlier name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import addon

SCHEMA: dict[str, Any] = json.loads((addon.FOLDER / "settings_schema.json").read_text("utf-8"))
SECTIONS = ("style_settings", "sequence_settings")
"""The settings of the protocol's `stylize` message; in Blender they share one property group."""


MOVIE_SUFFIXES = frozenset[str](SCHEMA["suffixes"]["movie"])
FRAME_SUFFIXES = frozenset[str](SCHEMA["suffixes"]["frame"])
STYLE_SUFFIXES: tuple[str, ...] = tuple(SCHEMA["suffixes"]["style"])
"""What the engine reads as a movie, as a frame, and as a style picture; lower case, with the dot."""


@dataclass(frozen=True)
class GroupLayout:
    """The properties of a group of settings, in the order in which its panel shows them."""

    name: str
    label: str
    help: str
    basic: tuple[str, ...]
    advanced: tuple[str, ...]


def described_settings(section: str, schema: Mapping[str, Any] = SCHEMA) -> list[dict[str, Any]]:
    """The schema's entries of a section that are properties; the scene has the others already."""
    return [entry for entry in schema[section] if not entry.get("from_scene", False)]


def described_properties(schema: Mapping[str, Any] = SCHEMA) -> list[dict[str, Any]]:
    """The same of all sections."""
    return [entry for section in SECTIONS for entry in described_settings(section, schema)]


def group_layouts(schema: Mapping[str, Any] = SCHEMA) -> list[GroupLayout]:
    """A layout for each group; the first is that of the main panel."""
    entries = described_properties(schema)

    def names(group: str, *, advanced: bool) -> tuple[str, ...]:
        return tuple(
            entry["name"]
            for entry in entries
            if entry["group"] == group and entry.get("advanced", False) is advanced
        )

    return [
        GroupLayout(
            group["name"],
            group["label"],
            group["help"],
            names(group["name"], advanced=False),
            names(group["name"], advanced=True),
        )
        for group in schema["groups"]
    ]


def default_value(name: str, schema: Mapping[str, Any] = SCHEMA) -> Any:
    """The default of a setting, as the protocol has it."""
    return next(entry["default"] for entry in described_properties(schema) if entry["name"] == name)


def saved_in_presets(schema: Mapping[str, Any] = SCHEMA) -> list[str]:
    """The properties that a preset of Blender's keeps: those of the look, not of the machine."""
    return [entry["name"] for entry in described_properties(schema) if entry.get("in_presets", True)]


def renamed_properties(schema: Mapping[str, Any] = SCHEMA) -> dict[str, str]:
    """Today's name of each property that .blend files of earlier versions have under another one."""
    entries = described_properties(schema)
    return {entry["formerly"]: entry["name"] for entry in entries if "formerly" in entry}
