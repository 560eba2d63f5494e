"""Motion vectors, depth and cameras as this Blender renders them, against the pictures that it renders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from blender_nst.cli.blenders.runtime import BlenderRuntime
from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import BlenderInTests
from video.frames.render_passes import BACKGROUND_DEPTH, read_passes
from video.images.image_files import read_image
from video.motion.motion_field import RenderedFrame
from video.motion.motion_vectors import vector_motion
from video.motion.reliability import reliability
from video.motion.reprojection import reproject
from video.motion.warp import warp

# A mottled ball flies to the upper right past a mottled wall, and the camera turns; above is the sky.
_SCENE = """
from math import radians
scene = bpy.context.scene
bpy.data.batch_remove(list(bpy.data.objects))
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.device, scene.cycles.use_denoising = 16, "CPU", False
scene.render.resolution_x, scene.render.resolution_y = 160, 96
scene.frame_start, scene.frame_end = 1, 3
material = bpy.data.materials.new("mottled")
if bpy.app.version < (5, 0):
    material.use_nodes = True
nodes, links = material.node_tree.nodes, material.node_tree.links
noise, emission = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeEmission")
noise.inputs["Scale"].default_value = 2.0
coordinates = nodes.new("ShaderNodeTexCoord")
links.new(coordinates.outputs["Object"], noise.inputs["Vector"])
links.new(noise.outputs["Color"], emission.inputs["Color"])
links.new(emission.outputs[0], nodes["Material Output"].inputs[0])
bpy.ops.mesh.primitive_plane_add(size=12, location=(0, 4, -4.5), rotation=(radians(90), 0, 0))
bpy.context.object.data.materials.append(material)
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.8)
ball = bpy.context.object
ball.data.materials.append(material)
for frame in range(5):
    ball.location = -0.6 + 0.25 * frame, 0.0, -0.4 + 0.15 * frame
    ball.keyframe_insert("location", frame=frame)
camera = bpy.data.objects.new("Main camera", bpy.data.cameras.new("Main camera"))
scene.collection.objects.link(camera)
scene.camera = camera
for frame in range(5):
    camera.location = 0.1 * frame, -6.0, 0.2
    camera.rotation_euler = radians(90), 0.0, radians(1.2 * frame)
    camera.keyframe_insert("location", frame=frame)
    camera.keyframe_insert("rotation_euler", frame=frame)
