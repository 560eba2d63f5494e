"""Stereoscopy: both eyes are stylized, coherent with each other, in each of the three ways in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.test_handlers import lines_of, run_in
from video.frames.render_passes import read_passes
from video.images.image_files import read_image
from video.motion.motion_field import RenderedFrame
from video.motion.motion_vectors import between_views
from video.motion.warp import warp

pytestmark = pytest.mark.across_versions

STEREO = """
scene.render.use_multiview = True
scene.render.views_format = "STEREO_3D"
scene.camera.data.stereo.interocular_distance = 0.5
scene.camera.data.stereo.convergence_distance = 8.0
"""
PAIRS = """
scene.render.image_settings.views_format = "STEREO_3D"
scene.render.image_settings.stereo_3d_format.display_mode = "TOPBOTTOM"
"""
NAMES = [f"{number:04d}{eye}" for number in (1, 2, 3) for eye in ("_L", "_R")]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.png"))


def eyes(out: Path, kind: str, number: int) -> list[np.ndarray]:
    """Both eyes of a frame, by the suffixes that Blender gives them."""
    return [read_image(out / kind / f"{kind}_{number:04d}{eye}.png") for eye in ("_L", "_R")]


def between_eyes(out: Path, number: int, kind: str = "styled") -> float:
    """Mean squared difference of the eyes, by depth and cameras, where the render is alike."""
    content, pictures = eyes(out, "content", number), eyes(out, kind, number)
    rendered = [
        RenderedFrame(number, image, read_passes(out / "passes" / f"passes_{number:04d}{eye}.exr"))
        for image, eye in zip(content, ("_L", "_R"), strict=True)
    ]
    motion = between_views(rendered[0], rendered[1])
    assert motion is not None
    same = np.abs(warp(content[0], motion.backward) - content[1]).max(axis=2) < 0.02
    same &= content[1][..., 3] == 1.0
    assert same.sum() > 200
    moved = warp(np.ascontiguousarray(pictures[0][..., :3]), motion.backward)
    return float(np.square(moved - pictures[1][..., :3])[same].mean())


def test_an_animation_of_two_eyes(blender: BlenderInTests, blend_file: Path, style_picture: Path) -> None:
    run = run_in(
        blender,
        STEREO
        + PAIRS
        + """
nst.steps, nst.warm_steps = 12, 6
bpy.ops.render.render(animation=True)
finish({"state": state(), "own": rendered()})
""",
        blend_file,
        style_picture,
    )
    out, state = blender.folder / "out", run.result["state"]
    assert (state["error"], state["sent"]) == (None, [1, 1, 2, 2, 3, 3])
    assert state["done"] == [1, 2, 3, 1, 2, 3]
    assert names_in(out / "styled") == [f"styled_{name}.png" for name in NAMES]
    assert lines_of(run)[-1].startswith("Blender NST: 3 frames stylized, with stereo.mp4, in ")
    assert [name for name in run.result["own"] if "_L" in name] == []
    for number in (1, 2, 3):
        pair = read_image(out / "stereo" / f"stereo_{number:04d}.png")
        np.testing.assert_array_equal(pair, np.concatenate(eyes(out, "styled", number), axis=0))
    assert {"styled_L.mp4", "styled_R.mp4", "stereo.mp4"} <= {path.name for path in out.iterdir()}


def test_the_eyes_agree(blender: BlenderInTests, blend_file: Path, style_picture: Path) -> None:
    """More than the same eyes, stylized each for itself."""
    run = run_in(
        blender,
        STEREO
        + """
nst.steps, nst.warm_steps, nst.paint = 30, 10, 0.8
bpy.ops.render.render(animation=True)
first = state()["error"]
for eye in "LR":
    nst.source, nst.source_path = "FILES", str(Path(arguments[2]) / "content" / f"content_####_{eye}.png")
    nst.output_path = arguments[2] + eye
    bpy.ops.nst.stylize_frames()
finish([first, state()["error"]])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [None, None]
    out = blender.folder / "out"
    alone = out / "alone"
    alone.mkdir()
    for eye in ("L", "R"):
        for number in (1, 2, 3):
            made = blender.folder / f"out{eye}" / "styled" / f"styled_{number:04d}.png"
            made.replace(alone / f"alone_{number:04d}_{eye}.png")
    # What two first frames alone begin with is the same render from nearby, and may turn out alike.
    for number, times in ((1, 3.0), (2, 10.0), (3, 10.0)):
        assert between_eyes(out, number) < between_eyes(out, number, "alone") / times


