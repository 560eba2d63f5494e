from __future__ import annotations

from dataclasses import fields

import pytest

from blender_nst.cli.errors import CommandLineError
from blender_nst.cli.packaging.settings_schema import SCHEMA_FILE, SECTIONS, make_schema, schema_text
from blender_nst.cli.packaging.settings_table import TABLE_FILE, with_table
from blender_nst.properties import schema as blenders
from compositor.settings import Choice, Group, settings_from_json
from video.images.picture_formats import IMAGE_SUFFIXES
from video.movies.movie import MOVIE_SUFFIXES

GENERATE = "run python -m blender_nst.cli.packaging.settings_schema"


def test_the_checked_in_schema_is_fresh() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(), f"{SCHEMA_FILE.name} is stale: {GENERATE}"


def test_the_table_of_settings_is_fresh() -> None:
    text = TABLE_FILE.read_text("utf-8")
    assert text == with_table(text, SECTIONS.values()), f"the table of settings is stale: {GENERATE}"


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(CommandLineError, match="missing"):
        with_table("# Blender NST\n", SECTIONS.values())


@pytest.mark.parametrize("section", SECTIONS)
def test_defaults_in_the_schema_are_the_settings_defaults(section: str) -> None:
    described = {entry["name"]: entry for entry in make_schema()[section]}
    assert list(described) == [entry.name for entry in fields(SECTIONS[section])]
    defaults = {name: entry["default"] for name, entry in described.items()}
    assert settings_from_json(SECTIONS[section], defaults) == SECTIONS[section]()


def test_presets_are_valid_settings() -> None:
    schema = make_schema()
    assert frozenset(schema["suffixes"]["movie"]) == MOVIE_SUFFIXES
    assert frozenset(schema["suffixes"]["frame"]) == IMAGE_SUFFIXES
    assert {".png", ".jpg", ".tga", ".webp"} <= set(schema["suffixes"]["style"])
    assert ".exr" not in schema["suffixes"]["style"]
    assert {"draft", "standard", "final"} <= set(schema["presets"])
    for preset in schema["presets"].values():
        for section, kind in SECTIONS.items():
            settings_from_json(kind, preset[section])


def test_every_setting_and_choice_has_texts_that_fit_a_tooltip() -> None:
    schema = make_schema()
    assert list(SECTIONS) == list(blenders.SECTIONS)
    for entry in [each for section in SECTIONS for each in schema[section]]:
        choices = entry.get("choices", [])
        assert entry["title"]
        assert all(choice["label"] for choice in choices)
        for text in [entry["help"], *(choice["help"] for choice in choices)]:
            assert text
            assert not text.endswith("."), "Blender adds the full stop"
        # The property's identifier is the name in capitals, and back.
        assert all(choice["name"] == choice["name"].lower() for choice in choices)


def test_a_choice_is_its_value_for_everything_that_writes_it() -> None:
    assert (Group.LOOK, str(Group.LOOK), f"{Group.LOOK}") == ("look", "look", "look")
    assert isinstance(Group("look"), Choice)
    assert Group("look") is Group.LOOK
