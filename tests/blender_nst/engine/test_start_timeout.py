"""How long the start of an engine may take: time for which somebody was suspended is not counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from blender_nst.engine import messages
from blender_nst.engine.process import EngineEvent, EngineProcess
from blender_nst.engine.supervisor import SupervisedEngine, SupervisorState
from blender_nst.local_events import Died
from video.protocol.json_lines import encode
from video.protocol.messages import PROTOCOL_VERSION, Ready

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

REPOSITORY = Path(__file__).parents[3]
LIMIT = 6.0
"""Seconds that the start may take."""
SUSPENDED = 9.0
"""Seconds, more than `LIMIT`."""


def slow_python(folder: Path, steps: int) -> str:
    """A program in place of the engine's Python that answers after so many tenths of a second of its own."""
    ready = encode(Ready(PROTOCOL_VERSION, "0", "cpu", "0", "3.11"))
    program = folder / "python"
    program.write_text(
        f"#!{sys.executable} -IS\n"
        "import sys, time\n"
        f"for _ in range({steps}):\n"
        "    time.sleep(0.1)\n"
        f"sys.stdout.write({ready!r})\n"
        "sys.stdout.flush()\n"
        "sys.stdin.read()\n"
    )
    program.chmod(0o755)
    return str(program)


@contextmanager
def started(python: str, log: Path) -> Iterator[SupervisedEngine]:
    engine = SupervisedEngine(
        lambda on_event: EngineProcess(python, log, on_event=on_event), start_timeout=LIMIT
    )
    try:
        yield engine
    finally:
        engine.close(1.0)
        engine.join()


def answer(engine: SupervisedEngine) -> EngineEvent | None:
    return engine.next_event(60.0)


@pytest.mark.expected_errors("the style engine ended with exit code")
def test_an_engine_that_never_answers_is_ended(tmp_path: Path) -> None:
    begun = time.monotonic()
    with started(slow_python(tmp_path, 6000), tmp_path / "log.txt") as engine:
        event = answer(engine)
        assert isinstance(event, Died)
        assert engine.state is SupervisorState.ENDED
    assert time.monotonic() - begun >= LIMIT
    assert "has not answered" in event.error
    assert "\n" not in event.error


def test_an_engine_that_is_suspended_while_it_starts_is_waited_for(tmp_path: Path) -> None:
    with started(slow_python(tmp_path, 20), tmp_path / "log.txt") as engine:
        os.kill(engine.pid, signal.SIGSTOP)
        time.sleep(SUSPENDED)
        assert engine.state is SupervisorState.STARTING
        os.kill(engine.pid, signal.SIGCONT)
        assert isinstance(answer(engine), messages.Ready)


CALLER = """
import sys
from pathlib import Path
from blender_nst.engine.process import EngineProcess
from blender_nst.engine.supervisor import SupervisedEngine

def start(on_event):
    process = EngineProcess(sys.argv[1], Path(sys.argv[2]), on_event=on_event)
    print(process.pid, flush=True)
    return process

engine = SupervisedEngine(start, start_timeout=float(sys.argv[3]))
print(type(engine.next_event(60.0)).__name__, flush=True)
engine.close()
"""


def test_caller_and_engine_that_are_suspended_together_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CALLER, slow_python(tmp_path, 20), str(tmp_path / "log.txt"), str(LIMIT)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, encoding="ascii", env=os.environ | {"PYTHONPATH": str(REPOSITORY)}
    ) as caller:
        assert caller.stdout is not None
        both = (caller.pid, int(caller.stdout.readline()))
        for pid in both:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(SUSPENDED)
        for pid in both:
            os.kill(pid, signal.SIGCONT)
        assert caller.stdout.read().split() == ["Ready"]
