"""Shots that are found without stylizing anything: those at which a run begins anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from tests.video.killed_runs import CUT, HEIGHT, WIDTH, frames
from video.driver.sequence_driver import SequenceDriver
from video.errors import SequenceError
from video.farm.shots import detect_shots, parse_shots
from video.paintings.painting import Painting, paint
from video.resume.journal_file import read_journal
from video.settings import MotionSource, SequenceSettings

STYLE = StyleSettings(steps=1, coarsest_size=32, device=DeviceChoice.CPU, local_weight=0.0)


@pytest.mark.parametrize(
    "changes", [{}, {"follow_light": False}, {"motion": MotionSource.FARNEBACK}], ids=str
)
def test_the_cut_is_found(changes: dict[str, Any]) -> None:
    done: list[int] = []
    found = detect_shots(frames(False), STYLE, SequenceSettings(**changes), "cpu", done.append)
    assert found == [1, CUT]
    assert done == list(range(1, 13))


def test_without_motion_the_light_tells_the_shots_and_without_both_each_frame_is_one() -> None:
    alone = SequenceSettings(motion=MotionSource.NONE)
    assert detect_shots(frames(False), STYLE, alone, "cpu") == [1, CUT]
    alone = SequenceSettings(motion=MotionSource.NONE, follow_light=False)
    assert detect_shots(frames(False), STYLE, alone, "cpu") == list(range(1, 13))


def test_they_are_those_of_a_run(tmp_path: Path) -> None:
    settings = SequenceSettings(warm_steps=1, movie=False, contact_sheet=False)
    engine = StyleEngine(STYLE, paint(Painting.SWIRLS, WIDTH, HEIGHT))
    SequenceDriver(engine, settings, tmp_path).run(frames(False))
    entries = read_journal(tmp_path / "journal.json").entries
    assert detect_shots(frames(False), STYLE, settings, "cpu") == [
        entry.frame for entry in entries if entry.begins_shot
    ]


def test_shots_that_are_named() -> None:
    assert parse_shots("97, 1,49,1") == [1, 49, 97]
    with pytest.raises(SequenceError):
        parse_shots("1-49")
