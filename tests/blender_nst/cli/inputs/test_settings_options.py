"""Command line options come from the settings' fields, and override the preset's values."""

from __future__ import annotations

from dataclasses import Field, fields, replace
from enum import Enum
from typing import Any, get_origin, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from blender_nst.cli.app import app
from blender_nst.cli.inputs.settings_options import Settings, with_settings
from compositor.settings import Pooling, StyleSettings, setting_infos
from video.settings import MotionSource, Preset, SequenceSettings, with_preset

FIELDS = [(kind, entry) for kind in (StyleSettings, SequenceSettings) for entry in fields(kind)]
every_field = pytest.mark.parametrize(("kind", "entry"), FIELDS, ids=[entry.name for _, entry in FIELDS])


def parsed(*arguments: str) -> Settings:
    """The settings that a command gets for these arguments."""
    received: list[Settings] = []
    command_line = typer.Typer()

    @command_line.command()
    @with_settings(StyleSettings, SequenceSettings)
    def command(*, settings: Settings) -> None:
        received.append(settings)

    result = CliRunner().invoke(command_line, list(arguments))
    assert result.exit_code == 0, result.output
    return received[0]


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def another_value(kind: type, entry: Field[Any]) -> tuple[list[str], Any]:
    """Arguments that give a field a value that is not its default, and that value."""
    hint, default = get_type_hints(kind)[entry.name], entry.default
    if hint is bool:
        return ["--no-" + entry.name.replace("_", "-") if default else flag(entry.name)], not default
    if get_origin(hint) is tuple:
        return [flag(entry.name), "relu1_2, relu2_2"], ("relu1_2", "relu2_2")
    if issubclass(hint, Enum):
        value = next(member for member in hint if member is not default)
        return [flag(entry.name), value.value], value
    info = setting_infos(kind)[entry.name]
    value: Any = info.maximum if default != info.maximum else info.minimum
    return [flag(entry.name), str(value)], hint(value)


def test_without_options_the_settings_are_the_defaults() -> None:
    assert parsed() == (StyleSettings(), SequenceSettings())


@every_field
def test_every_field_has_an_option_that_sets_it_alone(kind: type, entry: Field[Any]) -> None:
    arguments, value = another_value(kind, entry)
    expected = [
        replace(settings, **{entry.name: value}) if isinstance(settings, kind) else settings
        for settings in (StyleSettings(), SequenceSettings())
    ]
    assert parsed(*arguments) == tuple(expected)


@pytest.mark.parametrize("preset", Preset)
def test_preset_is_overridden_by_an_option(preset: Preset) -> None:
    assert parsed("--preset", preset.value) == with_preset(preset)
    style, sequence = with_preset(preset)
    for order in (["--preset", preset.value, "--steps", "7"], ["--steps", "7", "--preset", preset.value]):
        assert parsed(*order) == (replace(style, steps=7), sequence)


def test_an_option_may_give_back_the_default_that_a_preset_changed() -> None:
    style, _ = parsed("--preset", "draft", "--steps", str(StyleSettings().steps))
    assert style.steps == StyleSettings().steps


def test_values_have_the_types_of_the_fields() -> None:
    style, sequence = parsed("--pooling", "max", "--motion", "none", "--style-weight", "20", "--movie")
    assert style.pooling is Pooling.MAX
    assert sequence.motion is MotionSource.NONE
    assert isinstance(style.style_weight, float)
    assert sequence.movie is True


@every_field
def test_help_shows_every_option_with_its_help(kind: type, entry: Field[Any]) -> None:
    result = CliRunner().invoke(app, ["stylize", "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert result.exit_code == 0
    assert flag(entry.name) in result.output
    info = setting_infos(kind)[entry.name]
    assert info.help.split(":")[0].split()[0] in result.output
    assert info.group.label in result.output


@pytest.mark.parametrize("command", ["demo", "render", "stylize", "image"])
def test_commands_have_the_settings_that_they_use(command: str) -> None:
    output = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    assert "--style-weight" in output
    assert "--preset" in output
    assert ("--temporal-weight" in output) == (command != "image")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--steps", "0"],
        ["--steps", "1.5"],
        ["--style-weight", "-1"],
        ["--pooling", "median"],
        ["--preset", "quick"],
        ["--stepz", "3"],
    ],
    ids=" ".join,
)
def test_a_bad_value_ends_with_code_2_and_names_the_option(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["stylize", "in", "--style", "s.png", *arguments])
    assert result.exit_code == 2
    assert arguments[0] in result.output
