"""A turning 360° panorama through the driver: its edges meet, and strokes go over them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame
from video.images.image_files import image_size, read_image
from video.paintings.painting import Painting
from video.results import RunCallbacks
from video.settings import MotionSource, Panorama, SequenceSettings

Picture = Callable[..., np.ndarray]

HEIGHT, WIDTH = 48, 96
# Columns by which the camera turns with each frame.
TURN = 4
STYLE = StyleSettings(steps=20, coarsest_size=48, device=DeviceChoice.CPU)
SEQUENCE = SequenceSettings(warm_steps=6, panorama=Panorama.ALWAYS, pass_count=1)


@pytest.fixture(scope="module")
def style(picture: Picture) -> np.ndarray:
    return picture(80, 60, Painting.KNIFE)


@pytest.fixture(scope="module")
def turning() -> list[SourceFrame]:
    """Three frames of a smooth scene all around, whose edges meet."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    angle = columns * (2.0 * np.pi / WIDTH)
    waves = [
        np.sin(2 * angle + rows / 9.0),
        np.cos(3 * angle - rows / 13.0),
        np.sin(5 * angle) * rows / HEIGHT,
    ]
    scene = (0.5 + 0.25 * np.stack(waves, axis=2)).astype(np.float32)
    return [SourceFrame(number, np.roll(scene, -TURN * number, axis=1)) for number in range(1, 4)]


def run(
    engine: StyleEngine, frames: list[SourceFrame], output: Path, settings: SequenceSettings = SEQUENCE
) -> list[np.ndarray]:
    result = SequenceDriver(engine, settings, output, RunCallbacks()).run(frames)
    return [read_image(each.path) for each in result.frames]


def step_over_the_edge(image: np.ndarray) -> float:
    """Mean difference, in levels of 255, between the last column and the first."""
    return float(255.0 * np.abs(image[:, 0] - image[:, -1]).mean())


def steps_inside(image: np.ndarray) -> np.ndarray:
    """(W - 1,): the same between each two neighboring columns."""
    return 255.0 * np.abs(np.diff(image, axis=1)).mean(axis=(0, 2))


def turned(frames: list[SourceFrame]) -> list[SourceFrame]:
    """The frames of a camera that looks the other way: their edges lie in the middle of the others."""
    return [replace(each, image=np.roll(each.image, WIDTH // 2, axis=1)) for each in frames]


def check_that_the_edges_meet(styled: list[np.ndarray], other_way: list[np.ndarray]) -> None:
    """The step over the edge is as large as that at the same place of the scene where no edge lies.

    A stroke may end there: then the step is large in both.
    """
    within = [steps_inside(image)[WIDTH // 2 - 1] for image in other_way]
    steps = [step_over_the_edge(image) for image in styled]
    for step, same_place, image in zip(steps, within, styled, strict=True):
        assert step <= max(steps_inside(image).max(), 1.2 * same_place)
    assert np.mean(np.divide(steps, within)) < 1.2
    assert np.mean(np.divide(steps, [steps_inside(image).mean() for image in styled])) < 1.2


@pytest.mark.parametrize("working_size", [0, 64], ids=["its own size", "upsampled"])
def test_the_edges_meet(
    style: np.ndarray, turning: list[SourceFrame], tmp_path: Path, working_size: int
) -> None:
    # Sharpened, the steps where strokes end grow by more than those inside of them, wherever they are.
    engine = StyleEngine(replace(STYLE, working_size=working_size, sharpening=0.0), style)
    styled = run(engine, turning, tmp_path)
    assert all(image.shape == frame.image.shape for image, frame in zip(styled, turning, strict=True))
    check_that_the_edges_meet(styled, run(engine, turned(turning), tmp_path / "turned"))
    torn = run(engine, turning, tmp_path / "off", replace(SEQUENCE, panorama=Panorama.NEVER))
    assert all(step_over_the_edge(image) > 1.5 * steps_inside(image).mean() for image in torn)


def test_sharpened_edges_meet(style: np.ndarray, turning: list[SourceFrame], tmp_path: Path) -> None:
    engine = StyleEngine(replace(STYLE, working_size=64), style)
    styled, other_way = run(engine, turning, tmp_path), run(engine, turned(turning), tmp_path / "turned")
    same_place = [steps_inside(image)[WIDTH // 2 - 1] for image in other_way]
    steps = [step_over_the_edge(image) for image in styled]
    assert np.mean(np.divide(steps, same_place)) < 1.1
    assert all(step <= steps_inside(image).max() for step, image in zip(steps, styled, strict=True))


def test_strokes_go_over_the_edge(style: np.ndarray, turning: list[SourceFrame], tmp_path: Path) -> None:
    styled = run(StyleEngine(STYLE, style), turning, tmp_path)
    for before, now in pairwise(styled):
        # The camera turns: what was at a column is TURN columns further left, and comes in on the right.
        error = np.square(now - np.roll(before, -TURN, axis=1)).mean(axis=(0, 2))
        near_the_edge = np.r_[0:TURN, WIDTH - 2 * TURN : WIDTH]
        assert error[near_the_edge].mean() < 2.0 * np.delete(error, near_the_edge).mean()


def test_a_resumed_run_and_further_passes_give_the_same(
    style: np.ndarray, turning: list[SourceFrame], tmp_path: Path
) -> None:
    settings, engine = replace(SEQUENCE, pass_count=2, debug=True), StyleEngine(STYLE, style)
    whole = run(engine, turning, tmp_path / "whole", settings)
    once = run(engine, turning, tmp_path / "once")
    run(engine, turning[:2], tmp_path / "parts")
    resumed = run(engine, turning, tmp_path / "parts")
    for first, second in zip(once, resumed, strict=True):
        np.testing.assert_array_equal(first, second)
    assert all(image.shape == (HEIGHT, WIDTH, 3) for image in whole)
    shown = [path for path in (tmp_path / "whole").rglob("*.png") if path.parent.name != "styled"]
    debug = [path for path in shown if path.name != "contact_sheet.png"]
    assert {image_size(path) for path in debug} == {(WIDTH, HEIGHT)}
    check_that_the_edges_meet(whole, run(engine, turned(turning), tmp_path / "turned", settings))


@pytest.mark.parametrize("pass_count", [1, 2])
def test_a_camera_that_looks_all_around_may_follow_one_that_does_not(
    style: np.ndarray, turning: list[SourceFrame], tmp_path: Path, pass_count: int
) -> None:
    frames: list[SourceFrame] = []
    for number in range(1, 6):
        passes = tmp_path / f"passes_{number:04d}.exr"
        passes.with_suffix(".json").write_text(json.dumps({"panorama": number in (3, 4)}))
        frames.append(replace(turning[0], number=number, passes=passes))
    settings = replace(SEQUENCE, panorama=Panorama.AUTO, motion=MotionSource.DIS, pass_count=pass_count)
    engine = StyleEngine(STYLE, style)
    styled = run(engine, frames, tmp_path / "whole", settings)
    assert [image.shape for image in styled] == [(HEIGHT, WIDTH, 3)] * 5
    # Each change of the camera is a cut; within a shot nothing moves, and nothing changes.
    for position, same in ((1, True), (2, False), (3, True), (4, False)):
        assert np.array_equal(styled[position], styled[position - 1]) == same
    run(engine, frames[:3], tmp_path / "parts", replace(settings, pass_count=1))
    resumed = run(engine, frames, tmp_path / "parts", replace(settings, pass_count=1))
    if pass_count == 1:
        for first, second in zip(styled, resumed, strict=True):
            np.testing.assert_array_equal(first, second)
