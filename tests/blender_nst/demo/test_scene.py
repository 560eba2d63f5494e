"""The demo's scene is built by a real Blender in one process and looked at by another."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import blender_nst

SCRIPT = Path(blender_nst.__file__).parent / "demo" / "scene.py"

LOOK = """
import json, os, sys
import bpy

blend, report = (sys.argv[sys.argv.index("--") + 1:] if "--" in sys.argv else sys.argv[1:])
bpy.ops.wm.open_mainfile(filepath=blend)
scene = bpy.context.scene


def place(frame):
    scene.frame_set(frame)
    moving = (scene.camera, bpy.data.objects["Balloon"], bpy.data.objects["Sails"])
    return [[value for row in thing.matrix_world for value in row] for thing in moving]


found = {
    "meshes": sum(thing.type == "MESH" for thing in bpy.data.objects),
    "textured": sum(any("TEX" in node.type for node in m.node_tree.nodes) for m in bpy.data.materials),
    "range": [scene.frame_start, scene.frame_end],
    "resolution": [scene.render.resolution_x, scene.render.resolution_y],
    "places": [place(frame) for frame in range(scene.frame_start - 1, scene.frame_end + 2)],
    "passes": [scene.view_layers[0].use_pass_vector, scene.view_layers[0].use_pass_z],
    "motion_blur": scene.render.use_motion_blur,
}
with open(report, "w") as file:
    json.dump(found, file)
sys.stdout.flush()
os._exit(0)
"""


def run(command: list[str]) -> None:
    """Run one Blender process; its output is shown when it fails."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def scene(blender_runtime: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a second Blender finds in the file that the script wrote."""
    folder = tmp_path_factory.mktemp("demo")
    blend, look, report = folder / "demo.blend", folder / "look.py", folder / "report.json"
    size = ["--frames", "4", "--width", "160", "--height", "90"]
    run(blender_runtime.command(SCRIPT, ["--out", str(blend), *size]))
    assert blend.stat().st_size > 0
    look.write_text(LOOK)
    run(blender_runtime.command(look, [str(blend), str(report)]))
    return json.loads(report.read_text())


def test_scene_has_many_textured_things(scene: dict[str, Any]) -> None:
    assert scene["meshes"] >= 5
    assert scene["textured"] >= 5


def test_frames_and_resolution_are_those_asked_for(scene: dict[str, Any]) -> None:
    assert scene["range"] == [1, 4]
    assert scene["resolution"] == [160, 90]


def test_camera_balloon_and_sails_move_on_every_frame(scene: dict[str, Any]) -> None:
    """One frame beyond either end too, where the Vector pass looks."""
    assert len(scene["places"]) == 6
    for earlier, later in pairwise(scene["places"]):
        for before, after in zip(earlier, later, strict=True):
            assert max(abs(a - b) for a, b in zip(before, after, strict=True)) > 1e-3


def test_passes_for_the_motion_are_on(scene: dict[str, Any]) -> None:
    assert scene["passes"] == [True, True]
    assert scene["motion_blur"] is False
