"""Snapshots on disk: pictures, losses as CSV and JSON Lines, the strip; from the writer and the driver."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.progress import Snapshot
from compositor.settings import DeviceChoice, StyleSettings
from video.driver.sequence_driver import RunCallbacks, SequenceDriver
from video.frames.sequence import SourceFrame
from video.images.image_files import image_size, read_image
from video.reports.snapshots import PreviewFile, SequenceSnapshots, ShownPreview, SnapshotFolder
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]


def snapshot(step: int, width: int = 64) -> Snapshot:
    image = np.full((32, width, 3), step % 256 / 255.0, np.float32)
    return Snapshot(step, image, {"content": 1.0 / step, "total": 2.0 / step})


def test_files_are_complete_after_each_snapshot(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path / "snapshots")
    for step in (100, 200):
        folder.take(snapshot(step))
        with (tmp_path / "snapshots" / "losses.csv").open(newline="") as table:
            assert int(list(csv.DictReader(table))[-1]["step"]) == step
        lines = (tmp_path / "snapshots" / "losses.jsonl").read_text().splitlines()
        assert json.loads(lines[-1]) == {"step": step, "content": 1.0 / step, "total": 2.0 / step}
    folder.finish()
    assert sorted(path.name for path in (tmp_path / "snapshots").iterdir()) == [
        "losses.csv",
        "losses.jsonl",
        "step_00100.png",
        "step_00200.png",
        "strip.png",
    ]
    assert read_image(tmp_path / "snapshots" / "step_00200.png")[0, 0, 0] == pytest.approx(200 / 255.0)


@pytest.mark.parametrize(("count", "shown"), [(1, 1), (10, 10), (40, 10)])
def test_strip_shows_an_even_choice_from_the_first_to_the_last(
    tmp_path: Path, count: int, shown: int
) -> None:
    folder = SnapshotFolder(tmp_path)
    for step in range(5, 5 * count + 5, 5):
        folder.take(snapshot(step, width=160))
    folder.finish()
    strip = read_image(tmp_path / "strip.png")
    assert strip.shape[1] == shown * (160 + 8) + 8
    assert strip[-12, 9, 0] == pytest.approx(5 / 255.0)
    assert strip[-12, -12, 0] == pytest.approx(5 * count / 255.0)


def test_what_an_earlier_run_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("step_00900.png", "strip.png", "mine.png", "step_by_step.png"):
        (tmp_path / name).write_text("old")
    SnapshotFolder(tmp_path).take(snapshot(10))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "losses.csv",
        "losses.jsonl",
        "mine.png",
        "step_00010.png",
        "step_by_step.png",
    ]


def test_without_snapshots_there_is_no_folder(tmp_path: Path) -> None:
    SnapshotFolder(tmp_path / "a").finish()
    SequenceSnapshots(tmp_path / "b").finish(1)
    assert list(tmp_path.iterdir()) == []


def test_each_frame_of_a_sequence_has_a_folder(picture: Picture, tmp_path: Path) -> None:
    settings = StyleSettings(steps=4, coarsest_size=32, snapshot_every=2, device=DeviceChoice.CPU)
    engine = StyleEngine(settings, picture(48, 32))
    snapshots = SequenceSnapshots(tmp_path / "snapshots")
    callbacks = RunCallbacks(
        snapshot=snapshots.take, frame_done=lambda result: snapshots.finish(result.number)
    )
    sequence = SequenceSettings(warm_steps=2, movie=False, contact_sheet=False)
    wide = picture(48, 32)
    frames = [SourceFrame(number, wide[:, number + 3 : number + 43]) for number in (-1, 0)]
    SequenceDriver(engine, sequence, tmp_path, callbacks).run(frames)
    listed = {
        path.name: sorted(each.name for each in path.glob("s*"))
        for path in (tmp_path / "snapshots").iterdir()
    }
    assert listed == {
        "frame_-0001": ["step_00002.png", "step_00004.png", "strip.png"],
        "frame_0000": ["step_00002.png", "strip.png"],
    }
    assert image_size(tmp_path / "snapshots" / "frame_0000" / "step_00002.png") == (40, 32)
    with (tmp_path / "snapshots" / "frame_0000" / "losses.csv").open(newline="") as table:
        assert next(csv.reader(table))[0] == "step"


def test_a_preview_is_one_file_that_is_not_written_too_often(tmp_path: Path) -> None:
    shown: list[ShownPreview] = []
    often = PreviewFile(tmp_path, shown.append, pause=0.0)
    often.show(7, snapshot(100))
    often.show(7, snapshot(200))
    assert [(each.number, each.step) for each in shown] == [(7, 100), (7, 200)]
    assert {each.path for each in shown} == {tmp_path / "preview.png"}
    assert read_image(tmp_path / "preview.png")[0, 0, 0] == pytest.approx(200 / 255.0)
    seldom = PreviewFile(tmp_path, shown.append, pause=3600.0)
    seldom.show(8, snapshot(100))
    seldom.show(8, snapshot(200))
    assert len(shown) == 3
