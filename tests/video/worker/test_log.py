"""The engine's log: on standard error, bounded, with tracebacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BEGIN = """
import logging, os, sys
from pathlib import Path
from video.files.native_output import suppress_native_output
from video.worker import log
log.MAX_BYTES = 4000
log.start_log(Path(sys.argv[1]))
logger = logging.getLogger("video.test")
"""


def run(script: str, log: Path, environment: dict[str, str], *, mode: str = "ab") -> int:
    """Runs a script with its standard error in a file; returns the exit code."""
    with log.open(mode) as errors:
        command = [sys.executable, "-c", BEGIN + script, str(log)]
        return subprocess.run(command, stderr=errors, env=environment, timeout=120, check=False).returncode


@pytest.mark.expected_errors("went wrong", "thread reader")
def test_records_prints_and_tracebacks_are_in_one_file(
    tmp_path: Path, child_environment: dict[str, str]
) -> None:
    log = tmp_path / "engine.log"
    log.write_text("an earlier run\n")
    script = """
os.write(2, b"native code\\n")
with suppress_native_output():
    logger.info("while a decoder is silenced")
try:
    raise ValueError("made up")
except ValueError:
    logger.exception("went wrong")
import threading, warnings
warnings.warn("a warning of Python")
thread = threading.Thread(target=lambda: [][0], name="reader")
thread.start()
thread.join()
"""
    assert run(script, log, child_environment) == 0
    text = log.read_text()
    assert text.startswith("an earlier run\n")
    words = (
        "torch ",
        "native code",
        "while a decoder",
        "ERROR video.test: went wrong",
        "a warning of Python",
    )
    assert all(word in text for word in words)
    assert "    ValueError: made up" in text
    assert "ERROR video.worker.log: thread reader\n    Traceback" in text
    assert "    IndexError: " in text


@pytest.mark.parametrize("mode", ["ab", "wb"])
def test_the_log_is_bounded_and_native_code_goes_on_in_it(
    tmp_path: Path, child_environment: dict[str, str], mode: str
) -> None:
    log = tmp_path / "engine.log"
    script = """
for number in range(300):
    logger.info("a line that is long enough, number %d", number)
    os.write(2, b"native %d\\n" % number)
"""
    assert run(script, log, child_environment, mode=mode) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "engine.log",
        "engine.log.1",
        "engine.log.2",
    ]
    assert all(path.stat().st_size < 5000 for path in tmp_path.iterdir())
    text = log.read_bytes()
    assert b"\0" not in text
    assert text.endswith(b"native 299\n")
    assert b"number 299" in text


@pytest.mark.skipif(sys.platform == "win32", reason="ends by a signal of POSIX")
def test_a_crash_of_native_code_leaves_its_traceback(
    tmp_path: Path, child_environment: dict[str, str]
) -> None:
    log = tmp_path / "engine.log"
    assert run("os.kill(os.getpid(), 11)", log, child_environment) == -11
    assert "Fatal Python error: Segmentation fault" in log.read_text()


def test_without_a_file_the_records_are_on_standard_error(child_environment: dict[str, str]) -> None:
    script = BEGIN.replace("Path(sys.argv[1])", "None") + "logger.info('to a pipe')"
    command = [sys.executable, "-c", script]
    finished = subprocess.run(command, capture_output=True, env=child_environment, timeout=120, check=True)
    assert b"INFO video.test: to a pipe" in finished.stderr


def test_a_full_log_is_not_copied_through_a_link(tmp_path: Path, child_environment: dict[str, str]) -> None:
    log = tmp_path / "engine.log"
    (tmp_path / "engine.log.1").symlink_to(tmp_path / "victim")
    script = """
for number in range(100):
    logger.info("line %d %s", number, "x" * 60)
"""
    assert run(script, log, child_environment) == 0
    assert not (tmp_path / "victim").exists()
    assert not (tmp_path / "engine.log.1").is_symlink()
    assert "line " in (tmp_path / "engine.log.1").read_text()
