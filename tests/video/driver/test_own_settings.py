"""Frames with values of their own for strength and paint, as an animation gives: pixels, resuming."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from video.driver.frame_writer import OWN_SETTINGS
from video.driver.sequence_driver import SequenceDriver
from video.errors import ChangedFrameError, FrameError
from video.frames.sequence import SourceFrame
from video.images.image_files import quantize, read_image
from video.paintings.painting import Painting
from video.results import RunCallbacks
from video.settings import MotionSource, SequenceSettings

Picture = Callable[..., np.ndarray]
Values = Sequence[Mapping[str, float]]

HEIGHT, WIDTH, PAN = 48, 64, 3
SETTINGS = StyleSettings(steps=6, coarsest_size=32, device=DeviceChoice.CPU)
SEQUENCE = SequenceSettings(warm_steps=3, movie=False, contact_sheet=False)
STRENGTHS = [{"strength": value} for value in (0.0, 0.25, 0.5, 1.0)]


@pytest.fixture(scope="module")
def style(picture: Picture) -> np.ndarray:
    return picture(80, 60, Painting.KNIFE)


@pytest.fixture
def pan(picture: Picture) -> list[SourceFrame]:
    """Four frames: a window that moves over a wider picture."""
    wide = quantize(picture(96, HEIGHT))
    return [SourceFrame(n + 1, wide[:, PAN * n : PAN * n + WIDTH].copy()) for n in range(4)]


def with_values(frames: Sequence[SourceFrame], values: Values) -> list[SourceFrame]:
    return [replace(frame, own_settings=own) for frame, own in zip(frames, values, strict=True)]


def run(
    style: np.ndarray,
    frames: Sequence[SourceFrame],
    output: Path,
    settings: StyleSettings = SETTINGS,
    sequence: SequenceSettings = SEQUENCE,
    *,
    put_aside: bool = False,
) -> list[np.ndarray]:
    engine = StyleEngine(settings, style)
    result = SequenceDriver(engine, sequence, output, put_aside=put_aside).run(frames)
    return [read_image(frame.path) for frame in result.frames]


def test_each_frame_is_as_if_its_strength_were_that_of_all(
    style: np.ndarray, pan: list[SourceFrame], tmp_path: Path
) -> None:
    animated = run(style, with_values(pan, STRENGTHS), tmp_path / "animated")
    for index, own in enumerate(STRENGTHS):
        constant = run(style, pan, tmp_path / str(index), replace(SETTINGS, **own))
        np.testing.assert_array_equal(animated[index], constant[index])
    np.testing.assert_array_equal(animated[0], pan[0].image)
    away = [float(np.abs(image - frame.image).mean()) for image, frame in zip(animated, pan, strict=True)]
    assert away[0] == 0.0 < away[1] < away[2] < away[3]


def test_strength_grows_where_nothing_moves(
    style: np.ndarray, pan: list[SourceFrame], tmp_path: Path
) -> None:
    still = [replace(pan[0], number=number) for number in range(1, 5)]
    *_, last = run(style, with_values(still, STRENGTHS), tmp_path / "animated")
    alone = run(style, still[:1], tmp_path / "alone")[0]
    assert float(np.abs(last - alone).max()) <= 1.01 / 255.0, "the first frame's painting, rounded twice"


def test_each_frame_alone_is_painted_as_its_own_value_says(
    style: np.ndarray, pan: list[SourceFrame], tmp_path: Path
) -> None:
    alone = replace(SEQUENCE, motion=MotionSource.NONE)
    values = [{"paint": 0.0}, {"paint": 1.0}]
    animated = run(style, with_values(pan[:2], values), tmp_path / "animated", sequence=alone)
    for index, own in enumerate(values):
        constant = run(style, pan[:2], tmp_path / str(index), replace(SETTINGS, **own), alone)
        np.testing.assert_array_equal(animated[index], constant[index])


def test_paint_changes_where_nothing_moves(style: np.ndarray, pan: list[SourceFrame], tmp_path: Path) -> None:
    still = [replace(pan[0], number=number) for number in range(1, 5)]
    sequence = replace(SEQUENCE, warm_steps=8)
    values = [{"paint": value} for value in (0.0, 0.5, 1.0, 1.0)]
    animated = run(style, with_values(still, values), tmp_path / "animated", sequence=sequence)
    constant = run(style, still, tmp_path / "constant", replace(SETTINGS, paint=0.0), sequence)
    np.testing.assert_array_equal(animated[0], constant[0])
    np.testing.assert_array_equal(constant[0], constant[3])
    engine = StyleEngine(SETTINGS, style)
    errors = [engine.content_error(image, still[0].image) for image in animated]
    assert errors[0] < errors[1] < errors[2]
    # The same value keeps what is static.
    np.testing.assert_array_equal(animated[2], animated[3])


@pytest.mark.parametrize("passes", [1, 2])
def test_a_run_that_was_stopped_goes_on_with_the_same_bytes(
    style: np.ndarray, pan: list[SourceFrame], tmp_path: Path, passes: int
) -> None:
    values = [{"paint": 0.2 * n, "strength": 1.0 - 0.2 * n} for n in range(4)]
    frames, sequence = with_values(pan, values), replace(SEQUENCE, pass_count=passes)
    whole = tmp_path / "whole"
    run(style, frames, whole, sequence=sequence)
    finished: list[int] = []
    callbacks = RunCallbacks(
        progress=lambda number, _: finished.append(number), cancelled=lambda: 3 in finished
    )
    stopped = tmp_path / "stopped"
    SequenceDriver(StyleEngine(SETTINGS, style), sequence, stopped, callbacks).run(frames)
    run(style, frames, stopped, sequence=sequence)
    for path in sorted((whole / "styled").iterdir()):
        assert (stopped / "styled" / path.name).read_bytes() == path.read_bytes()
    texts = Image.open(whole / "styled" / "styled_0002.png").text  # type: ignore[attr-defined]
    assert json.loads(texts[OWN_SETTINGS]) == values[1]


def test_frames_of_other_values_are_named_and_made_again(
    style: np.ndarray, pan: list[SourceFrame], tmp_path: Path
) -> None:
    run(style, with_values(pan, STRENGTHS), tmp_path)
    changed = with_values(pan, [*STRENGTHS[:2], {"strength": 0.75}, STRENGTHS[3]])
    with pytest.raises(ChangedFrameError, match="frame 3: its strength changed"):
        run(style, changed, tmp_path)
    with pytest.raises(ChangedFrameError, match="frame 1: its strength changed"):
        run(style, pan, tmp_path)
    with pytest.raises(ChangedFrameError):
        run(style, changed, tmp_path, put_aside=True)
    again = run(style, changed, tmp_path, put_aside=True)
    np.testing.assert_array_equal(again[2], run(style, changed, tmp_path / "anew")[2])


@pytest.mark.parametrize("own", [{"steps": 3.0}, {"nothing": 1.0}, {"strength": 1.5}, {"paint": -0.1}])
def test_a_frame_has_no_other_settings_of_its_own(
    style: np.ndarray, pan: list[SourceFrame], tmp_path: Path, own: Mapping[str, float]
) -> None:
    with pytest.raises(FrameError) as error:
        run(style, with_values(pan[:1], [own]), tmp_path)
    assert error.value.frame == 1
