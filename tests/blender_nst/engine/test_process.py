"""The engine's process, started from outside Blender: the module needs no bpy."""

from __future__ import annotations

import os
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blender_nst.engine.process import EngineError, EngineProcess, engine_environment
from video.protocol.messages import PROTOCOL_VERSION

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _source_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLENDER_NST_ENGINE_PATH", str(REPOSITORY))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(sys.executable, tmp_path / "engine.log", protocol=PROTOCOL_VERSION)
    yield process
    process.close(1.0)
    process.join()


def wait_until_ended(process: EngineProcess, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while process.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    return not process.alive


def next_of(process: EngineProcess, kind: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline:
        event = process.next_event(1.0)
        if event is not None and event["event"] == kind:
            return event
    raise AssertionError(f"no {kind} event came")


def test_the_engine_greets_and_ends_when_asked(engine: EngineProcess) -> None:
    ready = next_of(engine, "ready")
    assert ready["protocol"] == PROTOCOL_VERSION
    engine.close()
    engine.join()
    assert not engine.alive
    assert engine.next_event() is None, "an end that was asked for is not reported"


def test_the_engine_ends_when_its_input_does(engine: EngineProcess) -> None:
    next_of(engine, "ready")
    engine._input.close()  # as the end of Blender's process would
    assert wait_until_ended(engine, 20.0)


def test_a_killed_engine_reports_itself_and_refuses_commands(engine: EngineProcess) -> None:
    next_of(engine, "ready")
    os.kill(engine.pid, 9)
    died = next_of(engine, "died")
    assert "exit code" in died["error"]
    assert str(engine.log) in died["error"]
    with pytest.raises(EngineError, match="ended with exit code"):
        engine.send({"command": "finish", "job": "x"})


def test_an_engine_of_another_version_is_refused(tmp_path: Path) -> None:
    process = EngineProcess(sys.executable, tmp_path / "engine.log", protocol=PROTOCOL_VERSION + 1)
    try:
        failed = next_of(process, "failed")
        assert "\n" not in failed["error"]
        assert "protocol" in failed["error"]
    finally:
        process.close(1.0)
        process.join()


def test_a_python_without_the_engine_says_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLENDER_NST_ENGINE_PATH", raising=False)
    venv.create(tmp_path / "bare", symlinks=sys.platform != "win32")
    python = tmp_path / "bare" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    process = EngineProcess(str(python), tmp_path / "engine.log", protocol=PROTOCOL_VERSION)
    assert "engine.log" in next_of(process, "died")["error"]
    assert "No module named" in (tmp_path / "engine.log").read_text()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be started"):
        EngineProcess(str(tmp_path / "python"), tmp_path / "engine.log", protocol=PROTOCOL_VERSION)


def test_blenders_python_variables_do_not_reach_the_engine() -> None:
    environment = engine_environment(
        {"PYTHONPATH": "a", "PYTHONHOME": "b", "HOME": "c", "BLENDER_NST_ENGINE_PATH": "d"}
    )
    assert "PYTHONHOME" not in environment
    assert environment["PYTHONPATH"] == "d"
    assert environment["HOME"] == "c"
