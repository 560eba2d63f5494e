"""Records of chunks: read back as they were written, refused when they are damaged or lead elsewhere."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compositor.progress import FrameReport, Stopped
from video.errors import FileError, JournalError
from video.farm.chunk_record import ChunkFolder, ChunkRecord
from video.farm.finish import finished_chunks
from video.resume.journal_file import Entry

REPORT = FrameReport(2, 0.5, {"total": 1.0}, Stopped.STEP_LIMIT, [(32, 48)], "cpu")
ENTRY = Entry(3, {"picture": "ab"}, True, True, 1.5, None, REPORT)
INPUTS, FILES = {"picture 0 a.png": "cd"}, {"styled/styled_0003.png": "ef"}
RECORD = ChunkRecord("3-3", "1-3", "2", {"device class": "cpu"}, 3, INPUTS, FILES, [ENTRY])


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
    "finished without entries": {"entries": []},
    "files of another frame": {"files": {"styled/styled_0004.png": "ef"}},
    "no styled files": {"files": {"content/content_0003.png": "ef"}},
}


@pytest.mark.parametrize("name", CHANGES)
def test_other_contents_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match=r"chunk\.json"):
        read(tmp_path, **CHANGES[name])


@pytest.mark.parametrize("name", ["0004", "0003-0004", "0003 copy", "backup"])
def test_a_record_in_a_folder_of_another_name_is_refused(tmp_path: Path, name: str) -> None:
    folder = ChunkFolder(tmp_path, "0003")
    folder.write(RECORD)
    folder.path.rename(tmp_path / "chunks" / name)
    with pytest.raises(FileError) as refused:
        finished_chunks(tmp_path)
    assert f"chunks/{name}" in str(refused.value)


@pytest.mark.parametrize("kind", ["folder", "pipe", "endless", "loop"])
@pytest.mark.skipif(sys.platform == "win32", reason="pipes, links and devices of POSIX")
def test_what_is_no_file_is_told_and_not_left_out(tmp_path: Path, kind: str) -> None:
    folder = ChunkFolder(tmp_path, "0003")
    folder.path.mkdir(parents=True)
    place = folder.path / "chunk.json"
    {
        "folder": place.mkdir,
        "pipe": lambda: os.mkfifo(place),
        "endless": lambda: place.symlink_to("/dev/zero"),
        "loop": lambda: place.symlink_to(place.name),
    }[kind]()
    for read_all in (folder.read, lambda: finished_chunks(tmp_path)):
        with pytest.raises(FileError) as refused:
            read_all()
        assert "chunk.json" in str(refused.value)


@pytest.mark.parametrize("name", ["", "run", "chunk.json", "lock"])
@pytest.mark.skipif(sys.platform == "win32", reason="links of POSIX")
def test_a_link_under_a_name_of_the_chunk_is_refused(tmp_path: Path, name: str) -> None:
    folder = ChunkFolder(tmp_path / "out", "0003")
    folder.check()
    folder.write(RECORD)
    folder.check()
    place = folder.path / name
    if place.exists():
        place.rename(tmp_path / "before")
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError) as refused:
        folder.check()
    assert str(folder.path / name) in str(refused.value)


def test_a_frame_that_several_chunks_have_made_is_named(tmp_path: Path) -> None:
    ChunkFolder(tmp_path, "0003").write(RECORD)
    entries = [replace(ENTRY, frame=number) for number in (1, 2, 3)]
    files = {f"styled/styled_{number:04}.png": "ef" for number in (1, 2, 3)}
    wider = replace(RECORD, frames="1-3", run="1-3", files=files, entries=entries)
    ChunkFolder(tmp_path, "0001-0003").write(wider)
    with pytest.raises(JournalError, match="frames 3;"):
        finished_chunks(tmp_path).check()


def test_what_makes_it_the_same_work() -> None:
    assert RECORD.is_about(replace(RECORD, machine={"device class": "cuda"}, files={}, entries=[]))
    assert not RECORD.is_made_from(replace(RECORD, machine={"device class": "cuda"}))
    assert not RECORD.is_made_from(replace(RECORD, algorithm=4))
    assert not RECORD.is_about(replace(RECORD, run="2-3"))
    assert not RECORD.is_about(replace(RECORD, inputs={}))
