"""`blender-nst chunk` and `farm plan` with a .blend that Blender renders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.command_line import Cli
from video.images.image_files import read_image

TINY = ["--steps", "2", "--warm-steps", "1", "--coarsest-size", "64", "--device", "cpu"]


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