def test_a_still_and_captured_and_rendered_files(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        STEREO
        + """
def error_of(operator, **options):
    try:
        operator(**options)
    except RuntimeError as error:
        return str(error)
nst.stills = True
bpy.ops.render.render()
still = state()
nst.enabled = False
bpy.ops.render.render(animation=True)
nst.source = "RENDER"
bpy.ops.nst.stylize_frames()
files = state()
scene.render.image_settings.views_format = "STEREO_3D"
pairs = error_of(bpy.ops.nst.stylize_frames)
nst.source = "CAPTURED"
captured = error_of(bpy.ops.nst.stylize_frames)
finish([still, files, pairs, captured])
""",
        blend_file,
        style_picture,
    )
    still, files, pairs, captured = run.result
    out = blender.folder / "out"
    assert (still["error"], still["done"]) == (None, [1, 1])
    assert names_in(out / "stills" / "styled") == ["styled_0001_L.png", "styled_0001_R.png"]
    assert (files["error"], files["done"]) == (None, [1, 2, 3, 1, 2, 3])
    assert names_in(out / "styled") == [f"styled_{name}.png" for name in NAMES]
    assert "Individual" in pairs, "the scene's own files hold both eyes in one picture"
    assert "captured" in captured, "nothing of the animation was captured"


def test_a_scene_with_one_eye_switched_on_is_like_any_other(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        STEREO
        + """
scene.render.views["left"].use = False
scene.frame_end = 1
bpy.ops.render.render(animation=True)
first = state()
nst.source, nst.output_path = "RENDER", arguments[2] + "-own"
bpy.ops.nst.stylize_frames()
finish({"state": first, "own": rendered(), "batch": state()})
""",
        blend_file,
        style_picture,
    )
    assert (run.result["state"]["error"], run.result["state"]["done"]) == (None, [1])
    assert (run.result["batch"]["error"], run.result["batch"]["done"]) == (None, [1])
    assert names_in(blender.folder / "out-own" / "styled") == ["styled_0001.png"]
    assert run.result["own"] in (["own_0001.png"], ["own_0001_R.png"])  # the latter by Blender 4.5 and later
    assert names_in(blender.folder / "out" / "styled") == ["styled_0001.png"]


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
    assert "styled_0001.png" in names_in(blender.folder / "out" / "styled")


def test_the_command_line_renders_both_eyes_and_goes_on(
    blender: BlenderInTests, make_job: Callable[..., RenderJob], tmp_path: Path
) -> None:
    job = make_job(blend=str(blender.changed(make_job().blend, STEREO)), source={".blend": "stereo"})
    out = tmp_path / "out"
    assert blender.headless(job).code == 0
    whole = {path.name: path.read_bytes() for path in (out / "styled").iterdir()}
    assert sorted(whole) == [f"styled_{name}.png" for name in NAMES]
    (out / "styled" / "styled_0003_R.png").unlink()
    again = blender.headless(job)
    assert again.code == 0
    assert again.of("rendered") != []
    made = [(event["frame"], event["view"]) for event in again.of("frame_done") if not event["resumed"]]
    assert (3, "_R") in made
    assert (1, "_R") not in made
    assert {path.name: path.read_bytes() for path in (out / "styled").iterdir()} == whole


@pytest.mark.parametrize(
    ("change", "composite"),
    [
        ("scene.render.views['right'].file_suffix = '_L'", False),
        ("scene.render.views['right'].file_suffix = '7'", False),
        ("", True),
    ],
)
def test_what_cannot_be_told_apart_is_refused_before_it_renders(
    blender: BlenderInTests, make_job: Callable[..., RenderJob], tmp_path: Path, change: str, composite: bool
) -> None:
    blend = blender.changed(make_job().blend, STEREO + change)
    run = blender.headless(make_job(blend=str(blend), composite=composite))
    assert run.code == 2
    assert [event["event"] for event in run.events] == ["failed"]
    assert "view" in run.events[0]["error"]
    assert "\n" not in run.events[0]["error"]
    assert not list(tmp_path.glob("rendered-*"))
    assert [path.name for path in (tmp_path / "out").rglob("*") if not path.name.endswith(".log")] == []
