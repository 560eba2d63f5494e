"""A job of Flamenco from the scene to the movie: submitted in Blender, compiled by node, run task by task."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.ui.farm.flamenco import NO_NODE, NODE, Job, compile_job
from video.images.image_files import read_image
from video.movies.movie import movie_length

across_versions = pytest.mark.across_versions

STAND_IN = Path(__file__).with_name("stand_in_blender.py")

_SUBMIT = """
load().register()
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
result = list(bpy.ops.nst.submit_to_farm())
finish([result, scene.nst_farm.shots, bpy.ops.nst.submit_to_farm.poll()])
"""

Blend = Callable[[str], Path]


@pytest.fixture
def farm_blend(blender: BlenderInTests, blend_file: Path, style_picture: Path) -> Blend:
    """Saves a scene of five frames with a style and a tiny preset, after a script has changed it."""

    def save(change: str) -> Path:
        registered = f"""
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
        import blender_nst
        blender_nst.register()
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        scene = bpy.context.scene
        scene.frame_end = 5
        scene.nst.style_path = {str(style_picture)!r}
        scene.nst.steps, scene.nst.warm_steps, scene.nst.coarsest_size = 2, 1, 64
        scene.nst.device = "CPU"
        farm = scene.nst_farm
        farm.in_order, farm.chunk_size, farm.lead_in, farm.render_chunk_size = False, 2, 1, 2
        """
        return blender.changed(blend_file, registered + change, name="film")

    return save


def submitted(blender: BlenderInTests, blend: Path) -> tuple[list[Any], Path]:
    """What the operator gave, and the folder of the job."""
    return blender.run(_SUBMIT, str(blend)).result, blend.parent / "farm" / "job"


def compiled(folder: Path, **changed: Any) -> Job:
    settings = json.loads((folder / "job.json").read_text("utf-8"))["settings"]
    return compile_job(settings | changed)


def variables(blender: BlenderInTests) -> dict[str, str]:
    """What the Manager puts into commands: a Blender, and its usual arguments."""
    return {"blender": "\0".join(blender.runtime.command(STAND_IN, [])), "blenderArgs": "-b -y"}


@pytest.mark.skipif(NODE is None, reason=NO_NODE)
@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for the command is a shell script")
def test_a_job_from_blender_is_compiled_and_run_to_the_movie(
    blender: BlenderInTests, farm_blend: Blend, child_environment: dict[str, str], tmp_path: Path
) -> None:
    blend = farm_blend(
        """
        second = bpy.data.objects.new("Second", scene.camera.data)
        second.matrix_world = scene.camera.matrix_world.copy()
        second.location.x += 1.0
        scene.collection.objects.link(second)
        for frame, camera in ((1, scene.camera), (3, second)):
            scene.timeline_markers.new("shot", frame=frame).camera = camera
        scene.nst.seed = 7
        """
    )
    (result, shots, _), folder = submitted(blender, blend)
    assert (result, shots) == (["FINISHED"], "1,3")
    job_file = json.loads((folder / "job.json").read_text("utf-8"))
    assert job_file["type"] == (folder / "render_and_stylize.js").stem.replace("_", "-")
    assert "blender-nst" in (folder / "README.txt").read_text("utf-8")
    program = tmp_path / "blender-nst"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m blender_nst.cli.app "$@"\n')
    program.chmod(0o755)
    job = compiled(folder, program=str(program))
    assert [name for name in job.names if name.startswith("stylize")] == [
        *("stylize-1-2", "stylize-3-4", "stylize-5")
    ]
    job.run(variables(blender), blender.environment() | child_environment)
    out = Path(job.settings["output_path"]) / "stylized"
    assert sorted(path.name for path in (out / "styled").iterdir()) == [
        f"styled_{frame:04}.png" for frame in range(1, 6)
    ]
    assert movie_length(out / "styled.mp4") == 5
    # Frame 3 begins a shot.
    assert list(json.loads((out / "metrics.json").read_text())["seams"]["warp_error"]) == ["5"]
    look = json.loads((out / "farm.json").read_text())
    assert (look["style_settings"]["steps"], look["style_settings"]["seed"]) == (2, 7)


_RENDER = """
load().register()
bpy.ops.wm.open_mainfile(filepath=arguments[0])
bpy.context.scene.nst.enabled = True
try:
    finish(list(bpy.ops.nst.render_frames(frames=arguments[1], folder=arguments[2], bits=int(arguments[3]))))
except RuntimeError as error:
    finish(str(error))
"""


@across_versions
def test_frames_are_rendered_once_and_are_those_of_a_capture(
    blender: BlenderInTests, farm_blend: Blend, tmp_path: Path
) -> None:
    blend, out = farm_blend(""), tmp_path / "rendered"
    wanted = [str(blend), "1-2,4", str(out), "8"]
    assert blender.run(_RENDER, *wanted).result == ["FINISHED"]
    names = {path.name for path in (out / "content").iterdir()}
    assert names == {f"content_{frame:04}.png" for frame in (1, 2, 4)}
    for frame in (1, 2, 4):
        assert (out / "passes" / f"passes_{frame:04}.exr").stat().st_size > 0
        note = json.loads((out / "passes" / f"passes_{frame:04}.json").read_text())
        assert note["frame"] == frame
        assert note["camera"] == "Camera"
    # The cube moves from frame to frame.
    first, second = (read_image(out / "content" / f"content_000{frame}.png") for frame in (1, 2))
    assert not np.array_equal(first, second)
    kept = (out / "content" / "content_0001.png").read_bytes()
    before = {path: path.stat().st_mtime_ns for path in (out / "content").iterdir()}
    (out / "passes" / "passes_0002.json").unlink()
    assert blender.run(_RENDER, *wanted).result == ["FINISHED"]
    changed = {path.name for path in before if path.stat().st_mtime_ns != before[path]}
    assert changed == {"content_0002.png"}, "what is there, whole, is not rendered again"
    assert (out / "content" / "content_0001.png").read_bytes() == kept


@across_versions
@pytest.mark.parametrize(
    ("change", "frames", "words"),
    [
        ("", "1-2x2", "write frames as"),
        ("scene.render.use_multiview = True", "1", "several views"),
        ("scene.camera = None", "1", "cannot render"),
    ],
)
def test_a_task_that_cannot_render_fails_with_its_reason(
    blender: BlenderInTests, farm_blend: Blend, change: str, frames: str, words: str
) -> None:
    blend = farm_blend(change)
    refused = blender.run(_RENDER, str(blend), frames, str(blend.parent / "rendered"), "8").result
    assert isinstance(refused, str), "an operator that refuses is an error of the script, and of the task"
    assert words in refused
