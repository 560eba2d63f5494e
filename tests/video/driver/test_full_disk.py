"""A disk that is full, may not be written to or loses files: what is lost is said, and nothing else is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from video.driver.sequence_driver import SequenceDriver
from video.errors import FileError
from video.frames.sequence import SourceFrame
from video.images.image_files import read_image
from video.paintings.painting import Painting
from video.results import FrameResult, RunCallbacks
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]
posix = pytest.mark.skipif(sys.platform == "win32", reason="limits and mounts of POSIX")

MOUNT, UMOUNT = (shutil.which(name) or name for name in ("mount", "umount"))


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    settings = StyleSettings(steps=2, coarsest_size=32, device=DeviceChoice.CPU)
    return StyleEngine(settings, picture(48, 32, Painting.KNIFE))


@pytest.fixture(scope="module")
def pan(picture: Picture) -> list[SourceFrame]:
    wide = picture(80, 32)
    return [SourceFrame(number, wide[:, 2 * number : 2 * number + 48].copy()) for number in range(1, 7)]


@pytest.fixture(scope="module")
def whole(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    return run(engine, pan, tmp_path_factory.mktemp("whole"))


def run(
    engine: StyleEngine,
    pan: list[SourceFrame],
    output: Path,
    frame_done: Callable[[FrameResult], None] = lambda result: None,
) -> dict[str, bytes]:
    """The styled frames by their names."""
    settings = SequenceSettings(warm_steps=1, movie=False)
    SequenceDriver(engine, settings, output, RunCallbacks(frame_done=frame_done)).run(pan)
    return {path.name: path.read_bytes() for path in (output / "styled").iterdir()}


def check_kept(output: Path, whole: dict[str, bytes], count: int) -> None:
    """So many frames are there, whole and right, and nothing unfinished is."""
    styled = sorted((output / "styled").iterdir())
    assert len(styled) >= count
    for path in styled:
        read_image(path)
        assert path.read_bytes() == whole[path.name]
    assert not [path for path in output.rglob("*") if ".tmp" in path.name]


@posix
def test_a_file_that_no_room_is_left_for(
    engine: StyleEngine, pan: list[SourceFrame], whole: dict[str, bytes], tmp_path: Path
) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def full_after_the_third(result: FrameResult) -> None:
        if result.number == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (256, before[1]))

    try:
        with pytest.raises(FileError, match=r"the disk is full; make room, then run it again") as caught:
            run(engine, pan, tmp_path, full_after_the_third)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "styled_0004.png" in str(caught.value)
    check_kept(tmp_path, whole, 3)
    resumed: list[bool] = []
    assert run(engine, pan, tmp_path, lambda result: resumed.append(result.resumed)) == whole
    assert resumed == [True] * 3 + [False] * 3


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own; skips the test where it may not be mounted."""
    folder.mkdir()
    command = [MOUNT, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run([UMOUNT, str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run([MOUNT, "-o", f"remount,{options}", str(folder)], check=True)


@posix
@pytest.mark.parametrize("size", ["24k", "32k"])
def test_a_disk_that_is_full(
    engine: StyleEngine, pan: list[SourceFrame], whole: dict[str, bytes], tmp_path: Path, size: str
) -> None:
    done: list[int] = []
    with small_disk(tmp_path / "disk", size) as disk:
        with pytest.raises(FileError, match="the disk is full"):
            run(engine, pan, disk, lambda result: done.append(result.number))
        assert len(done) < len(pan)
        if done:
            check_kept(disk, whole, len(done))
        remount(disk, "size=8m")
        resumed: list[int] = []

        def frame_done(result: FrameResult) -> None:
            if result.resumed:
                resumed.append(result.number)

        assert run(engine, pan, disk, frame_done) == whole
        assert resumed == done


@posix
def test_a_disk_that_becomes_read_only(
    engine: StyleEngine, pan: list[SourceFrame], whole: dict[str, bytes], tmp_path: Path
) -> None:
    def read_only(result: FrameResult) -> None:
        if result.number == 2:
            remount(tmp_path / "disk", "ro")

    with small_disk(tmp_path / "disk", "8m") as disk:
        with pytest.raises(FileError, match=r"cannot be written \(Read-only file system\)"):
            run(engine, pan, disk, read_only)
        check_kept(disk, whole, 2)
        with pytest.raises(FileError, match="Read-only file system"):
            run(engine, pan, disk)
        remount(disk, "rw")
        assert run(engine, pan, disk) == whole


def test_what_is_said_at_the_end_is_what_is_on_disk(
    engine: StyleEngine, pan: list[SourceFrame], whole: dict[str, bytes], tmp_path: Path
) -> None:
    """The output folder is removed in the middle of the run."""
    output = tmp_path / "out"

    def remove(result: FrameResult) -> None:
        if result.number == 3:
            shutil.rmtree(output)

    with pytest.raises(FileError, match=r"styled_0001\.png: was removed .* of 6 styled frames are gone"):
        run(engine, pan, output, remove)
    left = {path.name: path.read_bytes() for path in (output / "styled").iterdir()}
    assert 2 <= len(left) <= 3
    assert left == {name: whole[name] for name in left}
    assert not (output / "contact_sheet.png").exists()
    assert run(engine, pan, output) == whole


def test_a_cancelled_run_counts_what_is_on_disk(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    done: list[int] = []

    def remove(result: FrameResult) -> None:
        done.append(result.number)
        if result.number == 2:
            shutil.rmtree(tmp_path / "styled")

    callbacks = RunCallbacks(frame_done=remove, cancelled=lambda: len(done) >= 4)
    settings = SequenceSettings(warm_steps=1, movie=False)
    result = SequenceDriver(engine, settings, tmp_path, callbacks).run(pan)
    assert result.cancelled
    there = sorted((tmp_path / "styled").iterdir())
    assert [frame.path for frame in result.frames] == there
