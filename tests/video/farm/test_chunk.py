"""Chunks: the frames of one machine's run, whatever happens to the processes that make them."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compositor.hardware.processor import using_threads
from tests.video.farm.farmed import chunk, started, styled, whole_run
from tests.video.killed_runs import CUT
from video.errors import DiskFullError, FolderBusyError, JournalError
from video.farm.chunk_record import ChunkFolder
from video.files import folder_lock
from video.files.folder_lock import file_locked
from video.results import FrameResult, RunCallbacks

posix = pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")

CHUNKS = ("1-4", "5-8", "9-12")
CUT_NAME = f"styled_{CUT:04d}.png"


@pytest.fixture(autouse=True, scope="module")
def as_many_threads_as_chunks_in_processes() -> Iterator[None]:
    """Has one thread compute, as in `started`: with two, the last bits of a frame are others."""
    with using_threads(1):
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The frames of one machine."""
    return whole_run(tmp_path_factory.mktemp("whole"), movie=False, contact_sheet=False)


@pytest.mark.parametrize(
    "sequence",
    [{}, {"pass_count": 2}, {"history_length": 1, "follow_light": False}],
    ids=["plain", "two passes", "no light"],
)
def test_a_lead_in_of_the_shot_gives_the_bytes_of_one_machine(
    tmp_path: Path, sequence: dict[str, Any]
) -> None:
    one = whole_run(tmp_path / "one", **sequence)
    # The second chunk goes over the cut; the order is no matter.
    for frames in (CHUNKS[1], CHUNKS[2], CHUNKS[0]):
        assert chunk(tmp_path / "farm", frames, sequence=sequence)
    assert styled(tmp_path / "farm") == one
    assert not [path for path in tmp_path.rglob("*") if ".tmp" in path.name or path.name == "run"]


def test_a_shorter_lead_in_gives_other_frames_in_the_same_shot_alone(
    tmp_path: Path, whole: dict[str, bytes]
) -> None:
    for frames in CHUNKS:
        chunk(tmp_path, frames, lead_in=1)
    made = styled(tmp_path)
    # Chunk 5-8 leads in by frame 4, and begins the shot at the cut as one machine does.
    same = [name for name in whole if made[name] == whole[name]]
    assert [f"styled_{number:04d}.png" for number in (1, 2, 3, 4, 7, 8)] == same
    assert set(made) == set(whole)


def test_what_is_there_is_left(tmp_path: Path) -> None:
    assert chunk(tmp_path, "1-4")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert not chunk(tmp_path, "1-4")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_a_frame_that_is_lost_is_made_again(tmp_path: Path, whole: dict[str, bytes], how: str) -> None:
    chunk(tmp_path, "3-6")
    lost, warnings = tmp_path / "styled" / "styled_0005.png", []
    lost.unlink()
    if how == "changed":
        lost.write_bytes(whole["styled_0001.png"])
    assert chunk(tmp_path, "3-6", warnings=warnings)
    assert "styled_0005.png" in warnings[0]
    assert styled(tmp_path) == {f"styled_{n:04d}.png": whole[f"styled_{n:04d}.png"] for n in range(3, 7)}


def test_a_chunk_of_other_inputs_is_made_again(tmp_path: Path) -> None:
    chunk(tmp_path, "1-4")
    warnings: list[str] = []
    assert chunk(tmp_path, "1-4", changed="rendered anew", warnings=warnings)
    assert "made from something else" in warnings[0]
    assert not chunk(tmp_path, "1-4", changed="rendered anew")


def test_a_damaged_record_is_made_anew(tmp_path: Path, whole: dict[str, bytes]) -> None:
    chunk(tmp_path, "1-4")
    record = ChunkFolder(tmp_path, "0001-0004").path / "chunk.json"
    record.write_text(record.read_text()[:200])
    assert chunk(tmp_path, "1-4")
    assert styled(tmp_path) == {f"styled_{n:04d}.png": whole[f"styled_{n:04d}.png"] for n in range(1, 5)}


