"""`blender-nst render` with what the scene itself has: its parts, and its compositor."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.command_line import Cli
from tests.blender_nst.headless.test_main import engine_processes, needs_proc
from video.frames.cryptomatte import MatteKind, read_mattes
from video.movies.movie import movie_length


def test_a_part_is_kept_and_the_scenes_compositor_runs_over_the_styled_frames(
    cli: Cli, blender: BlenderInTests, blend_file: Path, style_picture: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    blend = blender.changed(
        blend_file,
        """
        from blender_nst.compat.compositor_trees import make_tree
        scene.render.film_transparent = False
        tree, output = make_tree(scene)
        black = tree.nodes.new("CompositorNodeExposure")
        black.inputs["Exposure"].default_value = -10.0
        tree.links.new(output.inputs[0].links[0].from_socket, black.inputs[0])
        tree.links.new(black.outputs[0], output.inputs[0])
        """,
    )
    options = ["--style", style_picture, "--keep", "object:Cube", "--composite", "--frames", "1-2", "--json"]
    tiny = ["--steps", "2", "--warm-steps", "1", "--coarsest-size", "64", "--device", "cpu"]
    outcome = cli("render", blend, *options, *tiny, "--blender", blender.runtime.program, "--out", out)
    assert outcome.code == 0, outcome.stderr
    events = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [each["frame"] for each in events if each["event"] == "composited"] == [1, 2]
    for number in (1, 2):
        content, styled, composited = (
            np.asarray(Image.open(out / kind / f"{kind}_{number:04d}.png")).astype(int)
            for kind in ("content", "styled", "composited")
        )
        kept = (
            read_mattes(out / f"passes/passes_{number:04d}.exr", MatteKind.OBJECT).coverage(["Cube"]) == 1.0
        )
        assert content[kept].mean() > 50.0, "the compositor's black is not in it"
        np.testing.assert_array_equal(styled[kept], content[kept])
        assert np.abs(styled - content)[~kept].max() > 0
        assert composited.max() <= 4
    assert movie_length(out / "composited.mp4") == movie_length(out / "styled.mp4") == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--region", "mask.png=style.png"], "mask.png: a region of a render is object:NAME"),
        (["--keep", "mask_####.png"], "mask_####.png: a region of a render is object:NAME"),
        (["--keep", "object:"], "the name of the object is missing"),
    ],
)
def test_a_region_that_is_no_part_is_refused_before_anything_starts(
    cli: Cli, style_picture: Path, tmp_path: Path, options: list[str], words: str
) -> None:
    (tmp_path / "scene.blend").touch()
    out = tmp_path / "out"
    outcome = cli("render", tmp_path / "scene.blend", "--style", style_picture, *options, "--out", out)
    assert outcome.code == 2
    (line,) = outcome.stderr.splitlines()
    assert words in line
    assert not out.exists()


@pytest.mark.parametrize("frames", ["-5--3", "-1-4", "1-2000000"])
def test_frames_that_blender_would_not_render_are_refused(
    cli: Cli, style_picture: Path, tmp_path: Path, frames: str
) -> None:
    (tmp_path / "scene.blend").touch()
    options = ["--style", style_picture, "--frames", frames, "--out", tmp_path / "out"]
    outcome = cli("render", tmp_path / "scene.blend", *options)
    assert outcome.code == 2
    assert f"the frame range {frames}: Blender renders animations from frame 0 to" in outcome.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture
def command(blender: BlenderInTests, blend_file: Path, style_picture: Path, tmp_path: Path) -> list[str]:
    """A render of three frames into `out`, in a process of its own."""
    program = [sys.executable, "-m", "blender_nst.cli.entry", "render", str(blend_file)]
    options = ["--style", str(style_picture), "--out", str(tmp_path / "out"), "--frames", "1-3"]
    tiny = ["--steps", "2", "--coarsest-size", "64", "--device", "cpu", "--json"]
    return [*program, *options, *tiny, "--blender", str(blender.runtime.program)]


def blender_processes(blend: Path) -> list[int]:
    """The processes that work at a job over this file."""
    found: list[int] = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
                job = next((Path(word.decode()) for word in words if word.endswith(b"job.json")), None)
                if job is not None and json.loads(job.read_text("utf-8"))["blend"] == str(blend):
                    found.append(int(process.name))
            except (OSError, ValueError):
                continue
    return found


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_a_signal_ends_blender_and_the_engine_and_keeps_the_frames(
    command: list[str], tmp_path: Path, child_environment: dict[str, str], number: signal.Signals
) -> None:
    out, blend = tmp_path / "out", Path(command[4]).resolve()
    with subprocess.Popen(
        [*command, "--warm-steps", "60"],
        env=child_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout or ():
            if '"frame_done"' in line:
                assert engine_processes(out)
                assert blender_processes(blend)
                process.send_signal(number)
                break
        told = process.communicate()[1].splitlines()
    assert process.returncode == 128 + number, told
    assert told[-1].startswith(
        "blender-nst: interrupted; finished frames are kept; to go on: blender-nst render"
    )
    assert "Traceback" not in "\n".join(told)
    assert engine_processes(out) == []
    assert blender_processes(blend) == []
    assert len(json.loads((out / "journal.json").read_text("utf-8"))["frames"]) in (1, 2)


def test_two_renders_in_one_folder_end_one_after_the_other(
    command: list[str], tmp_path: Path, child_environment: dict[str, str]
) -> None:
    runs: list[subprocess.Popen[str]] = []
    for _ in range(2):
        runs.append(
            subprocess.Popen(
                [*command, "--warm-steps", "1"],
                env=child_environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        time.sleep(0.5)
    told = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert "Traceback" not in "".join(errors for _, errors in told)
    resumed = [
        [json.loads(line)["resumed"] for line in lines.splitlines() if "frame_done" in line]
        for lines, _ in told
    ]
    assert sorted(resumed) == [[False] * 3, [True] * 3]
    assert len(list((tmp_path / "out" / "styled").iterdir())) == 3
    assert movie_length(tmp_path / "out" / "styled.mp4") == 3
