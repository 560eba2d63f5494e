"""Stereoscopy: refused before anything is rendered or written, in each of the three ways in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.test_handlers import lines_of, run_in

pytestmark = pytest.mark.across_versions

STEREO = """
scene.render.use_multiview = True
scene.render.views_format = "STEREO_3D"
"""


def test_a_render_is_not_stylized_and_goes_on(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        STEREO
        + """
layer = scene.view_layers[0]
seen = []
bpy.app.handlers.render_pre.append(lambda *_: seen.append([layer.use_pass_vector, layer.use_pass_z]))
bpy.ops.render.render(animation=True)
finish({"state": state(), "own": rendered(), "passes": seen})
""",
        blend_file,
        style_picture,
    )
    (line,) = lines_of(run)
    assert "not stylized" in line
    assert "stereo" in line
    assert run.result["state"] is None
    assert len(run.result["own"]) == 6, "both eyes of each frame, as Blender itself writes them"
    assert run.result["passes"] == [[False, False]] * 3, "nothing was switched on"
    assert not (blender.folder / "out").exists()


def test_a_still_and_a_batch_are_refused(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        STEREO
        + """
def attempt(operator, **options):
    try:
        return sorted(operator(**options))
    except RuntimeError as error:
        return str(error)
bpy.ops.render.render(animation=True)
first = state()
seen = [attempt(bpy.ops.nst.stylize_frames), attempt(bpy.ops.nst.stylize_frame, render=True)]
nst.enabled = False
seen.append(attempt(bpy.ops.nst.stylize_frames))
finish([first, seen, state()])
""",
        blend_file,
        style_picture,
    )
    first, refusals, last = run.result
    assert first is last is None
    assert all("stereo" in each for each in refusals), refusals
    assert not (blender.folder / "out").exists()


def test_one_eyes_files_are_stylized_for_themselves(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    for number in (1, 2):
        Image.new("RGB", (96, 64), (90, 120, 40 * number)).save(blender.folder / f"left_{number:04d}.png")
    run = run_in(
        blender,
        STEREO
        + """
nst.source, nst.source_path = "FILES", str(Path(arguments[3]).parent / "left_####.png")
bpy.ops.nst.stylize_frames()
finish(state())
""",
        blend_file,
        style_picture,
    )
    assert run.result["done"] == [1, 2]


def test_the_command_line_refuses_it_before_it_renders(
    blender: BlenderInTests, make_job: Callable[..., RenderJob], tmp_path: Path
) -> None:
    blend = blender.changed(make_job().blend, STEREO)
    run = blender.headless(make_job(blend=str(blend)))
    assert run.code == 2
    assert [event["event"] for event in run.events] == ["failed"]
    assert "stereo" in run.events[0]["error"]
    assert "\n" not in run.events[0]["error"]
    assert not list(tmp_path.glob("rendered-*"))
    assert [path.name for path in (tmp_path / "out").rglob("*") if not path.name.endswith(".log")] == []
