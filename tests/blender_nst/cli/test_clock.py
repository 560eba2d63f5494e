"""A clock that is set back, again and again, during a run and between two: nothing depends on it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.blender_nst.command_line import Cli
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint
from video.resume.journal_file import read_journal

TINY = ["--steps", "1", "--warm-steps", "1", "--coarsest-size", "64", "--device", "cpu", "--no-movie"]

# Each look at the clock is an hour before the last one.
_CLOCK = """
import time
now = time.time()
def earlier():
    global now
    now -= 3600.0
    return now
time.time = earlier
time.time_ns = lambda: int(earlier() * 1e9)
"""


def test_a_clock_that_is_set_back_changes_nothing(
    cli: Cli, tmp_path: Path, child_environment: dict[str, str]
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(_CLOCK)
    write_png(tmp_path / "style.png", paint(Painting.KNIFE, 64, 48))
    wide = paint(Painting.DABS, 96, 48)
    for number in (1, 2):
        write_png(tmp_path / f"frames/f_{number:04}.png", wide[:, number : number + 64])
    out = tmp_path / "out"
    arguments = [
        "stylize",
        str(tmp_path / "frames"),
        "--style",
        str(tmp_path / "style.png"),
        "--out",
        str(out),
    ]
    path = f"{tmp_path / 'site'}:{child_environment['PYTHONPATH']}"
    first = subprocess.run(
        [sys.executable, "-m", "blender_nst.cli.entry", *arguments, *TINY, "--frames", "1", "--json"],
        env=child_environment | {"PYTHONPATH": path},
        capture_output=True,
        check=False,
        text=True,
    )
    assert first.returncode == 0, first.stderr
    dates = re.findall(r"^\d{4}-\d\d-\d\d \d\d", (out / "blender-nst.log").read_text(), re.MULTILINE)
    assert dates == sorted(dates, reverse=True)
    assert len(set(dates)) > 1
    # By a clock that is right again.
    second = cli(*arguments, *TINY, "--json")
    assert second.code == 0, second.stderr
    events = [json.loads(line) for line in second.stdout.splitlines()]
    done = {event["frame"]: event["resumed"] for event in events if event["event"] == "frame_done"}
    assert done == {1: True, 2: False}
    for entry in read_journal(out / "journal.json").entries:
        assert 0.0 <= entry.seconds < 600.0
    assert not list(out.rglob(".lock"))
