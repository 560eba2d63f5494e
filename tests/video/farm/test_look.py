"""The look of a run: machines of another kind, other settings and other versions do not mix."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compositor.settings import DeviceChoice, Precision, StyleSettings, WorkingDetail
from compositor.stylization.style_library import Style
from video.errors import FileError, JournalError
from video.farm.look import FarmLook, MixedLookError, Timeline, join_look, look_here, read_look
from video.settings import MovieCodec, SequenceSettings

CPU = StyleSettings(device=DeviceChoice.CPU, precision=Precision.FLOAT32)


def look(
    style: StyleSettings = CPU, sequence: SequenceSettings | None = None, shade: float = 0.5
) -> FarmLook:
    styles = [Style(np.full((8, 8, 3), shade, np.float32))]
    return look_here((style, sequence or SequenceSettings()), styles, {".blend": "1234"})


def other_machine(known: FarmLook, **machine: str) -> FarmLook:
    return replace(known, machine={**known.machine, **machine})


def refused(error: str) -> None:
    raise AssertionError(error)


def test_the_first_chunk_writes_it_and_the_others_join(tmp_path: Path) -> None:
    made = replace(look(), timeline=Timeline(1, 48, 1, [1, 25], 24.0))
    join_look(tmp_path, made, warning=refused)
    assert made.machine == {"device class": "cpu", "precision": "float32"}
    assert read_look(tmp_path) == made
    before = (tmp_path / "farm.json").read_bytes()
    join_look(tmp_path, made, warning=refused)
    assert (tmp_path / "farm.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["farm.json"]


SAME: dict[str, Any] = {
    "precision that comes to the same": lambda: look(
        StyleSettings(device=DeviceChoice.CPU, precision=Precision.AUTO)
    ),
    "another movie": lambda: look(sequence=SequenceSettings(movie_codec=MovieCodec.FFV1)),
}


@pytest.mark.parametrize("name", SAME)
def test_what_changes_no_frame_is_no_other_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("compositor.hardware.precision._bfloat16_pays", lambda device: False)
    join_look(tmp_path, look(), warning=refused)
    join_look(tmp_path, SAME[name](), warning=refused)


OTHERS: dict[str, tuple[Any, str]] = {
    "style weight": (lambda: look(replace(CPU, style_weight=1.0)), "style_weight was"),
    "picture": (lambda: look(shade=0.6), "picture of style 1"),
    "temporal weight": (lambda: look(sequence=SequenceSettings(temporal_weight=1.0)), "temporal_weight was"),
    "working detail": (lambda: look(replace(CPU, working_detail=WorkingDetail.DRAFT)), "working_detail was"),
    ".blend": (
        lambda: look_here(
            (CPU, SequenceSettings()), [Style(np.full((8, 8, 3), 0.5, np.float32))], {".blend": "5"}
        ),
        "source .blend",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("allow_mixed", [False, True])
def test_another_run_is_refused_whatever_is_allowed(tmp_path: Path, name: str, allow_mixed: bool) -> None:
    join_look(tmp_path, look(), warning=refused)
    other, words = OTHERS[name]
    with pytest.raises(JournalError, match=words) as caught:
        join_look(tmp_path, other(), allow_mixed=allow_mixed, warning=refused)
    assert not isinstance(caught.value, MixedLookError)


@pytest.mark.parametrize(
    ("name", "value"), [("device class", "cuda"), ("precision", "bfloat16"), ("algorithm version", "99")]
)
def test_another_machine_is_refused_or_told(tmp_path: Path, name: str, value: str) -> None:
    join_look(tmp_path, look(), warning=refused)
    other = look()
    if name == "algorithm version":
        other = replace(other, identity={**other.identity, name: int(value)})
    else:
        other = other_machine(other, **{name: value})
    with pytest.raises(MixedLookError, match=f"{name} was .*, is {value}"):
        join_look(tmp_path, other, warning=refused)
    told: list[str] = []
    join_look(tmp_path, other, allow_mixed=True, warning=told.append)
    assert len(told) == 1
    assert value in told[0]


def test_the_folder_of_one_machines_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.json").write_text("{}")
    with pytest.raises(JournalError, match="run of one machine"):
        join_look(tmp_path, look(), warning=refused)
    assert not (tmp_path / "farm.json").exists()


def test_of_two_first_chunks_one_is_refused(tmp_path: Path) -> None:
    both = [look(shade=shade) for shade in (0.2, 0.7)]
    for attempt in range(20):
        output = tmp_path / str(attempt)
        output.mkdir()
        with ThreadPoolExecutor(2) as threads:
            joined = [threads.submit(join_look, output, made, warning=refused) for made in both]
        errors = [error for each in joined if (error := each.exception()) is not None]
        assert [type(error) for error in errors] == [JournalError]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 2}', '{"identity": 3}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "farm.json").write_text(text)
    with pytest.raises(FileError, match=r"farm\.json"):
        read_look(tmp_path)


def test_a_file_of_another_format_is_named(tmp_path: Path) -> None:
    join_look(tmp_path, look(), warning=refused)
    values = json.loads((tmp_path / "farm.json").read_text())
    (tmp_path / "farm.json").write_text(json.dumps(values | {"format": 99}))
    with pytest.raises(FileError, match="format 99"):
        read_look(tmp_path)


TIMELINES: dict[str, dict[str, Any]] = {
    "step": {"step": 0},
    "backwards": {"last": 0},
    "endless": {"last": 1 << 52},
    "before all": {"first": -(1 << 52)},
    "rate": {"frame_rate": -1.0},
}


@pytest.mark.parametrize("name", TIMELINES)
def test_a_timeline_that_no_scene_has_is_refused(tmp_path: Path, name: str) -> None:
    timeline = {"first": 1, "last": 48, "step": 1, "shots": [1], "frame_rate": 24.0}
    join_look(tmp_path, look(), warning=refused)
    path = tmp_path / "farm.json"
    values = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(values | {"timeline": timeline}), "utf-8")
    assert read_look(tmp_path).timeline is not None
    path.write_text(json.dumps(values | {"timeline": timeline | TIMELINES[name]}), "utf-8")
    with pytest.raises(FileError, match=r"farm\.json"):
        read_look(tmp_path)
