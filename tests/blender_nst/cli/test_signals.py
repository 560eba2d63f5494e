"""Signals end a command in order: one line, exit code 128 + the signal, nothing lost, no process left."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from blender_nst.cli.signals import Interrupted, child_group, interruptible, signals_are_raised, signals_end
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint
from video.protocol.json_lines import decode_event
from video.protocol.messages import FrameDone, Progress
from video.resume.journal_file import read_journal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
ENTRY = [sys.executable, "-m", "blender_nst.cli.entry"]
LONG = ["--steps", "2", "--warm-steps", "40", "--coarsest-size", "64", "--device", "cpu", "--json"]
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signals")
    wide = paint(Painting.DABS, 96, 48)
    write_png(folder / "style.png", paint(Painting.KNIFE, 64, 48))
    for number in (1, 2, 3):
        write_png(folder / f"frames/f_{number:04}.png", wide[:, number : number + 64])
    return folder


def started(files: Path, out: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    arguments = ["stylize", str(files / "frames"), "--style", str(files / "style.png"), "--out", str(out)]
    return subprocess.Popen(
        [*ENTRY, *arguments, *LONG],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def events(process: subprocess.Popen[str]) -> Iterator[object]:
    for line in process.stdout or ():
        yield decode_event(line)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_run_keeps_its_frames_and_says_how_it_goes_on(
    files: Path, tmp_path: Path, child_environment: dict[str, str], number: signal.Signals
) -> None:
    out = tmp_path / "out"
    with started(files, out, child_environment) as process:
        for event in events(process):
            if isinstance(event, FrameDone):
                process.send_signal(number)
                break
        told = process.communicate()[1].splitlines()
    assert process.returncode == 128 + number
    words, _, resume = told[-1].partition("; to go on: ")
    assert words == "blender-nst: interrupted; finished frames are kept"
    assert shlex.split(resume)[:2] == ["blender-nst", "stylize"]
    assert "Traceback" not in "\n".join(told)
    kept = [entry.frame for entry in read_journal(out / "journal.json").entries]
    assert kept in ([1], [1, 2])
    assert [path.name for path in (out / "styled").iterdir()] == [f"styled_{each:04}.png" for each in kept]


def test_five_signals_at_once_are_no_traceback(
    files: Path, tmp_path: Path, child_environment: dict[str, str]
) -> None:
    with started(files, tmp_path / "out", child_environment) as process:
        for event in events(process):
            if isinstance(event, Progress) and event.frame == 2:
                for _ in range(5):
                    process.send_signal(signal.SIGINT)
                    time.sleep(0.05)
                break
        told = process.communicate()[1]
    assert process.returncode == 130
    assert "Traceback" not in told
    assert told.splitlines()[-1].startswith("blender-nst: interrupted")
    assert [entry.frame for entry in read_journal(tmp_path / "out" / "journal.json").entries] == [1]
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_run_that_was_stopped_and_continued_ends_well(
    files: Path, tmp_path: Path, child_environment: dict[str, str]
) -> None:
    with started(files, tmp_path / "out", child_environment) as process:
        for event in events(process):
            if isinstance(event, FrameDone) and event.frame == 1:
                process.send_signal(signal.SIGSTOP)
                time.sleep(1.0)
                process.send_signal(signal.SIGCONT)
                break
        told = process.communicate()[1]
    assert process.returncode == 0, told
    assert [entry.frame for entry in read_journal(tmp_path / "out" / "journal.json").entries] == [1, 2, 3]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks /proc which signals are caught")
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.3, 1.0])
def test_a_signal_while_it_starts_is_one_line(
    files: Path, child_environment: dict[str, str], number: signal.Signals, delay: float
) -> None:
    command = [*ENTRY, "image", str(files / "style.png"), "--style", str(files / "none.png")]
    with subprocess.Popen(
        command, env=child_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        # The last one that is taken; Python itself takes the first.
        while not is_caught(process.pid, signal.SIGHUP) and process.poll() is None:
            time.sleep(0.002)
        time.sleep(delay)
        process.send_signal(number)
        told = process.communicate()[1].splitlines()
    assert len(told) == 1
    # Or it was faster, and has refused the style that is not there.
    assert (process.returncode, told[0].partition(":")[0]) in (
        (128 + number, "blender-nst"),
        (2, "blender-nst"),
    )


def is_caught(pid: int, number: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return True
    caught = next((line for line in status.splitlines() if line.startswith("SigCgt:")), "SigCgt: 0")
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("number", SIGNALS)
def test_outside_of_a_run_a_signal_is_raised_once(number: int) -> None:
    before = signal.getsignal(number)
    with signals_end(), signals_are_raised():
        with pytest.raises(Interrupted) as caught:
            os.kill(os.getpid(), number)
        assert caught.value.number == number
        os.kill(os.getpid(), number)  # while what was raised is on its way
    assert signal.getsignal(number) is before


def test_in_a_run_the_first_signal_asks_and_the_second_is_raised() -> None:
    with signals_end(), signals_are_raised(), interruptible() as interruption:
        assert not interruption.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert (interruption.is_set(), interruption.number) == (True, signal.SIGTERM)
        with pytest.raises(Interrupted):
            os.kill(os.getpid(), signal.SIGINT)


def test_what_is_ignored_stays_ignored_as_under_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_end(), signals_are_raised(), interruptible() as interruption:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not interruption.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_children_of_a_child_do_not_outlive_it() -> None:
    script = "sleep 300 & echo $!; wait"
    with subprocess.Popen(
        ["/bin/sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        grandchild = int((process.stdout or sys.stdin).readline())
        assert is_running(grandchild)
        with child_group(process.pid, patience=0.5):
            process.kill()
            process.wait()
            assert is_running(grandchild)
    deadline = time.monotonic() + 5.0
    while is_running(grandchild) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(grandchild)


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return False
    return "\nState:\tZ" not in status