@pytest.mark.parametrize("killed_at", [6, 21, 38, 52, 61, 64, 68, 72])
def test_a_chunk_that_was_killed_goes_on(tmp_path: Path, whole: dict[str, bytes], killed_at: int) -> None:
    process = started(tmp_path, "8-10", killed_at)
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    redone: list[int] = []

    def done(result: FrameResult) -> None:
        if not result.resumed:
            redone.append(result.number)

    journal = tmp_path / "chunks" / "0008-0010" / "run" / "journal.json"
    kept = journal.read_text().count('"frame":') if journal.is_file() else 0
    chunk(tmp_path, "8-10", callbacks=RunCallbacks(frame_done=done))
    assert styled(tmp_path) == {f"styled_{n:04d}.png": whole[f"styled_{n:04d}.png"] for n in (8, 9, 10)}
    if kept:
        assert len(redone) == 10 - CUT + 1 - kept, "what is finished is not made again"
    assert not (tmp_path / "chunks" / "0008-0010" / "run").exists()


def test_a_chunk_twice_at_once_is_made_once(tmp_path: Path, whole: dict[str, bytes]) -> None:
    processes = [started(tmp_path, "8-10"), started(tmp_path, "8-10"), started(tmp_path, "1-3")]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert styled(tmp_path) == {
        f"styled_{n:04d}.png": whole[f"styled_{n:04d}.png"] for n in (1, 2, 3, 8, 9, 10)
    }
    assert not chunk(tmp_path, "8-10")


def test_a_chunk_that_another_process_makes_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with (
        file_locked(ChunkFolder(tmp_path, "0001-0004").lock),
        pytest.raises(FolderBusyError),
    ):
        chunk(tmp_path, "1-4", patience=0.0)
    assert not (tmp_path / "styled").exists()


@posix
def test_without_locks_of_the_system_a_run_at_work_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def refused(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    monkeypatch.setattr(folder_lock, "PATIENCE", 0.0)
    with folder_lock.folder_locked(ChunkFolder(tmp_path, "0001-0004").run):
        with pytest.raises(FolderBusyError, match=f"process {os.getpid()}"):
            chunk(tmp_path, "1-4")
        assert not (tmp_path / "styled").exists()
    assert chunk(tmp_path, "1-4")


def test_frames_of_another_chunk_are_not_replaced(tmp_path: Path, whole: dict[str, bytes]) -> None:
    chunk(tmp_path, "1-4")
    with pytest.raises(JournalError, match="4 are those of the chunk 0001-0004"):
        chunk(tmp_path, "4-6")
    shutil.rmtree(tmp_path / "chunks" / "0001-0004")
    assert chunk(tmp_path, "4-6")
    assert styled(tmp_path)["styled_0004.png"] == whole["styled_0004.png"]


@posix
def test_a_full_disk_keeps_what_is_finished(tmp_path: Path, whole: dict[str, bytes]) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def full_after_the_eighth(result: FrameResult) -> None:
        if result.number == 8:
            resource.setrlimit(resource.RLIMIT_FSIZE, (256, before[1]))

    try:
        with pytest.raises(DiskFullError):
            chunk(tmp_path, "8-10", callbacks=RunCallbacks(frame_done=full_after_the_eighth))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    redone: list[int] = []

    def note(result: FrameResult) -> None:
        redone.extend([] if result.resumed else [result.number])

    assert chunk(tmp_path, "8-10", callbacks=RunCallbacks(frame_done=note))
    assert redone == [9, 10]
    assert styled(tmp_path) == {f"styled_{n:04d}.png": whole[f"styled_{n:04d}.png"] for n in (8, 9, 10)}


def test_unfinished_files_of_other_chunks_are_left_alone(tmp_path: Path) -> None:
    """Temporary files of other processes, which are at work there, are left alone."""
    styled_folder = tmp_path / "styled"
    styled_folder.mkdir()
    other = styled_folder / f".styled_0011.png.{os.getpid() + 1}.tmp"
    other.write_bytes(b"half a frame of a chunk on another machine")
    chunk(tmp_path, "1-2")
    assert other.exists()
