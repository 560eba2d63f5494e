"""A longer sequence takes no more memory and no more open files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmark" / "long_run.py"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_memory_and_open_files_stay(child_environment: dict[str, str]) -> None:
    command = [sys.executable, str(SCRIPT), "--frames", "60", "--every", "20", "--json"]
    finished = subprocess.run(command, env=child_environment, capture_output=True, check=True, text=True)
    looks = json.loads(finished.stdout)
    assert len(set(looks["open_files"])) == 1
    # The first look is after 20 frames, when everything that is kept once has been made.
    assert looks["resident_mb"][-1] - looks["resident_mb"][0] < 25.0
