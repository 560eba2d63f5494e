"""The script that measures a GPU, small and on the processor: every section gives its rows."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
SCRIPT = REPOSITORY / "tests" / "benchmark" / "gpu.py"


def run(out: Path, *options: str) -> tuple[int, list[dict[str, object]]]:
    command = [sys.executable, str(SCRIPT), "--device", "cpu", "--json", str(out), *options]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        command, env=environment, cwd=out.parent, capture_output=True, text=True, timeout=900, check=False
    )
    assert out.is_file(), done.stderr
    return done.returncode, json.loads(out.read_text("utf-8"))["rows"]


def test_every_section_measures_something_or_says_why_not(tmp_path: Path) -> None:
    code, rows = run(tmp_path / "rows.json")
    assert code == 0, [each for each in rows if each["failed"]]
    by_section: dict[object, list[dict[str, object]]] = {}
    for row in rows:
        by_section.setdefault(row["section"], []).append(row)
    assert list(by_section) == ["precision", "graphs", "steps", "frames", "shortage", "raft", "tests"]
    for name, own in by_section.items():
        for row in own:
            value = row["value"]
            if value is None:
                assert name in ("graphs", "raft")
                assert row["note"]
            else:
                assert isinstance(value, float)
                assert math.isfinite(value)
                assert value >= 0.0
    assert [row["what"] for row in by_section["steps"]] == ["64×48", "96×72"]
    assert [row["what"] for row in by_section["frames"]] == ["64×48, cold", "64×48, warm"]
    assert by_section["shortage"][0]["value"] == 0.0


def test_what_there_is_no_time_for_is_named(tmp_path: Path) -> None:
    code, rows = run(tmp_path / "rows.json", "--minutes", "0", "--sections", "steps,raft")
    assert code == 0
    assert [(row["section"], row["value"]) for row in rows] == [("steps", None), ("raft", None)]


def test_a_section_that_fails_is_a_row_and_the_others_are_measured(tmp_path: Path) -> None:
    code, rows = run(tmp_path / "rows.json", "--sections", "nothing,graphs")
    assert code == 1
    assert [(row["section"], row["failed"]) for row in rows] == [
        ("nothing", True),
        ("graphs", False),
    ]
