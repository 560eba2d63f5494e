"""`blender-nst chunk` and `farm …` with a .blend that Blender renders."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from blender_nst.cli.farm.exit_codes import ChunkExit
from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.command_line import Cli
from video.images.image_files import read_image

TINY = ["--steps", "2", "--warm-steps", "1", "--coarsest-size", "64", "--device", "cpu"]
OPENJD = Path(sys.executable).parent / "openjd"

# Strength is 0 in frame 1, 0.5 in frame 2, 1 in frame 3.
_ANIMATED = """
load().register()
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
from blender_nst.properties.animation import _curves
for frame, value in ((1, 0.0), (3, 1.0)):
    scene.nst.strength = value
    scene.nst.keyframe_insert("strength", frame=frame)
for curve in _curves(scene.animation_data.action):
    for key in curve.keyframe_points:
        key.interpolation = "LINEAR"
"""


def files(out: Path, kind: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / kind).glob(f"{kind}_*.png")}


def test_chunks_of_a_scene_with_two_cameras_are_the_run_of_one_machine(
    cli: Cli, blender: BlenderInTests, blend_file: Path, style_picture: Path, tmp_path: Path
) -> None:
    blend = blender.changed(
        blend_file,
        """
        scene.frame_end = 4
        first = scene.camera
        second = bpy.data.objects.new("Second", first.data)
        second.matrix_world = first.matrix_world.copy()
        second.location.x += 1.0
        scene.collection.objects.link(second)
        for frame, camera in ((1, first), (2, first), (3, second)):
            scene.timeline_markers.new("shot", frame=frame).camera = camera
        """,
    )
    program, farm, one = ["--blender", blender.runtime.program], tmp_path / "farm", tmp_path / "one"
    common = [blend, "--style", style_picture, *TINY, *program]
    assert cli("render", *common, "--out", one).code == 0
    # The second chunk leads in by frame 3; nothing of the first one's shot is rendered for it.
    for frames in ("4", "1-3"):
        made = ["--frames", frames, "--lead-in", "shot", "--out", farm, "--progress", "openjd"]
        outcome = cli("chunk", *common, *made)
        assert outcome.code == 0, outcome.stdout
        assert "openjd_progress: 100.0" in outcome.stdout
    assert json.loads((farm / "chunks" / "0004" / "chunk.json").read_text())["run"] == "3-4"
    assert files(farm, "styled") == files(one, "styled")
    for name in files(one, "content"):
        # Blender writes the time of the render into its files.
        theirs, ours = (read_image(out / "content" / name) for out in (farm, one))
        np.testing.assert_array_equal(theirs, ours)
    assert len(list((farm / "passes").glob("passes_*.exr"))) == 4
    # Camera markers are the shots, and what the farm delivers has all that its metrics need.
    assert json.loads((farm / "farm.json").read_text())["timeline"]["shots"] == [1, 3]
    finished = cli("farm", "finish", farm, "--frames", "1-4", "--json")
    assert finished.code == 0, finished.stderr
    assert json.loads(finished.stdout)["movie"] == str(farm / "styled.mp4")
    # Frame 3 begins a shot, so that the seam before frame 4 is the only one.
    assert list(json.loads((farm / "metrics.json").read_text())["seams"]["warp_error"]) == ["4"]


def strengths(out: Path) -> list[str | None]:
    """That each frame was stylized with; None where it is the run's."""
    records = [json.loads(path.read_text()) for path in sorted((out / "chunks").glob("*/chunk.json"))]
    return [entry["fingerprint"].get("strength") for record in records for entry in record["entries"]]


@pytest.fixture
def animated(blender: BlenderInTests, blend_file: Path, style_picture: Path) -> list[object]:
    """The arguments of a .blend with animated strength."""
    blend = blender.changed(blend_file, _ANIMATED)
    return [blend, "--style", style_picture, *TINY, "--blender", blender.runtime.program]


def test_chunks_have_the_animation_of_the_blend_where_no_option_is_given(
    cli: Cli, animated: list[object], tmp_path: Path
) -> None:
    chunk = ["chunk", *animated, "--out", tmp_path / "farm"]
    assert cli(*chunk, "--frames", "2-3", "--lead-in", "1").code == 0
    assert strengths(tmp_path / "farm") == ["0.5", "1.0"]
    mixed = cli(*chunk, "--frames", "1", "--strength", "1.0")
    assert mixed.code == ChunkExit.BAD_INPUT
    assert "animated settings was strength, is none" in mixed.stderr
    given = ["chunk", *animated, "--out", tmp_path / "given", "--frames", "1-2", "--strength", "0.25"]
    assert cli(*given).code == 0
    assert strengths(tmp_path / "given") == [None, None]
    assert json.loads((tmp_path / "given" / "farm.json").read_text())["style_settings"]["strength"] == 0.25


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for the command is a shell script")
@pytest.mark.skipif(not OPENJD.exists(), reason="openjd-cli is not installed")
def test_a_job_of_openjd_has_the_animation_of_the_blend(
    *,
    cli: Cli,
    animated: list[object],
    tmp_path: Path,
    child_environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, job = tmp_path / "farm", tmp_path / "job"
    assert cli("farm", "submit", *animated, "--out", out, "--job", job).code == 0
    template = json.loads((job / "template.json").read_text())
    named = {each["name"] for each in template["parameterDefinitions"]}
    assert "Paint" in named
    assert "Strength" not in named
    program = tmp_path / "blender-nst"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m blender_nst.cli.app "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", child_environment["PYTHONPATH"])
    listed = json.loads((job / "parameter_values.json").read_text())["parameterValues"]
    values = [f"{each['name']}={each['value']}" for each in [*listed, {"name": "Program", "value": program}]]
    command = [OPENJD, "run", job / "template.json", "--step", "Finish", "--run-dependencies"]
    ended = subprocess.run(
        [*map(str, command), *(part for each in values for part in ("-p", each))],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert strengths(out) == ["0.0", "0.5", "1.0"]
    content = read_image(out / "content" / "content_0001.png")
    np.testing.assert_array_equal(read_image(out / "styled" / "styled_0001.png"), content)


def test_workers_of_dask_have_the_animation_of_the_blend(
    animated: list[object], tmp_path: Path, child_environment: dict[str, str]
) -> None:
    pytest.importorskip("distributed")
    made = ["farm", "run", *animated, "--out", tmp_path / "farm", "--scheduler", "local:1"]
    command = [sys.executable, "-m", "blender_nst.cli.app", *map(str, made)]
    ended = subprocess.run(
        command, env=child_environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert strengths(tmp_path / "farm") == ["0.0", "0.5", "1.0"]
