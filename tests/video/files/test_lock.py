"""One run in a folder at a time: on this computer, on others that share it, and after what was killed."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from video.errors import FileError
from video.files.folder_lock import folder_locked
from video.files.lock import LockedError, try_lock, wait_unlocked
from video.files.output_folder import LOCK

posix = pytest.mark.skipif(sys.platform == "win32", reason="the lock file of POSIX")
pytestmark = posix
_HOLD = """
import sys, time
from pathlib import Path
from video.files.lock import try_lock
held = try_lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(300)
"""


@contextmanager
def another_process(folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the folder's lock."""
    command = [sys.executable, "-c", _HOLD, str(folder)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert (process.stdout or sys.stdin).readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def marked(folder: Path, **values: Any) -> Path:
    """A lock file as another process of this computer has left it; `values` replace what it says."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    boot = Path("/proc/sys/kernel/random/boot_id")
    whole = {
        "host": platform.node(),
        "boot": boot.read_text("ascii").strip() if boot.exists() else "",
        "pid": ended.pid,
        "since": "2026-03-01 10:12:00 +0100",
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    path.write_text(json.dumps(whole | values), "utf-8")
    return path


@pytest.fixture
def no_system_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without them: what NFS answers for a folder."""
    import fcntl

    def refused(file: int, operation: int) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(fcntl, "flock", refused)


@pytest.mark.parametrize("killed", [signal.SIGKILL, signal.SIGTERM])
def test_a_lock_ends_with_its_process(
    tmp_path: Path, child_environment: dict[str, str], killed: signal.Signals
) -> None:
    with another_process(tmp_path, child_environment) as process:
        with pytest.raises(LockedError) as caught:
            try_lock(tmp_path)
        assert caught.value.holder is not None
        assert (caught.value.holder.host, caught.value.holder.pid) == (platform.node(), process.pid)
        assert f"process {process.pid}" in str(caught.value)
        process.send_signal(killed)
        process.wait()
        assert (tmp_path / LOCK).exists()
        held = try_lock(tmp_path)
        assert json.loads((tmp_path / LOCK).read_bytes())["pid"] == os.getpid()
        held.release()
        assert not list(tmp_path.iterdir())


def test_a_process_that_is_stopped_keeps_its_lock(tmp_path: Path, child_environment: dict[str, str]) -> None:
    with another_process(tmp_path, child_environment) as process:
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(LockedError):
            wait_unlocked(tmp_path, 0.3)


@pytest.mark.parametrize("system", [True, False], ids=["locks", "no locks"])
def test_a_lock_of_another_computer_is_never_taken_over(
    tmp_path: Path, request: pytest.FixtureRequest, system: bool
) -> None:
    if not system:
        request.getfixturevalue("no_system_locks")
    lock = marked(tmp_path, host="node7", boot="another")
    before, waits = lock.read_bytes(), list[str]()
    with (
        pytest.raises(FileError) as caught,
        folder_locked(tmp_path, waits.append, patience=0.3),
    ):
        pass
    told = str(caught.value)
    assert all(word in told for word in ("node7", "2026-03-01 10:12:00 +0100", f"remove {lock}"))
    assert "\n" not in told
    assert len(waits) == 1
    assert "node7" in waits[0]
    assert lock.read_bytes() == before
    lock.unlink()
    with folder_locked(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "left",
    [
        pytest.param({}, id="a process that ended"),
        pytest.param({"boot": "before", "pid": 1}, id="before the computer was started anew"),
    ],
)
@pytest.mark.parametrize("system", [True, False], ids=["locks", "no locks"])
def test_what_this_computer_has_left_is_taken_over(
    tmp_path: Path, request: pytest.FixtureRequest, system: bool, left: dict[str, Any]
) -> None:
    if not system:
        request.getfixturevalue("no_system_locks")
    marked(tmp_path, **left)
    with folder_locked(tmp_path, patience=0.0):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/sys/kernel/random/boot_id").exists(), reason="containers of Linux")
def test_a_container_that_was_killed_leaves_a_lock_of_this_computer(tmp_path: Path) -> None:
    marked(tmp_path, host="f00dcafe", pid=1)
    with folder_locked(tmp_path, patience=0.0):
        pass


def test_without_locks_of_the_system_a_process_that_runs_keeps_its_folder(
    tmp_path: Path, no_system_locks: None
) -> None:
    with folder_locked(tmp_path), pytest.raises(LockedError, match=f"process {os.getpid()}"):
        try_lock(tmp_path)
    marked(tmp_path, pid=1)
    with pytest.raises(LockedError, match="process 1"):
        try_lock(tmp_path)


def damaged_locks(folder: Path) -> Iterator[Path]:
    lock = folder / LOCK
    for text in (
        *("", "{", "[]", "null", '"x"', "1e999", "[" * 100_000, '{"host": 1}', "\0" * 9000),
        '{"host": "a\\u001b[2J", "boot": "b", "pid": 1, "since": "c"}',
        '{"host": "a", "boot": "b", "pid": 1e999, "since": "c"}',
        '{"host": "a", "boot": "b", "pid": -1, "since": "c"}',
        json.dumps({"host": "a" * 300, "boot": "b", "pid": 1, "since": "c"}),
    ):
        lock.write_text(text, "utf-8")
        yield lock
        lock.unlink()
    for plant in (lambda: lock.symlink_to(folder / "victim"), lambda: os.mkfifo(lock)):
        plant()
        yield lock
        lock.unlink()
    lock.mkdir()
    yield lock
    lock.rmdir()


def test_a_lock_file_that_is_none_is_named_and_nothing_is_written_through_it(tmp_path: Path) -> None:
    for lock in damaged_locks(tmp_path):
        named = f"remove {re.escape(str(lock))}"
        with pytest.raises(FileError, match=named) as caught, folder_locked(tmp_path, patience=0.0):
            pass
        assert str(caught.value).isprintable()
        assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_lock_that_was_removed_by_hand_takes_no_other_ones_with_it(tmp_path: Path) -> None:
    with folder_locked(tmp_path):
        (tmp_path / LOCK).unlink()
        other = marked(tmp_path, host="node7", boot="another")
    assert other.exists()


def test_of_many_that_want_a_folder_at_once_one_has_it(tmp_path: Path) -> None:
    inside, most = [0], [0]

    def work() -> None:
        for _ in range(5):
            with folder_locked(tmp_path, patience=30.0):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.001)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_free_and_is_not_made(tmp_path: Path) -> None:
    wait_unlocked(tmp_path / "none")
    assert not (tmp_path / "none").exists()
