"""What native decoders print is dropped, what others print in the meantime is not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from video.files.native_output import suppress_native_output

WORDS = """
import os, sys, threading
from video.files.native_output import suppress_native_output
with suppress_native_output():
    os.write(1, b"native\\n"); os.write(2, b"native\\n")
    print("mine"); print("mine", file=sys.stderr)
    other = threading.Thread(target=lambda: (print("shown"), print("told", file=sys.stderr)))
    other.start(); other.join()
print("after", file=sys.stderr)
"""

TALK = """
import os, threading, time
from video.files.native_output import suppress_native_output
def talk():
    while True:
        print("x" * 50, flush=True)
for _ in range(3):
    threading.Thread(target=talk, daemon=True).start()
end = time.monotonic() + 2
while time.monotonic() < end:
    with suppress_native_output():
        time.sleep(0)
os._exit(0)
"""


def test_what_another_thread_prints_comes_through(child_environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORDS], env=child_environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "shown\n"
    assert done.stderr == "told\nafter\n"


def test_a_print_in_the_middle_of_a_change_ends_nothing(child_environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TALK], env=child_environment, stdout=subprocess.PIPE, check=False
    )
    assert done.returncode == 0
    assert set(done.stdout) == set(b"x\n")


def test_standard_error_is_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    stream = sys.stderr
    with suppress_native_output():
        os.write(2, b"native\n")
    assert sys.stderr is stream
    os.write(2, b"told\n")
    assert capfd.readouterr().err == "told\n"


def test_one_file_at_a_time_is_decoded() -> None:
    inside, most = 0, 0

    def decode() -> None:
        nonlocal inside, most
        for _ in range(20):
            with suppress_native_output():
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=decode) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
