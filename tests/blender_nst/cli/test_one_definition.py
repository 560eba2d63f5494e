"""A setting is defined once: one line in a settings dataclass brings it everywhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pytest
import typer
from typer.testing import CliRunner

from blender_nst.cli.inputs.settings_options import Settings, with_settings
from blender_nst.cli.packaging.settings_schema import make_schema
from blender_nst.cli.packaging.settings_table import settings_table
from blender_nst.properties.schema import (
    GroupLayout,
    described_properties,
    group_layouts,
    renamed_properties,
    saved_in_presets,
)
from compositor.settings import Group, Preset, StyleSettings, setting, settings_from_json, settings_to_json
from video.resume.fingerprint import run_identity
from video.settings import SequenceSettings, with_preset


@dataclass(frozen=True)
class MoreStyle(StyleSettings):
    """The settings of a frame, and two new ones."""

    glitter: float = setting(
        Group.STROKES, 0.25, "Glitter", "How much it glitters", maximum=2.0, minimum=0.0, final=0.75
    )
    glitter_log: bool = setting(
        Group.OUTPUT,
        False,
        "Glitter Log",
        "Write what glitters",
        advanced=True,
        changes_pixels=False,
        in_presets=False,
        formerly="sparkle_log",
    )


@dataclass(frozen=True)
class MoreSequence(SequenceSettings):
    """The settings of a sequence, and a new one that Blender's scene has."""

    shutter: float = setting(
        Group.OUTPUT, 0.5, "Shutter", "Share of a frame that it is open", unit="frames", from_scene=True
    )


KINDS = MoreStyle, MoreSequence
SCHEMA = make_schema(dict(zip(("style_settings", "sequence_settings"), KINDS, strict=True)))


def layout(group: Group) -> GroupLayout:
    return next(each for each in group_layouts(SCHEMA) if each.name == group)


def run(*arguments: str) -> tuple[str, list[Settings]]:
    """What a command with the new settings prints, and what it gets."""
    received: list[Settings] = []
    command_line = typer.Typer()

    @command_line.command()
    @with_settings(*KINDS)
    def command(*, settings: Settings) -> None:
        received.append(settings)

    environment = {"COLUMNS": "200", "NO_COLOR": "1"}
    result = CliRunner().invoke(command_line, list(arguments), env=environment)
    assert result.exit_code == 0, result.output
    return result.output, received


def test_it_is_in_blenders_schema_with_all_that_is_said_of_it() -> None:
    assert SCHEMA["style_settings"][-2] == {
        "name": "glitter",
        "title": "Glitter",
        "help": "How much it glitters",
        "group": "strokes",
        "type": "float",
        "default": 0.25,
        "minimum": 0.0,
        "maximum": 2.0,
    }
    entry = SCHEMA["sequence_settings"][-1]
    assert (entry["name"], entry["unit"], entry["from_scene"]) == ("shutter", "frames", True)


def test_it_is_an_option_in_its_groups_part_of_the_help() -> None:
    output, _ = run("--help")
    before, after = output.split("--glitter ")
    assert before.rindex("Strokes") > before.rindex("Look")
    assert "How much it glitters; set by the preset" in after.splitlines()[0]
    assert "─ Output, advanced ─" in output
    (settings,) = run("--glitter", "1.5", "--glitter-log", "--shutter", "0.75")[1]
    assert settings == (MoreStyle(glitter=1.5, glitter_log=True), MoreSequence(shutter=0.75))


def test_it_is_in_its_groups_panel_and_folded_if_it_is_advanced() -> None:
    assert layout(Group.STROKES).basic[-3] == "glitter"
    assert "glitter_log" in layout(Group.OUTPUT).advanced
    assert "glitter_log" not in layout(Group.OUTPUT).basic
    names = [entry["name"] for entry in described_properties(SCHEMA)]
    assert "shutter" not in names
    shown = [name for each in group_layouts(SCHEMA) for name in each.basic + each.advanced]
    assert sorted(shown) == sorted(names)


@pytest.mark.parametrize(("preset", "value"), [(Preset.DRAFT, 0.25), (Preset.FINAL, 0.75)])
def test_it_is_in_the_presets(preset: Preset, value: float) -> None:
    assert SCHEMA["presets"][preset]["style_settings"]["glitter"] == value
    ((style, sequence),) = run("--preset", preset.value)[1]
    assert (style, sequence) == with_preset(preset, MoreStyle(glitter=2.0), MoreSequence())
    assert style == MoreStyle(**asdict(with_preset(preset)[0]), glitter=value)


def test_a_users_preset_keeps_it_unless_it_says_otherwise() -> None:
    saved = saved_in_presets(SCHEMA)
    assert "glitter" in saved
    assert not {"glitter_log", "shutter", "device"} & set(saved)


def test_it_is_part_of_a_runs_identity_if_it_changes_pixels() -> None:
    before = run_identity((MoreStyle(), MoreSequence()), [])
    assert before["glitter"] == 0.25
    assert run_identity((MoreStyle(glitter=1.0), MoreSequence()), []) != before
    assert run_identity((MoreStyle(glitter_log=True), MoreSequence()), []) == before
    assert run_identity((MoreStyle(), MoreSequence(shutter=0.1)), []) != before


def test_it_reaches_the_engine_through_json() -> None:
    style = MoreStyle(glitter=1.25)
    assert settings_from_json(MoreStyle, settings_to_json(style)) == style


def test_an_older_name_of_it_is_known() -> None:
    renamed = renamed_properties(SCHEMA)
    assert renamed["sparkle_log"] == "glitter_log"
    assert (renamed["memory"], renamed["colour"]) == ("history_length", "color")


def test_it_is_in_the_table_of_settings() -> None:
    lines = settings_table(KINDS).splitlines()
    assert "| Glitter | `--glitter` | 0.25 / 0.25 / 0.75 | 0 to 2 | How much it glitters |" in lines
    assert "| Glitter Log * | `--[no-]glitter-log` | off | on, off | Write what glitters |" in lines
