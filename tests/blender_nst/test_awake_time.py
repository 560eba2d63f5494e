"""Time-outs that leave out the time for which a process was suspended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from blender_nst.awake_time import communicate, is_suspended, run_command

REPOSITORY = Path(__file__).parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def working(tenths: int) -> list[str]:
    """A command that works for so many tenths of a second of its own, and then says `done`."""
    script = f"import time\nfor _ in range({tenths}): time.sleep(0.1)\nprint('done')"
    return [sys.executable, "-IS", "-c", script]


def suspended_for(pid: int, seconds: float) -> Callable[[], None]:
    """Suspends a process at once, and continues it after so many seconds; waits for that when called."""
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(seconds, os.kill, (pid, signal.SIGCONT))
    timer.start()
    return timer.join


def test_a_command_gives_what_it_writes_to_both_streams() -> None:
    script = "import sys; print(input.__name__); print('no', file=sys.stderr); sys.exit(3)"
    ended = run_command([sys.executable, "-c", script], 60.0)
    assert (ended.returncode, ended.stdout.split(), ended.stderr.split()) == (3, [b"input"], [b"no"])


def test_a_command_that_takes_too_long_is_killed() -> None:
    begun = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        run_command(working(3000), 2.0)
    assert 2.0 <= time.monotonic() - begun < 60.0


@posix
def test_a_suspended_child_is_seen() -> None:
    with subprocess.Popen(working(3000)) as child:
        assert not is_suspended(child.pid)
        os.kill(child.pid, signal.SIGSTOP)
        deadline = time.monotonic() + 30.0
        while not is_suspended(child.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert is_suspended(child.pid)
        assert child.poll() is None
        os.kill(child.pid, signal.SIGCONT)
        assert not is_suspended(child.pid)
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert not is_suspended(child.pid)


@posix
def test_time_for_which_the_child_is_suspended_is_not_counted() -> None:
    with subprocess.Popen(working(10), stdout=subprocess.PIPE) as child:
        wait = suspended_for(child.pid, 8.0)
        output, _ = communicate(child, 5.0)
        wait()
    assert output.split() == [b"done"]


WAITS = """
import sys
from blender_nst.awake_time import run_command
print("begun", flush=True)
print(run_command(sys.argv[1:], 6.0).stdout.decode(), flush=True)
"""


@posix
def test_time_for_which_this_process_is_suspended_is_not_counted() -> None:
    # The command needs longer than the process that waits for it is suspended.
    with subprocess.Popen(
        [sys.executable, "-c", WAITS, *working(90)],
        stdout=subprocess.PIPE,
        encoding="ascii",
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    ) as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "begun\n"
        time.sleep(0.5)
        suspended_for(waiting.pid, 8.0)()
        assert waiting.stdout.read().split() == ["done"]
