from __future__ import annotations

from dataclasses import fields

import pytest

from blender_nst.cli.packaging.settings_schema import GROUPS, SCHEMA_FILE, make_schema, schema_text
from compositor.settings import settings_from_json
from video.protocol.messages import PROTOCOL_VERSION


def test_the_checked_in_schema_is_fresh() -> None:
    stale = f"{SCHEMA_FILE.name} is stale: run python -m blender_nst.cli.packaging.settings_schema"
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(), stale


@pytest.mark.parametrize("group", GROUPS)
def test_defaults_in_the_schema_are_the_settings_defaults(group: str) -> None:
    described = {entry["name"]: entry for entry in make_schema()[group]}
    assert list(described) == [entry.name for entry in fields(GROUPS[group])]
    defaults = {name: entry["default"] for name, entry in described.items()}
    assert settings_from_json(GROUPS[group], defaults) == GROUPS[group]()


def test_presets_are_valid_settings() -> None:
    schema = make_schema()
    assert schema["protocol"] == PROTOCOL_VERSION
    assert {"draft", "standard", "final"} <= set(schema["presets"])
    for preset in schema["presets"].values():
        for group, kind in GROUPS.items():
            settings_from_json(kind, preset[group])
