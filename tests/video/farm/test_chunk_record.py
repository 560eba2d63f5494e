"""Records of chunks: read back as they were written, refused when they are damaged or lead elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compositor.progress import FrameReport, Stopped
from video.errors import FileError
from video.farm.chunk_record import ChunkFolder, ChunkRecord
from video.resume.journal_file import Entry

REPORT = FrameReport(2, 0.5, {"total": 1.0}, Stopped.STEP_LIMIT, [(32, 48)], "cpu")
ENTRY = Entry(3, {"picture": "ab"}, True, True, 1.5, None, REPORT)
RECORD = ChunkRecord(
    "3-3", "1-3", "2", {"device class": "cpu"}, 3, {"picture 0 a.png": "cd"}, {"styled/a.png": "ef"}, [ENTRY]
)


def read(tmp_path: Path, **changes: Any) -> ChunkRecord | None:
    folder = ChunkFolder(tmp_path, "0003")
    folder.write(RECORD)
    path = folder.path / "chunk.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder.read()


def test_it_is_read_back(tmp_path: Path) -> None:
    assert read(tmp_path) == RECORD
    assert ChunkFolder(tmp_path, "0004").read() is None


@pytest.mark.parametrize(
    "name",
    [
        "../a.png",
        "/etc/passwd",
        "styled/../../a",
        "a.png",
        "styled/b/a.png",
        "styled\\..\\a",
        "C:/a",
        "./a",
        "/a",
        "farm.json/a",
    ],
)
def test_a_file_outside_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match="remove its folder"):
        read(tmp_path, files={name: "ef"})


CHANGES = {
    "format": {"format": 9},
    "frames": {"frames": "all"},
    "other frames": {"frames": "4-4"},
    "huge": {"frames": "0-99999999"},
    "list": {"files": ["styled/a.png"]},
    "number": {"inputs": {"a": 1}},
    "unknown": {"more": 1},
}


@pytest.mark.parametrize("name", CHANGES)
def test_other_contents_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match=r"chunk\.json"):
        read(tmp_path, **CHANGES[name])


def test_what_makes_it_the_same_work() -> None:
    assert RECORD.is_about(replace(RECORD, machine={"device class": "cuda"}, files={}, entries=[]))
    assert not RECORD.is_made_from(replace(RECORD, machine={"device class": "cuda"}))
    assert not RECORD.is_made_from(replace(RECORD, algorithm=4))
    assert not RECORD.is_about(replace(RECORD, run="2-3"))
    assert not RECORD.is_about(replace(RECORD, inputs={}))
