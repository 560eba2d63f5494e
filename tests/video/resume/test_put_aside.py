"""What earlier runs have finished is put aside: no folder mixes two runs, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from video.driver.sequence_driver import SequenceDriver
from video.errors import ChangedFrameError, FileError
from video.frames.sequence import SourceFrame
from video.paintings.painting import Painting
from video.results import RunCallbacks, SequenceResult
from video.resume.put_aside import put_aside
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]
STYLE = StyleSettings(steps=2, coarsest_size=32, device=DeviceChoice.CPU)
SEQUENCE = SequenceSettings(warm_steps=1)


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    return StyleEngine(STYLE, picture(48, 32, Painting.KNIFE))


@pytest.fixture(scope="module")
def other_engine(picture: Picture) -> StyleEngine:
    return StyleEngine(replace(STYLE, strength=0.5), picture(48, 32, Painting.KNIFE))


@pytest.fixture(scope="module")
def pan(picture: Picture) -> list[SourceFrame]:
    wide = picture(80, 32)
    return [SourceFrame(number, wide[:, 2 * number : 2 * number + 48].copy()) for number in range(1, 5)]


def run(
    engine: StyleEngine,
    frames: list[SourceFrame],
    output: Path,
    settings: SequenceSettings = SEQUENCE,
    *,
    restart: bool = False,
    warnings: list[str] | None = None,
) -> SequenceResult:
    callbacks = RunCallbacks() if warnings is None else RunCallbacks(warning=warnings.append)
    return SequenceDriver(engine, settings, output, callbacks, restart=restart, put_aside=True).run(frames)


def styled(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "styled").iterdir())}


def test_a_run_of_other_settings_finds_an_empty_folder_and_the_old_run_is_whole_elsewhere(
    engine: StyleEngine, other_engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    run(engine, pan, tmp_path / "out")
    (tmp_path / "out" / "composited").mkdir()
    (tmp_path / "out" / "composited" / "composited_0001.png").write_bytes(b"composited")
    before, movie = styled(tmp_path / "out"), (tmp_path / "out" / "styled.mp4").read_bytes()
    warnings: list[str] = []
    result = run(other_engine, pan[:2], tmp_path / "out", warnings=warnings)
    run(other_engine, pan[:2], tmp_path / "fresh")
    assert not any(each.resumed for each in result.frames)
    assert styled(tmp_path / "out") == styled(tmp_path / "fresh"), "no frame of the old run is left"
    old = tmp_path / "out" / "styled.old" / "0001"
    assert styled(old) == before
    assert (old / "styled.mp4").read_bytes() == movie
    assert (old / "composited" / "composited_0001.png").read_bytes() == b"composited"
    assert json.loads((old / "journal.json").read_text())["run"]["strength"] == 1.0
    assert len(warnings) == 1
    assert str(old) in warnings[0]


def test_each_run_that_is_put_aside_has_a_folder_of_its_own(
    engine: StyleEngine, other_engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    runs = []
    for each in (engine, other_engine, engine):
        run(each, pan[:1], tmp_path)
        runs.append(styled(tmp_path))
    assert [styled(tmp_path / "styled.old" / name) for name in ("0001", "0002")] == runs[:2]
    assert run(engine, pan[:1], tmp_path).frames[0].resumed, "the same settings go on"
    assert len(list((tmp_path / "styled.old").iterdir())) == 2
    assert not run(engine, pan[:1], tmp_path, restart=True).frames[0].resumed
    assert styled(tmp_path / "styled.old" / "0003") == runs[2]


@pytest.mark.parametrize("passes", [1, 2])
def test_frames_from_the_first_changed_one_on_are_put_aside(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path, passes: int
) -> None:
    settings = replace(SEQUENCE, pass_count=passes)
    run(engine, pan, tmp_path / "out", settings)
    before = styled(tmp_path / "out")
    changed = [*pan[:2], replace(pan[2], image=1.0 - pan[2].image), pan[3]]
    with pytest.raises(ChangedFrameError):
        run(engine, changed, tmp_path / "out", settings)
    result = run(engine, changed, tmp_path / "out", settings)
    run(engine, changed, tmp_path / "fresh", settings)
    assert styled(tmp_path / "out") == styled(tmp_path / "fresh")
    # What several passes have made of a frame depends on all frames.
    kept = 2 if passes == 1 else 0
    assert [each.resumed for each in result.frames] == [True] * kept + [False] * (4 - kept)
    aside = styled(tmp_path / "out" / "styled.old" / "0001")
    assert aside == {name: before[name] for name in sorted(before)[kept:]}


def test_a_run_that_was_killed_while_it_put_frames_aside_is_followed_by_one_that_ends_it(
    engine: StyleEngine, other_engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    run(engine, pan[:3], tmp_path / "out")
    before = styled(tmp_path / "out")
    put_aside(tmp_path / "out", [1, 2])  # and here it was killed: the journal names frames that have gone
    run(other_engine, pan[:1], tmp_path / "out")
    run(other_engine, pan[:1], tmp_path / "fresh")
    assert styled(tmp_path / "out") == styled(tmp_path / "fresh")
    old = tmp_path / "out" / "styled.old"
    assert styled(old / "0001") | styled(old / "0002") == before


def test_without_results_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    assert put_aside(tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_that_cannot_be_made_is_named_and_nothing_is_moved(tmp_path: Path) -> None:
    (tmp_path / "styled").mkdir()
    (tmp_path / "styled" / "styled_-0001.png").write_bytes(b"frame")
    (tmp_path / "styled.old").touch()
    with pytest.raises(FileError, match=r"styled\.old"):
        put_aside(tmp_path, [-1])
    assert (tmp_path / "styled" / "styled_-0001.png").read_bytes() == b"frame"
