"""Render regions and 360° panoramas, from Blender's camera to the styled frame."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.test_handlers import run_in
from video.frames.render_passes import BACKGROUND_DEPTH, read_passes
from video.images.image_files import read_image
from video.motion.reprojection import reproject
from video.motion.warp import warp_nearest

pytestmark = pytest.mark.across_versions


def picture(output: Path, kind: str, frame: int) -> np.ndarray:
    return np.asarray(Image.open(output / kind / f"{kind}_{frame:04d}.png")).astype(int)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_what_a_render_region_leaves_out_stays_black(
    blender: BlenderInTests, blend_file: Path, style_picture: Path, mode: str
) -> None:
    run = run_in(
        blender,
        f"scene.render.image_settings.color_mode = {mode!r}"
        + """
scene.frame_end = 2
scene.render.film_transparent = False
scene.render.use_border = True
scene.render.resolution_x = 100
# 0.29 is a little less in single precision, as Blender has it, and yet column 29 is the first one inside.
scene.render.border_min_x, scene.render.border_max_x = 0.29, 0.8
scene.render.border_min_y, scene.render.border_max_y = 0.1, 0.6
nst.output_format = "PNG"
bpy.ops.render.render(animation=True)
finish(state()["done"])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [1, 2], run.output[-2000:]
    outside = np.ones((64, 100), bool)
    # Columns 29 to 79, and from the bottom rows 6 to 37.
    outside[64 - 38 : 64 - 6, 29:80] = False
    for frame in (1, 2):
        content, styled = (picture(blender.folder / "out", kind, frame) for kind in ("content", "styled"))
        assert content[outside][:, :3].max() <= 1, "black, with Blender's dither"
        assert all(edge[:, :3].mean() > 10.0 for edge in (content[26, 29:80], content[57, 29:80]))
        assert all(edge[:, :3].mean() > 10.0 for edge in (content[26:58, 29], content[26:58, 79]))
        assert np.array_equal(styled[outside], content[outside])
        inside = np.abs(styled[~outside][:, :3] - content[~outside][:, :3]).max(axis=1)
        assert (inside > 2).mean() > 0.6


