"""The cameras of a scene's views, compared with where each view's own Position pass has its points."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import BlenderInTests
from video.frames.render_passes import read_passes
from video.frames.stereo import StereoFormat
from video.images.exr import read_channels
from video.images.image_files import read_image
from video.motion.motion_field import RenderedFrame
from video.motion.motion_vectors import between_views

pytestmark = pytest.mark.across_versions

_SCENE = """
load()
from blender_nst.capture.camera import camera_notes
from blender_nst.capture.frame import capture_views
from blender_nst.capture.views import scene_views
scene = bpy.context.scene
render, camera = scene.render, scene.camera
render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
render.resolution_x, render.resolution_y, render.use_multiview = 72, 40, True
layer = scene.view_layers[0]
layer.use_pass_z = layer.use_pass_position = True
bpy.ops.mesh.primitive_plane_add(size=30, location=(0, 0, -1))
stereo = camera.data.stereo
stereo.interocular_distance, stereo.convergence_distance = 0.5, 7.0
out = Path(arguments[0])
notes = {}

def take_note(scene, depsgraph):
    notes.update(camera_notes(scene, depsgraph))

def shoot(name):
    bpy.app.handlers.frame_change_post.append(take_note)
    try:
        bpy.ops.render.render()
    finally:
        bpy.app.handlers.frame_change_post.remove(take_note)
    return [[str(each.content), str(each.passes)] for each in capture_views(scene, out / name, notes=notes)]
"""

_CAMERAS = {
    "off axis": "",
    "parallel, scaled": "stereo.convergence_mode = 'PARALLEL'; camera.scale = (2.0, 2.0, 2.0)",
    "toe in": "stereo.convergence_mode = 'TOE'",
    "pivot left": "stereo.pivot = 'LEFT'",
    "pivot right": "stereo.pivot = 'RIGHT'",
    "toe in, pivot left": "stereo.convergence_mode, stereo.pivot = 'TOE', 'LEFT'",
    "toe in, pivot right": "stereo.convergence_mode, stereo.pivot = 'TOE', 'RIGHT'",
    "upright": "render.resolution_x, render.resolution_y = 40, 72",
    "fitted to the height": "camera.data.sensor_fit = 'VERTICAL'",
    "wide pixels, shifted lens": "render.pixel_aspect_x = 1.5; camera.data.shift_x = 0.1",
    "orthographic": "camera.data.type = 'ORTHO'; camera.data.ortho_scale = 9.0",
}


def _seen_at(passes: Path) -> tuple[np.ndarray, np.ndarray]:
    """(N, 2) each: the pixels that show a surface, and where the noted camera sees their positions."""
    channels = read_channels(passes, lambda names: [name for name in names if ".Position." in name])
    position = np.stack([channels[f"ViewLayer.Position.{letter}"] for letter in "XYZ"], axis=2)
    known = read_passes(passes)
    assert known.camera is not None
    assert known.camera.projection is not None
    assert known.depth is not None
    surface = known.depth < 1e9
    height, width = surface.shape
    points = np.column_stack([position[surface], np.ones(surface.sum())])
    clip = known.camera.projection @ np.linalg.inv(known.camera.world) @ points.T
    device = clip[:2] / clip[3]
    there = np.stack([(device[0] + 1.0) * 0.5 * width, (1.0 - device[1]) * 0.5 * height], axis=1)
    rows, columns = np.nonzero(surface)
    return np.stack([columns + 0.5, rows + 0.5], axis=1), there


@pytest.mark.parametrize("camera", list(_CAMERAS))
def test_each_eye_sees_its_points_where_they_are(
    blender: BlenderInTests, tmp_path: Path, camera: str
) -> None:
    script = f"{_SCENE}{_CAMERAS[camera]}\nfinish(shoot('out'))\n"
    eyes = blender.run(script, str(tmp_path)).result
    assert [Path(content).name for content, _ in eyes] == ["content_0001_L.png", "content_0001_R.png"]
    for _, passes in eyes:
        here, there = _seen_at(Path(passes))
        assert len(here) > 500
        # A sample is anywhere in its pixel, or a little beside it.
        assert np.abs((there - here).mean(axis=0)).max() < 0.1
        assert np.abs(there - here).max() < 1.5


def test_views_of_cameras_of_their_own(blender: BlenderInTests, tmp_path: Path) -> None:
    views = blender.run(
        _SCENE
        + """
render.views_format = "MULTIVIEW"
for suffix, x in (("_L", -0.3), ("_R", 0.3), ("_top", 0.0)):
    other = camera.copy()
    other.data = camera.data.copy()
    other.name = "Rig" + suffix
    other.location.x += x
    other.location.z += 0.5 * (suffix == "_top")
    scene.collection.objects.link(other)