bpy.ops.wm.save_as_mainfile(filepath=arguments[0])
finish()
"""


@dataclass(frozen=True)
class Capture:
    """The frames 1 to 3 with their passes."""

    frames: list[RenderedFrame]

    def psnr(self, backward: np.ndarray, mask: np.ndarray, earlier: int = 0, current: int = 1) -> float:
        moved = warp(np.ascontiguousarray(self.frames[earlier].image[..., :3]), backward)
        error = np.square(moved - self.frames[current].image[..., :3])[mask].mean()
        return float(-10.0 * np.log10(error))


@pytest.fixture(scope="module")
def capture(
    blender_runtime: BlenderRuntime, style_picture: Path, tmp_path_factory: pytest.TempPathFactory
) -> Capture:
    folder = tmp_path_factory.mktemp("motion")
    blender = BlenderInTests(blender_runtime, folder)
    blend, out = folder / "scene.blend", folder / "out"
    blender.run(_SCENE, str(blend))
    job = RenderJob(
        blend=str(blend),
        output=str(out),
        styles=[str(style_picture)],
        engine_python=blender.environment()["BLENDER_NST_PYTHON"],
        engine_path=blender.environment()["BLENDER_NST_ENGINE_PATH"],
        style_settings={"steps": 1, "device": "cpu"},
        sequence_settings={"warm_steps": 1, "motion": "vectors", "movie": False},
    )
    run = blender.headless(job)
    assert run.code == 0, run.output[-3000:]
    assert all(event["warp_error"] is not None for event in run.of("frame_done")[1:])
    return Capture(
        [
            RenderedFrame(
                number,
                read_image(out / f"content/content_{number:04d}.png"),
                read_passes(out / f"passes/passes_{number:04d}.exr"),
            )
            for number in (1, 2, 3)
        ]
    )


@pytest.mark.across_versions
def test_vectors_lead_to_the_same_picture_and_no_other_sign_does(capture: Capture) -> None:
    first, second, _ = capture.frames
    motion = vector_motion(first, second)
    trusted = reliability(motion, first, second) > 0.9
    assert 0.5 < trusted.mean() < 0.99
    right = capture.psnr(motion.backward, trusted)
    wrong = [
        capture.psnr(motion.backward * np.array(signs, np.float32), trusted)
        for signs in product((1.0, -1.0), repeat=2)
        if signs != (1.0, 1.0)
    ]
    assert right > 30.0
    assert right > max(wrong) + 8.0


def test_the_way_forward_is_the_way_back_turned_round(capture: Capture) -> None:
    second, third = capture.frames[1:]
    motion = vector_motion(third, second)
    trusted = reliability(motion, third, second) > 0.9
    assert trusted.mean() > 0.5
    assert capture.psnr(motion.backward, trusted, earlier=2) > 30.0


@pytest.mark.across_versions
def test_cameras_are_noted_as_they_were_at_each_frame(capture: Capture) -> None:
    cameras = [frame.passes and frame.passes.camera for frame in capture.frames]
    for number, camera in enumerate(cameras, start=1):
        assert camera is not None
        assert camera.name == "Main camera"
        np.testing.assert_allclose(camera.world[:3, 3], [0.1 * number, -6.0, 0.2], atol=1e-5)


def test_the_wall_moves_by_the_cameras_alone_and_the_ball_does_not(capture: Capture) -> None:
    first, second, _ = (frame.passes for frame in capture.frames)
    assert first is not None
    assert second is not None
    assert first.camera is not None
    assert second.camera is not None
    assert second.depth is not None
    assert second.vector is not None
    moved = reproject(second.camera, first.camera, second.depth)
    assert moved is not None
    error = np.linalg.norm(moved[0] - second.vector[..., :2] * [1.0, -1.0], axis=2)
    wall = (second.depth > 9.0) & (second.depth < BACKGROUND_DEPTH)
    ball = second.depth < 6.5
    assert np.median(error[wall]) < 0.02
    assert np.median(error[ball]) > 1.0


@pytest.mark.across_versions
def test_the_sky_moves_as_the_camera_turns(capture: Capture) -> None:
    first, second, _ = capture.frames
    assert second.passes is not None
    assert second.passes.depth is not None
    sky = second.passes.depth >= BACKGROUND_DEPTH
    assert sky.any()
    found = vector_motion(first, second).backward[sky]
    # 1.2 degrees to the left through a lens of 50 mm on 36 mm of film, 160 px wide.
    expected = np.tan(np.radians(1.2)) * 50.0 / 36.0 * 160.0
    assert np.abs(found[:, 0]).mean() == pytest.approx(expected, rel=0.1)
    # Turned to the left, a place was further to the left before.
    assert (found[:, 0] < 0.0).all()


def test_with_motion_blur_optical_flow_is_used_and_said(
    blender: BlenderInTests, make_job: Callable[..., RenderJob]
) -> None:
    blurred = blender.changed(make_job().blend, "scene.render.use_motion_blur = True")
    run = blender.headless(make_job(blend=str(blurred)))
    assert run.code == 0, run.output[-3000:]
    (notice,) = run.of("warned")
    assert "motion blur" in notice["text"]


def test_a_marker_that_changes_the_camera_begins_a_shot(
    blender: BlenderInTests, make_job: Callable[..., RenderJob]
) -> None:
    cut = blender.changed(
        make_job().blend,
        """
        twin = scene.camera.copy()
        scene.collection.objects.link(twin)
        # A cut that no picture shows: the second camera stands where the first one does.
        for frame, camera in ((1, scene.camera), (3, twin)):
            scene.timeline_markers.new(camera.name, frame=frame).camera = camera
        """,
    )
    run = blender.headless(make_job(blend=str(cut)))
    assert run.code == 0, run.output[-3000:]
    assert [event["warp_error"] is None for event in run.of("frame_done")] == [True, False, True]
