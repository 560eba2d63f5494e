"""Two eyes through the driver: coherent with each other and in time, resumed to the last byte, as a pair."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from tests.video.made_files.exr_files import vector_channels, write_exr, write_note
from tests.video.moving_pictures import waves
from video.driver.views_driver import ViewFrames, ViewsDriver
from video.errors import FrameError, JournalError, ProtocolError
from video.files.output_folder import KEPT_RESULTS, view_folder
from video.frames.sequence import SourceFrame
from video.frames.stereo import StereoFormat, StereoMode
from video.images.image_files import read_image
from video.movies.movie import movie_length
from video.paintings.painting import Painting
from video.results import FrameResult, RunCallbacks, SequenceResult
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]

HEIGHT, WIDTH, FRAMES = 48, 80, 3
# Pixels: by how much the right eye sees everything farther left; by how much all moves down with each frame.
DISPARITY, FALL = 4, 2
STYLE = StyleSettings(steps=24, coarsest_size=48, device=DeviceChoice.CPU)
SEQUENCE = SequenceSettings(warm_steps=8, pass_count=1, movie=False, contact_sheet=False)
EYES = ("_L", "_R")


@pytest.fixture(scope="module")
def style(picture: Picture) -> np.ndarray:
    return picture(80, 60, Painting.KNIFE)


@pytest.fixture(scope="module")
def engine(style: np.ndarray) -> StyleEngine:
    return StyleEngine(STYLE, style)


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, SourceFrame]]:
    """A wall that falls, seen by two orthographic eyes, with depth, vectors and cameras of both."""
    folder = tmp_path_factory.mktemp("eyes")
    return {eye: {number: _frame(folder, eye, number) for number in range(1, FRAMES + 1)} for eye in EYES}


def _frame(folder: Path, eye: str, number: int) -> SourceFrame:
    shift = -DISPARITY if eye == "_R" else 0
    passes = folder / f"passes_{number:04d}{eye}.exr"
    vector = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    # y up: the point was FALL rows higher in the frame before, and will be as much lower in the next.
    vector[..., 1] = vector[..., 3] = FALL
    depth = np.full((HEIGHT, WIDTH), 5.0, np.float32)
    write_exr(passes, vector_channels(vector) | {"ViewLayer.Depth.Z": depth})
    world, projection = np.eye(4), np.diag([2.0 / WIDTH, 2.0 / HEIGHT, -0.01, 1.0])
    # A unit is a pixel: the right eye stands so far to the right.
    world[0, 3] = DISPARITY if eye == "_R" else 0.0
    write_note(passes, camera="Camera", world=world.tolist(), projection=projection.tolist())
    return SourceFrame(number, waves(HEIGHT, WIDTH, shift, FALL * number), passes)


def run(
    engine: StyleEngine,
    eyes: dict[str, dict[int, SourceFrame]],
    output: Path,
    settings: SequenceSettings = SEQUENCE,
    *,
    stereo: StereoFormat | None = None,
    count: int = FRAMES,
    done: list[tuple[str, int]] | None = None,
    stop_after: int | None = None,
    restart: bool = False,
) -> SequenceResult:
    """Stylizes the views; `done` takes those that this run has made, `stop_after` so many it is cancelled."""
    made: list[tuple[str, int]] = [] if done is None else done

    def callbacks(eye: str) -> RunCallbacks:
        def frame_done(result: FrameResult) -> None:
            if not result.resumed:
                made.append((eye, result.number))

        return RunCallbacks(
            frame_done=frame_done, cancelled=lambda: stop_after is not None and len(made) >= stop_after
        )

    views = [
        ViewFrames(eye, [frames[n] for n in range(1, count + 1)], frames.__getitem__, callbacks(eye))
        for eye, frames in eyes.items()
    ]
    driver = ViewsDriver(engine, settings, output, total=count, stereo=stereo, restart=restart)
    return driver.run(views)


def styled(output: Path, eye: str, number: int) -> np.ndarray:
    return read_image(output / "styled" / f"styled_{number:04d}{eye}.png")


def between_eyes(left: np.ndarray, right: np.ndarray) -> float:
    """Mean squared difference of the two eyes where both see the wall, by the true disparity."""
    return float(np.square(left[:, DISPARITY:] - right[:, :-DISPARITY]).mean())


def files(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((output / "styled").iterdir())}


@pytest.fixture(scope="module")
def together(
    engine: StyleEngine, eyes: dict[str, dict[int, SourceFrame]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp("together")
    run(engine, eyes, output)
    return output


def test_the_eyes_agree_with_each_other_and_in_time(
    engine: StyleEngine, eyes: dict[str, dict[int, SourceFrame]], together: Path, tmp_path: Path
) -> None:
    for eye in EYES:
        run(engine, {eye: eyes[eye]}, tmp_path)
    for number in range(1, FRAMES + 1):
        pair, alone = (
            between_eyes(*(styled(folder, eye, number) for eye in EYES)) for folder in (together, tmp_path)
        )
        assert pair < alone / 10.0
    now, before = styled(together, "_R", 2), styled(together, "_R", 1)
    assert (
        np.square(now[FALL:] - before[:-FALL]).mean()
        < between_eyes(styled(tmp_path, "_L", 1), styled(tmp_path, "_R", 1)) / 10.0
    )


def test_the_first_eye_is_as_without_another(
    engine: StyleEngine, eyes: dict[str, dict[int, SourceFrame]], together: Path, tmp_path: Path
) -> None:
    run(engine, {"_L": eyes["_L"]}, tmp_path)
    assert files(tmp_path) == {name: data for name, data in files(together).items() if "_L" in name}


@pytest.mark.parametrize("stop_after", [1, 3, 4])
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(
    engine: StyleEngine,
    eyes: dict[str, dict[int, SourceFrame]],
    together: Path,
    tmp_path: Path,
    stop_after: int,
) -> None:
    assert run(engine, eyes, tmp_path, stop_after=stop_after).cancelled
    done: list[tuple[str, int]] = []
    assert not run(engine, eyes, tmp_path, done=done).cancelled
    assert len(done) <= 2 * FRAMES - stop_after
    assert files(tmp_path) == files(together)


def test_a_longer_run_goes_on(
    engine: StyleEngine, eyes: dict[str, dict[int, SourceFrame]], together: Path, tmp_path: Path
) -> None:
    run(engine, eyes, tmp_path, count=2)
    done: list[tuple[str, int]] = []
    run(engine, eyes, tmp_path, done=done)
    assert done == [("_L", 3), ("_R", 3)]
    assert files(tmp_path) == files(together)


def test_a_frame_of_the_second_eye_that_was_changed_is_made_again(
    engine: StyleEngine, eyes: dict[str, dict[int, SourceFrame]], together: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    shutil.copytree(together, output)
    (output / "styled" / "styled_0002_R.png").write_bytes(b"edited")
    # What the first eye has kept for the second is gone with the end of the run.
    shutil.rmtree(view_folder(output, "_L") / KEPT_RESULTS, ignore_errors=True)
    done: list[tuple[str, int]] = []
    run(engine, eyes, output, done=done)
    assert ("_R", 2) in done
    assert ("_R", 1) not in done
    assert files(output) == files(together)


def test_several_passes(engine: StyleEngine, eyes: dict[str, dict[int, SourceFrame]], tmp_path: Path) -> None:
    settings = replace(SEQUENCE, pass_count=2, warm_steps=4)
    run(engine, eyes, tmp_path / "whole", settings)
    assert run(engine, eyes, tmp_path / "stopped", settings, stop_after=FRAMES + 1).cancelled
    run(engine, eyes, tmp_path / "stopped", settings)
    assert files(tmp_path / "stopped") == files(tmp_path / "whole")
    for eye in EYES:
        run(engine, {eye: eyes[eye]}, tmp_path / "alone", settings)
    pair, alone = (
        between_eyes(*(styled(tmp_path / name, eye, 2) for eye in EYES)) for name in ("whole", "alone")
    )
    assert pair < alone / 10.0


def test_pairs_and_their_movie(
    engine: StyleEngine, eyes: dict[str, dict[int, SourceFrame]], tmp_path: Path
) -> None:
    settings = replace(SEQUENCE, movie=True)
    result = run(engine, eyes, tmp_path, settings, stereo=StereoFormat(StereoMode.SIDE_BY_SIDE))
    for number in range(1, FRAMES + 1):
        pair = read_image(tmp_path / "stereo" / f"stereo_{number:04d}.png")
        expected = np.concatenate([styled(tmp_path, eye, number) for eye in EYES], axis=1)
        np.testing.assert_array_equal(pair, expected)
    assert result.movie == tmp_path / "stereo.mp4"
    names = ("stereo.mp4", "styled_L.mp4", "styled_R.mp4")
    assert [movie_length(tmp_path / name) for name in names] == [FRAMES] * 3


def test_what_cannot_be_views_is_refused_before_anything_is_written(
    engine: StyleEngine, eyes: dict[str, dict[int, SourceFrame]], tmp_path: Path
) -> None:
    frames = eyes["_L"]
    for suffixes in (("_L", "_l"), ("", "_R"), ("../_L", "_R"), ("_L", "2"), ("_L", ".R"), ("_L", "a\nb")):
        views = [ViewFrames(each, frames.values(), frames.__getitem__, RunCallbacks()) for each in suffixes]
        with pytest.raises(ProtocolError):
            ViewsDriver(engine, SEQUENCE, tmp_path / "out").run(views)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_other_eyes_is_refused_before_the_first_frame(
    engine: StyleEngine, eyes: dict[str, dict[int, SourceFrame]], together: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    shutil.copytree(together, output)
    shutil.rmtree(view_folder(output, "_L"))
    shutil.rmtree(view_folder(output, "_R") / KEPT_RESULTS, ignore_errors=True)
    done: list[tuple[str, int]] = []
    other = replace(SEQUENCE, temporal_weight=2.0 * SEQUENCE.temporal_weight)
    with pytest.raises(JournalError):
        run(engine, eyes, output, other, done=done)
    assert done == []


def test_a_frame_that_the_first_eye_does_not_have_is_named(
    engine: StyleEngine, eyes: dict[str, dict[int, SourceFrame]], tmp_path: Path
) -> None:
    left = {1: eyes["_L"][1]}
    views = [
        ViewFrames("_L", left.values(), left.__getitem__, RunCallbacks()),
        ViewFrames("_R", eyes["_R"].values(), eyes["_R"].__getitem__, RunCallbacks()),
    ]
    with pytest.raises(FrameError) as error:
        ViewsDriver(engine, SEQUENCE, tmp_path).run(views)
    assert error.value.frame == 2
