"""The table of settings in docs/settings.md, generated between two markers from the settings' dataclasses."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from typing import Any, get_type_hints

from blender_nst import addon
from blender_nst.cli.errors import CommandLineError
from blender_nst.cli.inputs.settings_options import flag, shown_value
from compositor.settings import Choice, Group, Preset, SettingInfo, setting_infos

TABLE_FILE = addon.FOLDER.parent / "docs" / "settings.md"
BEGIN = "<!-- settings: made by python -m blender_nst.cli.packaging.settings_schema -->"
END = "<!-- end of settings -->"
_HEAD = "| | option | default | range | |\n|---|---|---|---|---|"


def with_table(text: str, kinds: Iterable[type]) -> str:
    """The text with the table between its markers; raises CommandLineError where a marker is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise CommandLineError(f"{TABLE_FILE}: the lines {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n\n{settings_table(list(kinds))}\n\n{END}{after}"


def settings_table(kinds: Collection[type]) -> str:
    """A table for each group, its advanced settings last and marked with a star."""
    tables = [_group_table(group, kinds) for group in Group]
    note = (
        "Settings with a star are folded in Blender. A default with slashes is that of the presets"
        f" {', '.join(Preset)}."
    )
    return "\n\n".join([note, *(table for table in tables if table)])


def _group_table(group: Group, kinds: Collection[type]) -> str:
    rows = [
        (info.advanced, _row(each.name, get_type_hints(kind)[each.name], each.default, info))
        for kind in kinds
        for each, info in zip(fields(kind), setting_infos(kind).values(), strict=True)
        if info.group is group
    ]
    rows.sort(key=lambda row: row[0])
    lines = [row for _, row in rows]
    return "\n".join([f"**{group.label}.** {group.help}.\n", _HEAD, *lines]) if lines else ""


def _row(name: str, hint: Any, default: Any, info: SettingInfo) -> str:
    title = info.title + (" *" if info.advanced else "")
    values = [info.presets.get(preset, default) for preset in Preset] if info.presets else [default]
    shown = " / ".join(map(shown_value, values)) + (f" {info.unit}" if info.unit else "")
    if isinstance(hint, type) and issubclass(hint, Choice):
        limits = ", ".join(hint)
    elif info.minimum is not None and info.maximum is not None:
        limits = f"{info.minimum:g} to {info.maximum:.10g}"
    else:
        limits = "on, off" if hint is bool else ""
    option = flag(name).replace("--", "--[no-]") if hint is bool else flag(name)
    return f"| {title} | `{option}` | {shown} | {limits} | {info.help} |"
