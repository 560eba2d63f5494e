"""The settings' schema, as `settings_schema.json` has it."""

from __future__ import annotations

import json
from typing import Any

from .. import addon

SCHEMA: dict[str, Any] = json.loads((addon.FOLDER / "settings_schema.json").read_text("utf-8"))
GROUPS = ("style_settings", "sequence_settings")

FROM_SCENE = frozenset({"frame_rate"})
"""Settings that Blender's scene has already, and that get no second property."""


def described_settings(group: str) -> list[dict[str, Any]]:
    """The schema's entries of `style_settings` or `sequence_settings` that are properties."""
    return [entry for entry in SCHEMA[group] if entry["name"] not in FROM_SCENE]
