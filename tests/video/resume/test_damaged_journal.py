"""A damaged or forged journal is refused in one line, or does no harm; nothing raises anything else."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from video.driver.sequence_driver import SequenceDriver
from video.errors import FileError, JournalError
from video.frames.sequence import SourceFrame
from video.paintings.painting import Painting
from video.resume.journal_file import FORMAT, read_journal
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]
SEQUENCE = SequenceSettings(warm_steps=1, movie=False, contact_sheet=False)
FRAMES = 3


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    settings = StyleSettings(steps=2, coarsest_size=32, device=DeviceChoice.CPU, strength=0.5)
    return StyleEngine(settings, picture(48, 32, Painting.KNIFE))


@pytest.fixture(scope="module")
def pan(picture: Picture) -> list[SourceFrame]:
    wide = picture(80, 32)
    return [
        SourceFrame(number, wide[:, 2 * number : 2 * number + 48].copy()) for number in range(1, FRAMES + 2)
    ]


@pytest.fixture(scope="module")
def out(engine: StyleEngine, pan: list[SourceFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three finished frames."""
    folder = tmp_path_factory.mktemp("journal") / "out"
    SequenceDriver(engine, SEQUENCE, folder, total=FRAMES).run(pan[:FRAMES])
    return folder


@pytest.fixture
def journal(out: Path) -> Iterator[Path]:
    """Its journal, which a test may change."""
    path = out / "journal.json"
    before = path.read_text("utf-8")
    yield path
    path.write_text(before, "utf-8")


def refused(engine: StyleEngine, pan: list[SourceFrame], out: Path) -> bool:
    """Whether a run over the same frames is refused, in one line and without a change of the journal."""
    before = content(out)
    try:
        SequenceDriver(engine, SEQUENCE, out, total=FRAMES).run(pan[:FRAMES])
    except (JournalError, FileError) as error:
        message = str(error)
    else:
        return False
    check_line(message)
    assert content(out) == before
    return True


def content(out: Path) -> Any:
    """Of the journal: its value, or its bytes where it has none."""
    try:
        return json.loads((out / "journal.json").read_bytes())
    except (ValueError, RecursionError):
        return (out / "journal.json").read_bytes()


def check_line(message: str) -> None:
    assert len(message.splitlines()) == 1
    assert len(message) < 1000


