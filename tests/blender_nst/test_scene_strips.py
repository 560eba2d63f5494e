"""Scenes inside of scenes: strips of the sequencer, whose scene Blender renders within each outer frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.test_handlers import lines_of, run_in

pytestmark = pytest.mark.across_versions

EDIT = """
shot = scene
shot.name = "Shot"
edit = bpy.data.scenes.new("Edit")
edit.render.resolution_x, edit.render.resolution_y = 96, 64
edit.frame_start, edit.frame_end = 1, 3
editor = edit.sequence_editor_create()
strips = editor.strips if hasattr(editor, "strips") else editor.sequences
strip = strips.new_scene("Shot", shot, 1, 1)
"""


def rendered_as(folder: Path, frame: int) -> np.ndarray:
    return np.asarray(Image.open(folder / f"own_{frame:04d}.png").convert("RGB")).astype(int)


def content_of(output: Path, frame: int) -> np.ndarray:
    return np.asarray(Image.open(output / "content" / f"content_{frame:04d}.png").convert("RGB")).astype(int)


def styled_of(output: Path, frame: int) -> np.ndarray:
    return np.asarray(Image.open(output / "styled" / f"styled_{frame:04d}.png").convert("RGB")).astype(int)


def test_the_outer_scenes_frames_are_stylized(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        EDIT
        + """
for name in ("style_path", "output_path", "steps", "coarsest_size", "device", "warm_steps", "enabled"):
    setattr(edit.nst, name, getattr(shot.nst, name))
shot.nst.output_path = arguments[2] + "-of-the-strip"
layers = [layer for each in (edit, shot) for layer in each.view_layers]
passes = lambda: [[layer.use_pass_vector, layer.use_pass_z] for layer in layers]
before = passes()
edit.render.filepath = arguments[3]
edit.render.image_settings.color_mode = "RGB"
bpy.ops.render.render(animation=True, scene="Edit")
finish({"state": state(), "own": rendered(), "same": passes() == before})
""",
        blend_file,
        style_picture,
    )
    state = run.result["state"]
    assert (state["state"], state["sent"], state["done"]) == ("ended", [1, 2, 3], [1, 2, 3]), run.output
    assert state["error"] is None
    assert run.result["own"] == ["own_0001.png", "own_0002.png", "own_0003.png"]
    assert run.result["same"]
    assert lines_of(run)[-1].startswith("Blender NST: 3 frames stylized")
    # What was stylized is what the outer scene has rendered, and the strip's scene has made no run.
    out = blender.folder / "out"
    for frame in (1, 2, 3):
        assert np.abs(content_of(out, frame) - rendered_as(blender.folder, frame)).max() <= 1
        assert np.abs(styled_of(out, frame) - content_of(out, frame)).max() > 8
    assert np.abs(content_of(out, 3) - content_of(out, 1)).max() > 50, "the cube moves"
    assert not (blender.folder / "out-of-the-strip").exists()


def test_a_still_of_an_edit_is_stylized(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        EDIT
        + """
for name in ("style_path", "output_path", "steps", "coarsest_size", "device", "enabled"):
    setattr(edit.nst, name, getattr(shot.nst, name))
edit.nst.stills = shot.nst.stills = True
shot.nst.output_path = arguments[2] + "-of-the-strip"
bpy.context.window.scene = edit
edit.frame_set(2)
bpy.ops.render.render()
finish([state()["done"], handlers.shown_frame()])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [[2], ["Edit", 2]]
    assert [path.name for path in (blender.folder / "out").rglob("styled_*.png")] == ["styled_0002.png"]
    assert not (blender.folder / "out-of-the-strip").exists()


def test_the_strips_scene_does_nothing_in_an_outer_scene_that_is_off(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        EDIT
        + """
shot.nst.stills = True
edit.render.filepath = arguments[3]
bpy.ops.render.render(animation=True, scene="Edit")
bpy.ops.render.render(scene="Edit")
inside = state()
# The same scene on its own is stylized as ever, also right after.
bpy.ops.render.render(animation=True, scene="Shot")
finish([inside, state()["done"]])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [None, [1, 2, 3]]


def test_the_command_line_stylizes_an_edit_of_scenes(
    blender: BlenderInTests, make_job: Callable[..., RenderJob], tmp_path: Path
) -> None:
    blend = blender.changed(make_job().blend, EDIT)
    run = blender.headless(make_job(blend=str(blend), scene="Edit"))
    assert run.code == 0, run.output[-3000:]
    assert run.of("done")[0]["frames"] == [1, 2, 3]
    assert [event["frame"] for event in run.of("rendered")] == [1, 2, 3]
    # The second frame is held to the first: what has not moved is where it was.
    out = tmp_path / "out"
    still = np.abs(content_of(out, 1) - content_of(out, 2)).max(axis=2) == 0
    assert still.mean() > 0.3
    changed = np.abs(styled_of(out, 1) - styled_of(out, 2)).max(axis=2)[still]
    assert (changed == 0).mean() > 0.8
