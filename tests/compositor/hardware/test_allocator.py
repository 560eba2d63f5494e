"""Memory that is kept for the next step, and given back."""

from __future__ import annotations

import subprocess
import sys

import pytest

PAGES = """
import resource, sys
from contextlib import nullcontext
from pathlib import Path
import torch
from compositor.hardware.allocator import keep_freed_memory

def steps(count):
    for _ in range(count):
        tensors = [torch.zeros(2**24) for _ in range(3)]

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

with keep_freed_memory(torch.device("cpu")) if sys.argv[1] == "keep" else nullcontext():
    steps(8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    steps(5)
    asked = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    held = resident()
print(asked, held - resident())
"""


def pages(how: str) -> tuple[int, int]:
    """Pages asked for in five steps, each with 192 MB that come and go, and given back after them.

    They are counted after some others, in which the pieces that are kept come to fit.
    """
    run = subprocess.run([sys.executable, "-c", PAGES, how], capture_output=True, check=True, text=True)
    asked, given_back = map(int, run.stdout.split())
    return asked, given_back


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is on Linux")
def test_freed_memory_is_kept_until_the_end() -> None:
    without, _ = pages("give")
    if without < 100_000:
        pytest.skip("this system's pages are large, or its C library is not glibc")
    asked, given_back = pages("keep")
    assert asked < without / 10
    assert given_back > 40_000