TEXTS = {
    "nothing": "",
    "half": '{"journal": 3, "run": {',
    "no JSON": "journal",
    "another value": "3",
    "no object": "[]",
    "an empty object": "{}",
    "deep lists": "[" * 100_000,
    "a deep value": '{"journal": 3, "pass": 0, "done": 0, "frames": [], "run": %s}' % ('{"a":' * 50_000),
    "a deep value that ends": '{"journal": 3, "pass": 0, "done": 0, "frames": [], "run": {"a": %s}}'
    % ("[" * 400 + "]" * 400),
    "a number without end": '{"journal": 3, "pass": %s}' % ("1" * 100_000),
    "another format": '{"journal": 99, "run": {}, "pass": 0, "done": 0, "frames": []}',
    "a format that is none": '{"journal": [3], "run": {}, "pass": 0, "done": 0, "frames": []}',
    "frames that are none": '{"journal": 3, "run": {}, "pass": 0, "done": 0, "frames": {"0": 1}}',
    "more frames done than there are": '{"journal": 3, "run": {}, "pass": 0, "done": 5, "frames": []}',
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_that_is_no_journal_is_refused(
    engine: StyleEngine, pan: list[SourceFrame], out: Path, journal: Path, name: str
) -> None:
    journal.write_text(TEXTS[name], "utf-8")
    assert refused(engine, pan, out)


def test_bytes_that_are_no_text_are_refused(
    engine: StyleEngine, pan: list[SourceFrame], out: Path, journal: Path
) -> None:
    whole = journal.read_bytes()
    for content in (
        b"\xff\xfe",
        whole.replace(b"frames", b"fra\xffes"),
        b"\0" * 100,
        whole[: len(whole) // 2],
    ):
        journal.write_bytes(content)
        assert refused(engine, pan, out)


WRONG: tuple[Any, ...] = (
    *(None, True, -1, 0, 10**30, 1e300, -1e300, "", "text", "../../../../tmp/x", "x" * 100_000),
    *([], {}, [[]], [None], {"a": {"b": []}}, [[0, 0]], [[-1, 5]], [[48.5, 32]], ["optimized"]),
    *(float("nan"), float("inf")),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within a value, itself included; of lists the first item's alone."""
    yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*path, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def test_a_wrong_value_at_any_place_is_refused_or_does_no_harm(
    engine: StyleEngine, pan: list[SourceFrame], out: Path, journal: Path
) -> None:
    whole = json.loads(journal.read_text("utf-8"))
    styled = {path: path.read_bytes() for path in (out / "styled").iterdir()}
    read = tried = 0
    for path in places(whole):
        for value in WRONG:
            changed = copy.deepcopy(whole)
            if path:
                holder = changed
                for key in path[:-1]:
                    holder = holder[key]
                holder[path[-1]] = value
            else:
                changed = value
            journal.write_text(json.dumps(changed), "utf-8")
            tried += 1
            try:
                read_journal(journal)
            except FileError as error:
                message = str(error)
            else:
                message = ""
            if message:
                check_line(message)
                continue
            read += 1
            if not refused(engine, pan, out):
                assert {path: path.read_bytes() for path in styled} == styled
    print(f"{tried} journals, {read} of them can be read")
    assert tried > 1000


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(
    engine: StyleEngine, pan: list[SourceFrame], out: Path, journal: Path, constant: str
) -> None:
    text = journal.read_text("utf-8")
    for field in ("seconds", "factor", "total", "drift", "done"):
        changed = re.sub(rf'"{field}": [-\d.e]+', f'"{field}": {constant}', text)
        assert changed != text, field
        journal.write_text(changed, "utf-8")
        assert refused(engine, pan, out)


def test_every_field_of_a_frame_is_needed_and_no_other_is_taken(
    engine: StyleEngine, pan: list[SourceFrame], out: Path, journal: Path
) -> None:
    whole = json.loads(journal.read_text("utf-8"))
    for field in ("frame", "fingerprint", "begins_shot", "seconds", "warp_error", "report"):
        changed = copy.deepcopy(whole)
        del changed["frames"][1][field]
        journal.write_text(json.dumps(changed), "utf-8")
        assert refused(engine, pan, out)
    whole["frames"][1]["of another program"] = 1
    journal.write_text(json.dumps(whole), "utf-8")
    assert refused(engine, pan, out)


def test_a_frame_of_another_size_is_refused(
    engine: StyleEngine, pan: list[SourceFrame], out: Path, journal: Path
) -> None:
    whole = json.loads(journal.read_text("utf-8"))
    whole["frames"][2]["report"]["scales"] = [[16, 24]]
    journal.write_text(json.dumps(whole), "utf-8")
    assert refused(engine, pan, out)


def test_a_journal_without_hashes_is_gone_on_with(
    engine: StyleEngine, pan: list[SourceFrame], out: Path, journal: Path, tmp_path: Path
) -> None:
    """Of the format before, of which there are half-finished runs."""
    whole = json.loads(journal.read_text("utf-8"))
    assert whole["journal"] == FORMAT == 4
    del whole["machine"]
    whole["journal"] = 2
    for entry in whole["frames"]:
        del entry["styled_file"]
        entry["stored"] = list(entry["stored"])
    journal.write_text(json.dumps(whole), "utf-8")
    done = SequenceDriver(engine, SEQUENCE, out, total=FRAMES).run(pan[:FRAMES]).frames
    assert [each.resumed for each in done] == [True] * FRAMES
    # From here on one knows of the new frame.
    longer = SequenceDriver(engine, SEQUENCE, out, total=FRAMES + 1).run(pan).frames
    assert [each.resumed for each in longer] == [True] * FRAMES + [False]
    entries = read_journal(journal).entries
    assert [entry.styled_file != "" for entry in entries] == [False] * FRAMES + [True]
    fresh = SequenceDriver(engine, SEQUENCE, tmp_path).run(pan).frames
    assert fresh[-1].path.read_bytes() == longer[-1].path.read_bytes()
