"""Settings keep their ranges and types, and survive the way through JSON."""

from __future__ import annotations

import json
import math
from dataclasses import Field, fields, replace
from enum import Enum
from typing import Any, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositor.errors import SettingsError
from compositor.settings import Pooling, StyleSettings, setting_infos, settings_from_json, settings_to_json

HINTS = get_type_hints(StyleSettings)
INFOS = setting_infos(StyleSettings)
BOUNDED = [entry for entry in fields(StyleSettings) if INFOS[entry.name].minimum is not None]


def bounds(entry: Field[Any]) -> tuple[Any, Any]:
    return INFOS[entry.name].minimum, INFOS[entry.name].maximum


def values_of(entry: Field[Any]) -> st.SearchStrategy[Any]:
    """Every value that a field may have."""
    hint, low, high = HINTS[entry.name], *bounds(entry)
    if get_origin(hint) is tuple:
        return st.lists(st.text(max_size=8), max_size=4).map(tuple)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    simple = {str: st.text(max_size=8), bool: st.booleans(), int: st.integers(low, high)}
    return simple.get(hint, st.floats(low, high))


settings = st.builds(StyleSettings, **{entry.name: values_of(entry) for entry in fields(StyleSettings)})


@given(settings)
def test_round_trip_through_json(given_settings: StyleSettings) -> None:
    text = json.dumps(settings_to_json(given_settings))
    assert settings_from_json(StyleSettings, json.loads(text)) == given_settings


def test_absent_settings_keep_their_defaults() -> None:
    assert settings_from_json(StyleSettings, {}) == StyleSettings()
    assert settings_from_json(StyleSettings, {"steps": 7}) == replace(StyleSettings(), steps=7)


@pytest.mark.parametrize("entry", BOUNDED, ids=lambda entry: entry.name)
def test_range_holds_at_both_ends(entry: Field[Any]) -> None:
    low, high = bounds(entry)
    for inside in (low, high):
        assert getattr(replace(StyleSettings(), **{entry.name: inside}), entry.name) == inside
    step = 1 if HINTS[entry.name] is int else 1e-6 * max(1.0, high)
    for outside in (low - step, high + step):
        with pytest.raises(SettingsError, match=entry.name):
            replace(StyleSettings(), **{entry.name: outside})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_weight_must_be_finite(value: float) -> None:
    with pytest.raises(SettingsError, match="style_weight"):
        StyleSettings(style_weight=value)


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="style_wieght") as error:
        settings_from_json(StyleSettings, {"style_wieght": 1.0})
    assert all(entry.name in str(error.value) for entry in fields(StyleSettings))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", True),
        ("steps", 3.0),
        ("steps", "3"),
        ("steps", None),
        ("style_weight", True),
        ("style_weight", "100"),
        ("style_weight", None),
        ("pooling", "median"),
        ("pooling", None),
        ("pooling", ["average"]),
        ("style_layers", "relu1_1"),
        ("style_layers", [1]),
        ("style_layers", {"relu1_1": 1}),
    ],
)
def test_wrong_type_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        settings_from_json(StyleSettings, {name: value})


def test_whole_number_is_accepted_for_a_float() -> None:
    value = settings_from_json(StyleSettings, {"style_weight": 100}).style_weight
    assert isinstance(value, float)
    assert value == 100.0


def test_whole_number_too_large_for_a_float_is_outside_of_the_range() -> None:
    with pytest.raises(SettingsError, match="style_weight"):
        settings_from_json(StyleSettings, {"style_weight": 10**400})


def test_choice_is_told_in_the_error() -> None:
    with pytest.raises(SettingsError, match="average, max"):
        settings_from_json(StyleSettings, {"pooling": "median"})
    assert settings_from_json(StyleSettings, {"pooling": "max"}).pooling is Pooling.MAX