def test_a_cropped_region_is_a_picture_of_its_own(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        """
scene.frame_end = 1
scene.render.film_transparent = False
scene.render.use_border = scene.render.use_crop_to_border = True
scene.render.border_min_x, scene.render.border_max_x = 0.25, 0.75
scene.render.border_min_y, scene.render.border_max_y = 0.0, 1.0
scene.nst.paint = 1.0
bpy.ops.render.render(animation=True)
finish(state()["done"])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [1], run.output[-2000:]
    content, styled = (picture(blender.folder / "out", kind, 1) for kind in ("content", "styled"))
    assert content.shape[:2] == styled.shape[:2] == (64, 48)
    assert (np.abs(styled[..., :3] - content[..., :3]).max(axis=2) > 2).mean() > 0.9


PANORAMA = """
scene.render.engine = "CYCLES"
camera = scene.camera.data
camera.type = "PANO"
lens = camera if hasattr(camera, "panorama_type") else camera.cycles
lens.panorama_type = "EQUIRECTANGULAR"
"""


def test_which_cameras_look_all_around(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        PANORAMA
        + """
import math
from blender_nst.capture.camera import camera_note
def noted():
    return camera_note(scene, bpy.context.evaluated_depsgraph_get())["panorama"]
seen = {"all around": noted()}
lens.longitude_min, lens.longitude_max = 0.0, 2.0 * math.pi
seen["all around from elsewhere"] = noted()
lens.longitude_max = math.pi
seen["half around"] = noted()
lens.longitude_min, lens.longitude_max = -math.pi, math.pi
lens.panorama_type = "FISHEYE_EQUISOLID"
seen["fisheye"] = noted()
lens.panorama_type = "EQUIRECTANGULAR"
scene.render.use_border = scene.render.use_crop_to_border = True
scene.render.border_min_x, scene.render.border_max_x = 0.0, 0.5
seen["half of it"] = noted()
scene.render.border_max_x = 1.0
seen["all of its width"] = noted()
camera.type = "PERSP"
seen["perspective"] = noted()
finish(seen)
""",
        blend_file,
        style_picture,
    )
    around = {name for name, panorama in run.result.items() if panorama}
    assert around == {"all around", "all around from elsewhere", "all of its width"}


def test_the_edges_of_a_rendered_panorama_meet(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        PANORAMA
        + """
scene.render.film_transparent = False
scene.render.image_settings.color_mode = "RGB"
scene.render.resolution_x, scene.render.resolution_y = 128, 64
scene.frame_end = 2
scene.camera.rotation_mode = "XYZ"
for frame, turn in ((1, 0.7), (2, 0.8)):
    scene.camera.location = (0.5, 0.0, 2.0)
    scene.camera.rotation_euler = (1.5708, 0.0, turn)
    scene.camera.keyframe_insert("location", frame=frame)
    scene.camera.keyframe_insert("rotation_euler", frame=frame)
nst.steps, nst.warm_steps = 20, 6
bpy.ops.render.render(animation=True)
finish(state()["done"])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [1, 2], run.output[-2000:]
    for frame in (1, 2):
        styled = picture(blender.folder / "out", "styled", frame)
        assert styled.shape == (64, 128, 3)
        over_the_edge = np.abs(styled[:, 0] - styled[:, -1]).mean()
        assert over_the_edge <= 1.25 * np.abs(np.diff(styled, axis=1)).mean()


SPHERES = {
    "all around": "lens.longitude_min, lens.longitude_max = -3.14159265, 3.14159265",
    "a part": "lens.longitude_min, lens.longitude_max = -1.4, 2.6\n"
    "lens.latitude_min, lens.latitude_max = -1.2, 0.9",
}


@pytest.mark.parametrize("sphere", SPHERES)
def test_the_motion_of_a_panorama_is_computed_from_its_cameras(
    blender: BlenderInTests, blend_file: Path, style_picture: Path, sphere: str
) -> None:
    run = run_in(
        blender,
        PANORAMA
        + SPHERES[sphere]
        + """
scene.frame_start, scene.frame_end = 2, 3
scene.render.resolution_x, scene.render.resolution_y = 160, 96
bpy.data.objects["Cube"].animation_data_clear()
for place in ((4.0, 1.0, 1.0), (-3.0, -2.0, 2.0), (1.0, 4.0, -1.0), (-2.0, 3.0, 0.0)):
    bpy.ops.mesh.primitive_uv_sphere_add(radius=1.2, location=place)
scene.camera.rotation_mode = "XYZ"
for frame in range(1, 5):
    scene.camera.location = (0.1 * frame, 0.05 * frame, 2.5 - 0.1 * frame)
    scene.camera.rotation_euler = (1.4 + 0.03 * frame, 0.02 * frame, 0.5 + 0.06 * frame)
    scene.camera.keyframe_insert("location", frame=frame)
    scene.camera.keyframe_insert("rotation_euler", frame=frame)
bpy.ops.render.render(animation=True)
finish(state()["done"])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [2, 3], run.output[-2000:]
    before, now = (read_passes(blender.folder / f"out/passes/passes_{frame:04d}.exr") for frame in (2, 3))
    assert now.vector is not None
    assert now.depth is not None
    assert before.depth is not None
    assert now.camera is not None
    assert before.camera is not None
    found = reproject(now.camera, before.camera, now.depth)
    assert found is not None
    motion, distance = found
    rendered = now.vector[..., :2] * np.array([1.0, -1.0], np.float32)
    surface = now.depth < BACKGROUND_DEPTH
    assert 0.05 < surface.mean() < 0.9
    error = np.abs(motion - rendered).max(axis=2)
    # At silhouettes the depth is of one surface, and the vector may be of both.
    assert np.median(error[surface]) < 0.02
    assert np.quantile(error[surface], 0.9) < 0.1
    assert np.abs(motion[surface]).max() > 2.0
    # Where it is seen in the frame before, it is as far away there as expected.
    there = warp_nearest(before.depth, motion)
    share = np.abs(there - distance)[surface] / distance[surface]
    assert np.median(share) < 0.02
    if np.abs(rendered[~surface]).max() > 0.0:  # from Blender 5.2 on the background has vectors
        assert np.median(error[~surface]) < 0.02


def test_a_panorama_with_a_part_that_is_kept_in_light(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        PANORAMA
        + """
from blender_nst.properties.regions import set_regions
scene.render.film_transparent = False
scene.render.resolution_x, scene.render.resolution_y = 128, 64
scene.frame_end = 2
bpy.data.objects["Cube"].animation_data_clear()
scene.camera.location = (0.5, 0.0, 2.5)
# The cube is behind the camera, on both sides of the edge.
bpy.data.objects["Cube"].location = (0.5, -3.0, 2.5)
scene.camera.rotation_euler = (1.5708, 0.0, 0.0)
set_regions(scene, [{"kind": "object", "name": "Cube", "style": None}])
nst.output_format, nst.color = "EXR", "LUMINANCE"
bpy.ops.render.render(animation=True)
finish(state()["done"])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [1, 2], run.output[-2000:]
    for frame in (1, 2):
        passes = read_passes(blender.folder / f"out/passes/passes_{frame:04d}.exr")
        assert passes.depth is not None
        cube = cv2.erode((passes.depth < BACKGROUND_DEPTH).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        assert cube[:, 0].any()
        assert cube[:, -1].any()
        content = read_image(blender.folder / f"out/content/content_{frame:04d}.png")[..., :3]
        styled = read_image(blender.folder / f"out/styled/styled_{frame:04d}.exr")[..., :3]
        assert styled.shape == (64, 128, 3)
        changed = 255.0 * np.abs(styled - content).max(axis=2)
        assert changed[cube].max() < 2.0
        assert (changed[passes.depth >= BACKGROUND_DEPTH] > 2.0).mean() > 0.6
