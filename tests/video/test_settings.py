"""Settings of a sequence, and the presets over all settings."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositor.errors import SettingsError
from compositor.settings import StyleSettings, settings_from_json, settings_to_json
from video.settings import MotionSource, Preset, SequenceSettings, with_preset

sequence_settings = st.builds(
    SequenceSettings,
    motion=st.sampled_from(MotionSource),
    warm_steps=st.integers(1, 100_000),
    temporal_weight=st.floats(0.0, 1e9),
    warm_style_gain=st.floats(0.0, 100.0),
    movie=st.booleans(),
    contact_sheet=st.booleans(),
    frame_rate=st.floats(1.0, 240.0),
)


@given(sequence_settings)
def test_round_trip_through_json(settings: SequenceSettings) -> None:
    assert settings_from_json(SequenceSettings, settings_to_json(settings)) == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("movie", 1),
        ("movie", "yes"),
        ("movie", None),
        ("warm_steps", True),
        ("warm_steps", 0),
        ("motion", "vector"),
        ("frame_rate", -1.0),
        ("frame_rate", 241),
        ("temporal_weight", -1.0),
        ("steps", 10),
    ],
)
def test_wrong_value_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name):
        settings_from_json(SequenceSettings, {name: value})


def test_standard_preset_is_the_default() -> None:
    assert with_preset(Preset.STANDARD) == (StyleSettings(), SequenceSettings())


def test_presets_take_more_and_more_time() -> None:
    made = [with_preset(preset) for preset in (Preset.DRAFT, Preset.STANDARD, Preset.FINAL)]
    for attribute, index in (("steps", 0), ("warm_steps", 1)):
        values = [getattr(pair[index], attribute) for pair in made]
        assert values == sorted(set(values))


def test_preset_leaves_other_settings_alone() -> None:
    style, sequence = with_preset(
        Preset.DRAFT, StyleSettings(style_weight=7.0, steps=9), SequenceSettings(movie=False)
    )
    assert style == replace(with_preset(Preset.DRAFT)[0], style_weight=7.0)
    assert sequence == replace(with_preset(Preset.DRAFT)[1], movie=False)
