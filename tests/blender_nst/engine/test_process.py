"""The engine's process, started from outside Blender: the module needs no bpy."""

from __future__ import annotations

import os
import sys
import time
import tracemalloc
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from blender_nst.engine import process as process_module
from blender_nst.engine.messages import Failed, Finish, Ready
from blender_nst.engine.process import EngineProcess, engine_environment
from blender_nst.errors import EngineError
from blender_nst.local_events import Died
from video.protocol.messages import PROTOCOL_VERSION

E = TypeVar("E")

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _source_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLENDER_NST_ENGINE_PATH", str(REPOSITORY))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(sys.executable, tmp_path / "engine.log")
    yield process
    process.close(1.0)
    process.join()


def wait_until_ended(process: EngineProcess, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    return not process.alive


def next_of(process: EngineProcess, kind: type[E]) -> E:
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline:
        event = process.next_event(1.0)
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} event came")


def test_the_engine_greets_and_ends_when_asked(engine: EngineProcess) -> None:
    ready = next_of(engine, Ready)
    assert ready.protocol == PROTOCOL_VERSION
    engine.close()
    engine.join()
    assert not engine.alive
    assert engine.next_event() is None, "an end that was asked for is not reported"


@pytest.mark.expected_errors("the style engine ended with exit code")
def test_the_engine_ends_when_its_input_does(engine: EngineProcess) -> None:
    next_of(engine, Ready)
    engine._input.close()  # as the end of Blender's process would
    assert wait_until_ended(engine, 20.0)


@pytest.mark.expected_errors("the style engine ended with exit code")
def test_a_killed_engine_reports_itself_and_refuses_commands(engine: EngineProcess) -> None:
    next_of(engine, Ready)
    os.kill(engine.pid, 9)
    died = next_of(engine, Died)
    assert "exit code" in died.error
    assert str(engine.log) in died.error
    with pytest.raises(EngineError, match="ended with exit code"):
        engine.send(Finish("x"))


def test_an_engine_of_another_version_is_refused(tmp_path: Path) -> None:
    process = EngineProcess(sys.executable, tmp_path / "engine.log", protocol=PROTOCOL_VERSION + 1)
    try:
        failed = next_of(process, Failed)
        assert "\n" not in failed.error
        assert "protocol" in failed.error
    finally:
        process.close(1.0)
        process.join()


@pytest.mark.expected_errors("the style engine ended with exit code")
def test_a_python_without_the_engine_says_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLENDER_NST_ENGINE_PATH", raising=False)
    venv.create(tmp_path / "bare", symlinks=sys.platform != "win32")
    python = tmp_path / "bare" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    process = EngineProcess(str(python), tmp_path / "engine.log")
    assert "engine.log" in next_of(process, Died).error
    assert "No module named" in (tmp_path / "engine.log").read_text()


LINES = {
    "malformed": ('{"event": "ready", "protocol": 1', "no event"),
    "unknown": ('{"event": "surprise"}', "unknown event"),
    "wrong type": ('{"event": "heartbeat", "busy": "long"}', "busy"),
    "another protocol": (
        '{"event": "ready", "protocol": 99, "version": "9", "device": "cpu", "torch": "9"}',
        "protocol 99",
    ),
}


@pytest.mark.expected_errors("the style engine ended with exit code")
@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the engine")
@pytest.mark.parametrize("kind", LINES)
def test_a_line_that_is_no_event_is_a_clear_error(tmp_path: Path, kind: str) -> None:
    line, words = LINES[kind]
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho 'what a Python may print first'\necho '{line}'\nread wait\n")
    python.chmod(0o755)
    process = EngineProcess(str(python), tmp_path / "engine.log")
    try:
        event = process.next_event(30.0)
        assert isinstance(event, Failed)
        assert words in event.error
        assert "install the same version" in event.error
        assert "\n" not in event.error
    finally:
        process.close(1.0)
        process.join()


@pytest.mark.expected_errors("the style engine ended with exit code")
@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the engine")
def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "LONGEST_EVENT", 1 << 16)
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nprintf '{\"event\": \"'\nexec tr '\\0' x < /dev/zero\n")
    python.chmod(0o755)
    tracemalloc.start()
    process = EngineProcess(str(python), tmp_path / "engine.log")
    try:
        failed = next_of(process, Failed)
        time.sleep(0.5)  # more of the line comes
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
        assert process.next_event() is None, "what follows is the same line"
    finally:
        tracemalloc.stop()
        process.kill()
        process.join()
    assert "no event" in failed.error
    assert len(failed.error) < 400 + len(str(process.log))


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be started"):
        EngineProcess(str(tmp_path / "python"), tmp_path / "engine.log")


def test_blenders_python_variables_do_not_reach_the_engine() -> None:
    environment = engine_environment(
        {"PYTHONPATH": "a", "PYTHONHOME": "b", "HOME": "c", "BLENDER_NST_ENGINE_PATH": "d"}
    )
    assert "PYTHONHOME" not in environment
    assert environment["PYTHONPATH"] == "d"
    assert environment["HOME"] == "c"
