"""Views whose pictures have changed: what was finished of both is put aside, and the run begins once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from tests.video.moving_pictures import waves
from video.driver.views_driver import ViewFrames, ViewsDriver
from video.errors import ChangedFrameError
from video.frames.sequence import SourceFrame
from video.frames.stereo import StereoFormat, StereoMode
from video.paintings.painting import Painting
from video.results import FrameResult, RunCallbacks
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]
Frames = dict[str, list[SourceFrame]]

STYLE = StyleSettings(steps=2, coarsest_size=32, device=DeviceChoice.CPU)
SEQUENCE = SequenceSettings(warm_steps=1)
EYES = ("_L", "_R")
COUNT = 3


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    return StyleEngine(STYLE, picture(48, 32, Painting.KNIFE))


@pytest.fixture(scope="module")
def frames() -> Frames:
    return {
        eye: [SourceFrame(number, waves(32, 48, shift, 2 * number)) for number in range(1, COUNT + 1)]
        for eye, shift in (("_L", 0), ("_R", -2))
    }


def changed(frames: Frames, eye: str, number: int) -> Frames:
    other = list(frames[eye])
    other[number - 1] = replace(other[number - 1], image=1.0 - other[number - 1].image)
    return frames | {eye: other}


def attempt(
    engine: StyleEngine,
    frames: Frames,
    output: Path,
    settings: SequenceSettings = SEQUENCE,
    *,
    put_aside: bool = True,
) -> tuple[list[tuple[str, int]], list[str]]:
    """Stylizes the views; what was made, by eye and number, and the warnings."""
    made: list[tuple[str, int]] = []
    warnings: list[str] = []

    def view(eye: str) -> ViewFrames:
        def frame_done(result: FrameResult) -> None:
            if not result.resumed:
                made.append((eye, result.number))

        callbacks = RunCallbacks(frame_done=frame_done, warning=warnings.append)
        by_number = {frame.number: frame for frame in frames[eye]}
        return ViewFrames(eye, frames[eye], by_number.__getitem__, callbacks)

    stereo = StereoFormat(StereoMode.SIDE_BY_SIDE)
    driver = ViewsDriver(engine, settings, output, total=COUNT, put_aside=put_aside, stereo=stereo)
    try:
        driver.run([view(eye) for eye in EYES])
    except ChangedFrameError as error:
        warnings.append(f"changed: {error}")
    return made, warnings


def until_done(
    engine: StyleEngine, frames: Frames, output: Path, settings: SequenceSettings = SEQUENCE
) -> list[tuple[str, int]]:
    """Stylizes the views, as often as the engine process does; what was made by the last attempt."""
    for _ in range(3):
        made, warnings = attempt(engine, frames, output, settings)
        if not any(warning.startswith("changed: ") for warning in warnings):
            return made
    raise AssertionError("the frames change with every attempt")


def results(folder: Path) -> dict[str, bytes]:
    """Styled frames and pairs by their names."""
    pictures = [path for name in ("styled", "stereo") for path in (folder / name).glob("*.png")]
    return {path.name: path.read_bytes() for path in sorted(pictures)}


def aside(output: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for folder in sorted((output / "styled.old").iterdir()):
        again = results(folder)
        assert not set(found) & set(again), "nothing is put aside twice"
        assert (folder / "journal.json").is_file()
        found |= again
    return found


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("eye", EYES)
def test_the_frames_from_the_changed_one_on(
    engine: StyleEngine, frames: Frames, tmp_path: Path, eye: str, passes: int
) -> None:
    settings = replace(SEQUENCE, pass_count=passes)
    output = tmp_path / "out"
    until_done(engine, frames, output, settings)
    before = results(output)
    other = changed(frames, eye, 2)
    until_done(engine, other, output, settings)
    until_done(engine, other, tmp_path / "fresh", settings)
    assert results(output) == results(tmp_path / "fresh")
    # What several passes have made of a frame depends on all; what the second eye shows on the first one.
    first, eyes = (2 if passes == 1 else 1), ("_L", "_R") if eye == "_L" else ("_R",)
    names = [f"styled_{number:04d}{each}.png" for number in range(first, COUNT + 1) for each in eyes]
    names += [f"stereo_{number:04d}.png" for number in range(first, COUNT + 1)]
    assert aside(output) == {name: before[name] for name in sorted(names)}


def test_no_frame_of_the_first_eye_is_made_twice(engine: StyleEngine, frames: Frames, tmp_path: Path) -> None:
    until_done(engine, frames, tmp_path)
    made, warnings = attempt(engine, changed(frames, "_L", 2), tmp_path)
    assert made == []
    assert sum("put aside" in warning for warning in warnings) == 2, "of each eye"
    made, warnings = attempt(engine, changed(frames, "_L", 2), tmp_path)
    assert made == [("_L", 2), ("_L", 3), ("_R", 2), ("_R", 3)]


def test_they_are_refused_where_nothing_is_put_aside(
    engine: StyleEngine, frames: Frames, tmp_path: Path
) -> None:
    until_done(engine, frames, tmp_path)
    before = results(tmp_path)
    for _ in range(2):
        made, warnings = attempt(engine, changed(frames, "_R", 2), tmp_path, put_aside=False)
        assert warnings[-1].startswith("changed: ")
        assert ("_R", 2) not in made
    assert {name: data for name, data in results(tmp_path).items() if name in before} == before
    assert not (tmp_path / "styled.old").exists()


def test_a_run_that_was_killed_between_the_eyes_is_followed_by_one_that_ends_it(
    engine: StyleEngine, frames: Frames, tmp_path: Path
) -> None:
    """The first eye's frames are aside by then, the second one's are not."""
    output = tmp_path / "out"
    until_done(engine, frames, output)
    before = results(output)
    other = changed(frames, "_L", 2)
    left = ViewFrames("_L", other["_L"], other["_L"].__getitem__, RunCallbacks())
    with pytest.raises(ChangedFrameError):
        ViewsDriver(engine, SEQUENCE, output, total=COUNT, put_aside=True).run([left])
    until_done(engine, other, output)
    until_done(engine, other, tmp_path / "fresh")
    assert results(output) == results(tmp_path / "fresh")
    names = [f"styled_{number:04d}{eye}.png" for number in (2, 3) for eye in EYES]
    assert {name: data for name, data in aside(output).items() if name in names} == {
        name: before[name] for name in names
    }
