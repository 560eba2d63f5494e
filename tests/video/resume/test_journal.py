"""What the journal refuses, what it takes for done, and what the next run clears up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import Color, DeviceChoice, StyleSettings
from compositor.stylization.style_library import Style
from video.driver.sequence_driver import SequenceDriver
from video.errors import BEGIN_ANEW, FileError, JournalError
from video.files.folder_lock import folder_locked
from video.files.leftovers import remove_leftovers
from video.frames import metadata
from video.frames.sequence import SourceFrame
from video.paintings.painting import Painting
from video.results import FrameResult, RunCallbacks
from video.resume import fingerprint
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]
STYLE = StyleSettings(steps=2, coarsest_size=32, device=DeviceChoice.CPU)
SEQUENCE = SequenceSettings(warm_steps=1, movie=False, contact_sheet=False)


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    return StyleEngine(STYLE, picture(48, 32, Painting.KNIFE))


@pytest.fixture(scope="module")
def pan(picture: Picture) -> list[SourceFrame]:
    wide = picture(80, 32)
    return [SourceFrame(number, wide[:, 2 * number : 2 * number + 48].copy()) for number in range(1, 6)]


@pytest.fixture(scope="module")
def whole(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    output = tmp_path_factory.mktemp("whole")
    run(engine, pan, output)
    return styled(output)


def run(
    engine: StyleEngine,
    frames: list[SourceFrame],
    output: Path,
    settings: SequenceSettings = SEQUENCE,
    **options: Any,
) -> list[FrameResult]:
    return SequenceDriver(engine, settings, output, **options).run(frames).frames


def styled(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (output / "styled").iterdir()}


def test_a_finished_run_is_not_done_again(
    engine: StyleEngine, pan: list[SourceFrame], whole: dict[str, bytes], tmp_path: Path
) -> None:
    first = run(engine, pan, tmp_path)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "styled").iterdir()}
    again = run(engine, pan, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "styled").iterdir()} == times
    assert [replace(each, resumed=False) for each in again] == first
    assert all(each.resumed for each in again)
    assert styled(tmp_path) == whole


def test_a_longer_run_goes_on_behind_a_shorter_one(
    engine: StyleEngine, pan: list[SourceFrame], whole: dict[str, bytes], tmp_path: Path
) -> None:
    run(engine, pan[:3], tmp_path, total=3)
    assert [each.resumed for each in run(engine, pan, tmp_path)] == [True] * 3 + [False] * 2
    assert styled(tmp_path) == whole


def test_a_frame_that_was_removed_is_made_again(
    engine: StyleEngine, pan: list[SourceFrame], whole: dict[str, bytes], tmp_path: Path
) -> None:
    run(engine, pan, tmp_path)
    (tmp_path / "styled" / "styled_0003.png").unlink()
    (tmp_path / "styled" / "styled_0005.png").write_bytes(b"")
    told: list[str] = []
    callbacks = RunCallbacks(warning=told.append)
    assert [each.resumed for each in run(engine, pan, tmp_path, callbacks=callbacks)] == [True] * 2 + [
        False
    ] * 3
    assert "frame 3 and the ones after it are stylized again" in told[0]
    assert styled(tmp_path) == whole


def test_lost_working_files_cost_time_and_nothing_else(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path, picture: Picture
) -> None:
    half = StyleEngine(replace(STYLE, strength=0.5), picture(48, 32, Painting.KNIFE))
    run(half, pan, tmp_path / "whole")
    run(half, pan[:3], tmp_path / "out")
    kept = sorted((tmp_path / "out" / ".journal").iterdir())
    assert len(kept) == 3, "what a longer run would start from"
    kept[1].write_bytes(kept[1].read_bytes()[:100])
    again = run(half, pan, tmp_path / "out", total=5)
    assert [each.resumed for each in again] == [True, False, False, False, False]
    assert styled(tmp_path / "out") == styled(tmp_path / "whole")


def test_a_complete_run_is_lengthened_from_its_last_frames(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path, picture: Picture
) -> None:
    """Also where the styled files are not what the next frame starts from."""
    half = StyleEngine(replace(STYLE, strength=0.5), picture(48, 32, Painting.KNIFE))
    run(half, pan, tmp_path / "whole")
    run(half, pan[:4], tmp_path / "out", total=4)
    assert [each.resumed for each in run(half, pan, tmp_path / "out", total=5)] == [True] * 4 + [False]
    assert styled(tmp_path / "out") == styled(tmp_path / "whole")


CHANGES: dict[str, tuple[StyleSettings, SequenceSettings]] = {
    "steps was 2, is 3": (replace(STYLE, steps=3), SEQUENCE),
    "color was style, is luminance": (replace(STYLE, color=Color.LUMINANCE), SEQUENCE),
    "other style_layers": (replace(STYLE, style_layers=("relu1_1",)), SEQUENCE),
    "warm_steps was 1, is 2": (STYLE, replace(SEQUENCE, warm_steps=2)),
    "pass_count was 1, is 3": (STYLE, replace(SEQUENCE, pass_count=3)),
}


@pytest.mark.parametrize("words", CHANGES)
def test_other_settings_are_refused_and_named(
    engine: StyleEngine, pan: list[SourceFrame], picture: Picture, tmp_path: Path, words: str
) -> None:
    run(engine, pan[:1], tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    style, sequence = CHANGES[words]
    other = StyleEngine(style, picture(48, 32, Painting.KNIFE))
    with pytest.raises(JournalError) as caught:
        run(other, pan, tmp_path, sequence)
    assert words in str(caught.value)
    assert str(caught.value).endswith(BEGIN_ANEW)
    assert len(str(caught.value).splitlines()) == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before
    assert not any(each.resumed for each in run(other, pan[:1], tmp_path, sequence, restart=True))


def test_a_caller_that_knows_no_source_resumes_and_one_that_does_needs_the_same(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    run(engine, pan[:1], tmp_path, source={"scene": "a.blend"})
    assert [each.resumed for each in run(engine, pan[:2], tmp_path)] == [True, False]
    # From here on nothing is known of the source of all frames.
    with pytest.raises(JournalError, match="source scene"):
        run(engine, pan[:2], tmp_path, source={"scene": "a.blend"})


def test_other_styles_frames_and_sources_are_refused(
    engine: StyleEngine, pan: list[SourceFrame], picture: Picture, tmp_path: Path
) -> None:
    run(engine, pan[:2], tmp_path, source={"scene": "a.blend"})
    other = StyleEngine(STYLE, picture(48, 32, Painting.SWIRLS))
    with pytest.raises(JournalError, match="other picture of style 1"):
        run(other, pan, tmp_path, source={"scene": "a.blend"})
    with pytest.raises(JournalError, match=r"source scene was a\.blend, is b\.blend"):
        run(engine, pan, tmp_path, source={"scene": "b.blend"})
    with pytest.raises(JournalError, match="source file"):
        run(engine, pan, tmp_path, source={"scene": "a.blend", "file": "c.blend"})
    with pytest.raises(JournalError, match="frame 1 where frame 2 comes now"):
        run(engine, pan[1:], tmp_path, source={"scene": "a.blend"})
    brighter = [replace(frame, image=np.clip(frame.image + 0.01, 0.0, 1.0)) for frame in pan]
    with pytest.raises(JournalError, match="frame 2: its picture changed since"):
        run(engine, [pan[0], brighter[1]], tmp_path, source={"scene": "a.blend"})
    kept = [replace(frame, keep=np.ones(frame.image.shape[:2], np.float32)) for frame in brighter]
    with pytest.raises(JournalError, match="frame 2: its picture and masks changed since"):
        run(engine, [pan[0], kept[1]], tmp_path, source={"scene": "a.blend"})


def test_what_differs_in_the_styles_is_named(
    pan: list[SourceFrame], picture: Picture, tmp_path: Path
) -> None:
    dabs, knife = Style(picture(48, 32, Painting.DABS)), Style(picture(48, 32, Painting.KNIFE))
    run(StyleEngine(STYLE, [dabs, knife]), pan[:1], tmp_path)
    for styles, words in (
        ([dabs, replace(knife, weight=0.5)], "weight of style 2 was 1.0, is 0.5"),
        ([dabs, dabs], "other picture of style 2"),
        ([knife, dabs], "other picture of style 1; other picture of style 2"),
        ([dabs], "other picture of style 2; other weight of style 2"),
    ):
        with pytest.raises(JournalError, match=re.escape(f"({words})")):
            run(StyleEngine(STYLE, styles), pan, tmp_path)


def test_another_package_version_resumes(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(engine, pan[:2], tmp_path)
    monkeypatch.setattr(metadata, "version", lambda package: "99.0.1")
    assert metadata.package_version() == "99.0.1"
    assert [each.resumed for each in run(engine, pan[:3], tmp_path)] == [True, True, False]


def test_another_algorithm_version_is_refused_and_named(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(engine, pan[:2], tmp_path)
    now = fingerprint.ALGORITHM_VERSION
    monkeypatch.setattr(fingerprint, "ALGORITHM_VERSION", now + 1)
    with pytest.raises(JournalError, match=f"algorithm version was {now}, is {now + 1}"):
        run(engine, pan[:3], tmp_path)


def test_a_journal_from_before_frames_had_a_light_is_refused_by_its_version(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    run(engine, pan[:2], tmp_path)
    values = json.loads((tmp_path / "journal.json").read_text())
    values["run"]["algorithm version"] = 1
    for entry in values["frames"]:
        del entry["light"]
    (tmp_path / "journal.json").write_text(json.dumps(values))
    with pytest.raises(JournalError, match="algorithm version was 1"):
        run(engine, pan[:3], tmp_path)


def test_what_changes_no_pixel_may_change(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    run(engine, pan[:2], tmp_path)
    again = run(engine, pan[:2], tmp_path, replace(SEQUENCE, contact_sheet=True, frame_rate=30.0))
    assert all(each.resumed for each in again)
    assert (tmp_path / "contact_sheet.png").is_file()


def test_begun_anew_old_frames_stay_until_they_are_replaced(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    run(engine, pan, tmp_path)
    stop = RunCallbacks()
    stop.frame_done = lambda result: setattr(stop, "cancelled", lambda: True)
    run(engine, pan, tmp_path, restart=True, callbacks=stop)
    assert len(styled(tmp_path)) == len(pan)
    assert len(json.loads((tmp_path / "journal.json").read_text())["frames"]) == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"journal": 99}', '{"journal": 2, "run": {}, "frames": 3}']
)
def test_a_file_that_is_no_journal_is_never_overwritten(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path, text: str
) -> None:
    (tmp_path / "journal.json").write_text(text)
    with pytest.raises(JournalError, match="no journal that can be read"):
        run(engine, pan, tmp_path)
    assert (tmp_path / "journal.json").read_text() == text


def test_unfinished_files_of_killed_runs_are_removed_and_no_others(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    gone = [
        f".journal.json.{ended.pid}.tmp",
        f"styled/.styled_0001.png.{ended.pid}.tmp",
        f"content/.content_0001.{ended.pid}.tmp.png",
        f"passes/.passes_0001.{ended.pid}.tmp.exr",
        f"snapshots/frame_0001/.step_00001.png.{ended.pid}.tmp",
        f".journal/.optimized_00_000001.npy.{ended.pid}.tmp",
        # Nobody else writes here while the lock is held: the number is that of another process by now.
        f"styled/.styled_0002.png.{running.pid}.tmp",
        f"content/.content_0004.{10**30}.tmp.png",
    ]
    kept = [
        "styled/styled_0001.png",
        "styled/.hidden",
        "styled/notes.tmp",
        f"content/.content_0002.{os.getpid()}.tmp.png",
        # Of another Blender that captures frames.
        f"content/.content_0003.{running.pid}.tmp.png",
        f"passes/.passes_0003.{running.pid}.tmp.exr",
        f"elsewhere/.styled_0001.png.{ended.pid}.tmp",
    ]
    for name in (*gone, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    remove_leftovers(tmp_path)
    running.communicate()
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == sorted(kept)


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    waits: list[str] = []
    with (
        folder_locked(tmp_path),
        pytest.raises(FileError, match="another run is at work"),
        folder_locked(tmp_path, waits.append, patience=0.3),
    ):
        pass
    assert len(waits) == 1
    with folder_locked(tmp_path, waits.append):
        pass
    assert len(waits) == 1
    assert not list(tmp_path.iterdir())
