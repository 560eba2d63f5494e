"""The heartbeat counts what its process has worked, not what it was suspended."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from video.worker.heartbeat import Heartbeat

_WORK = """
import time
from video.worker.heartbeat import Heartbeat
heartbeat = Heartbeat(lambda busy: print(busy, flush=True), interval=0.05)
with heartbeat.working():
    time.sleep(300)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_process_that_was_stopped_has_not_hung(child_environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WORK], env=child_environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        before = float(process.stdout.readline())
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.0)
        process.send_signal(signal.SIGCONT)
        after = [float(process.stdout.readline()) for _ in range(3)]
        process.kill()
    assert before <= after[0] <= after[-1] < before + 0.6


def test_work_without_progress_grows_and_progress_begins_anew() -> None:
    beats: list[float] = []
    beaten = threading.Semaphore(0)

    def beat(busy: float) -> None:
        beats.append(busy)
        beaten.release()

    heartbeat = Heartbeat(beat, interval=0.1)

    def after(count: int) -> float:
        for _ in range(count):
            assert beaten.acquire(timeout=10.0)
        return beats[-1]

    assert after(1) == 0.0
    with heartbeat.working():
        assert after(3) > 0.15
        heartbeat.progress()
        assert after(1) <= 0.15
        with heartbeat.idle(), heartbeat.awaiting():
            after(1)
            assert after(2) == 0.0
    after(1)
    assert after(1) == 0.0