scene.camera = bpy.data.objects["Rig_L"]
render.views.new("from above").file_suffix = "_top"
finish(shoot("out"))
""",
        str(tmp_path),
    ).result
    assert [Path(passes).name[11:] for _, passes in views] == ["_L.exr", "_R.exr", "_top.exr"]
    for _, passes in views:
        here, there = _seen_at(Path(passes))
        assert np.abs((there - here).mean(axis=0)).max() < 0.1


def test_the_disparity_leads_to_the_same_points(blender: BlenderInTests, tmp_path: Path) -> None:
    eyes = blender.run(f"{_SCENE}\nfinish(shoot('out'))\n", str(tmp_path)).result
    left, right = (
        RenderedFrame(1, read_image(Path(content)), read_passes(Path(passes))) for content, passes in eyes
    )
    motion = between_views(left, right)
    assert motion is not None
    rows, columns = np.mgrid[0:40, 0:72]
    x, y = (np.rint(motion.backward[..., k] + grid).astype(int) for k, grid in ((0, columns), (1, rows)))
    positions = [
        read_channels(Path(passes), lambda names: [name for name in names if ".Position." in name])
        for _, passes in eyes
    ]
    seen = (x >= 0) & (x < 72) & (y >= 0) & (y < 40)
    errors = [
        (each["left"][y[seen], x[seen]] - each["right"][seen])
        for letter in "XYZ"
        for each in [
            {n: p[f"ViewLayer.Position.{letter}"] for n, p in zip(("left", "right"), positions, strict=True)}
        ]
    ]
    distance = np.sqrt(np.square(errors).sum(axis=0))
    # Pixels are 0.05 to 0.3 units wide there; without the disparity the points are 0.4 apart and more.
    assert np.median(distance) < 0.15


def test_a_camera_of_spherical_stereo_is_not_known(blender: BlenderInTests, tmp_path: Path) -> None:
    """Each of its columns is seen from another place."""
    script = f"{_SCENE}camera.data.type = 'PANO'; stereo.use_spherical_stereo = True\nfinish(shoot('out'))\n"
    for _, passes in blender.run(script, str(tmp_path)).result:
        assert read_passes(Path(passes)).camera is None


def test_the_capture_leaves_the_settings_alone_and_has_one_eye_a_file(
    blender: BlenderInTests, tmp_path: Path
) -> None:
    before, after, eyes = blender.run(
        _SCENE
        + """
render.image_settings.views_format = "STEREO_3D"
def settings():
    values = render.image_settings
    return [values.file_format, values.color_mode, values.color_depth, values.views_format]
before = settings()
eyes = shoot("out")
finish([before, settings(), eyes])
""",
        str(tmp_path),
    ).result
    assert before == after
    assert before[-1] == "STEREO_3D"
    left, right = (np.asarray(Image.open(content), np.float32) for content, _ in eyes)
    assert left.shape[:2] == right.shape[:2] == (40, 72)
    assert np.abs(left - right).max() > 20
    folder = Path(eyes[0][0]).parent
    assert sorted(path.name for path in folder.iterdir()) == ["content_0001_L.png", "content_0001_R.png"]


_FORMATS = {
    "side by side": {"display_mode": "SIDEBYSIDE"},
    "cross-eyed": {"display_mode": "SIDEBYSIDE", "use_sidebyside_crosseyed": True},
    "squeezed side by side": {"display_mode": "SIDEBYSIDE", "use_squeezed_frame": True},
    "top bottom": {"display_mode": "TOPBOTTOM"},
    "squeezed top bottom": {"display_mode": "TOPBOTTOM", "use_squeezed_frame": True},
    "red cyan": {"display_mode": "ANAGLYPH", "anaglyph_type": "RED_CYAN"},
    "green magenta": {"display_mode": "ANAGLYPH", "anaglyph_type": "GREEN_MAGENTA"},
    "yellow blue": {"display_mode": "ANAGLYPH", "anaglyph_type": "YELLOW_BLUE"},
    "rows": {"display_mode": "INTERLACE", "interlace_type": "ROW_INTERLEAVED"},
    "swapped rows": {
        "display_mode": "INTERLACE",
        "interlace_type": "ROW_INTERLEAVED",
        "use_interlace_swap": True,
    },
    "columns": {"display_mode": "INTERLACE", "interlace_type": "COLUMN_INTERLEAVED"},
    "checkerboard": {"display_mode": "INTERLACE", "interlace_type": "CHECKERBOARD_INTERLEAVED"},
}


def test_stereo_pictures_are_those_that_blender_makes(blender: BlenderInTests, tmp_path: Path) -> None:
    eyes, formats = blender.run(
        _SCENE
        + f"formats = {json.dumps(_FORMATS).replace('true', 'True')}"
        + """
from blender_nst.capture.views import stereo_format
render.resolution_y = 41  # odd: it shows from which end rows are counted
settings = render.image_settings
eyes = shoot("out")
settings.file_format, settings.color_mode, settings.views_format = "PNG", "RGB", "STEREO_3D"
found = {}
for name, values in formats.items():
    for field, value in values.items():
        setattr(settings.stereo_3d_format, field, value)
    bpy.data.images["Render Result"].save_render(str(out / f"{name}.png"), scene=scene)
    found[name] = stereo_format(scene)
    for field, value in values.items():
        if value is True:
            setattr(settings.stereo_3d_format, field, False)
finish([eyes, found])
""",
        str(tmp_path),
    ).result
    left, right = (read_image(Path(content))[..., :3] for content, _ in eyes)
    for name in _FORMATS:
        made = StereoFormat.from_values(formats[name]).combined(left, right)
        blenders = read_image(tmp_path / f"{name}.png")
        assert made.shape == blenders.shape, name
        error = 255.0 * np.abs(made - blenders)
        if "squeezed" not in name:
            assert error.max() <= 0.5, name
            continue
        # Blender 4 leaves every other column or row out, the mean of two has what both of them show.
        assert error.mean() <= 6.0, name
        whole = StereoFormat.from_values(formats[name] | {"use_squeezed_frame": False}).combined(left, right)
        pairs = whole.reshape(41, 72, 2, 3) if "side" in name else whole.reshape(41, 2, 72, 3)
        np.testing.assert_allclose(made, pairs.mean(axis=2 if "side" in name else 1), atol=1e-6)
