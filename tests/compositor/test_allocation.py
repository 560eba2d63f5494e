"""Memory that is kept for the next step, and given back."""

from __future__ import annotations

import subprocess
import sys

import pytest

PAGES = """
import resource, sys
from pathlib import Path
import torch
from compositor.allocation import give_back_freed_memory, keep_freed_memory

def step():
    tensors = [torch.zeros(2**24) for _ in range(3)]

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(8):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
asked = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
held = resident()
give_back_freed_memory()
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
def test_freed_memory_is_kept_until_it_is_wanted_elsewhere() -> None:
    without, _ = pages("give")
    if without < 100_000:
        pytest.skip("this system's pages are large, or its C library is not glibc")
    asked, given_back = pages("keep")
    assert asked < without / 10
    assert given_back > 40_000
