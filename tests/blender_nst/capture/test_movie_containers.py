"""Every container of movies that Blender writes is read: all frames, in order, as bright as rendered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests
from video.frames.sequence import open_sequence
from video.images.image_files import read_image
from video.movies.movie import read_movie

pytestmark = pytest.mark.across_versions

# Frames of one gray each, brighter from one to the next.
_SCRIPT = """
scene = bpy.context.scene
render, images = scene.render, scene.render.image_settings
render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
render.fps, render.resolution_percentage = 25, 100
scene.frame_start, scene.frame_end = 1, 3
scene.view_settings.view_transform = "Standard"
for object in list(scene.objects):
    if object.type != "CAMERA":
        bpy.data.objects.remove(object)
node = scene.world.node_tree.nodes["Background"]
for frame in (1, 2, 3):
    node.inputs["Color"].default_value = (0.05 * frame, 0.05 * frame, 0.05 * frame, 1.0)
    node.inputs["Color"].keyframe_insert("default_value", frame=frame)
folder = Path(arguments[0])
render.resolution_x, render.resolution_y = 64, 48
render.filepath = str(folder / "gray_####.png")
images.file_format = "PNG"
bpy.ops.render.render(animation=True)
if hasattr(images, "media_type"):
    images.media_type = "VIDEO"
images.file_format = "FFMPEG"
CODECS = {"DV": "DV", "OGG": "THEORA", "WEBM": "WEBM", "FLASH": "FLASH", "MPEG1": "MPEG1", "MPEG2": "MPEG2"}
made = []
for container in render.ffmpeg.bl_rna.properties["format"].enum_items.keys():
    render.ffmpeg.format = container
    render.ffmpeg.codec = CODECS.get(container, "H264")
    render.resolution_x, render.resolution_y = (720, 576) if container == "DV" else (64, 48)
    (folder / container).mkdir()
    render.filepath = str(folder / container / "own_")
    bpy.ops.render.render(animation=True)
    made += [[container, str(path)] for path in (folder / container).iterdir()]
finish(made)
"""


def test_every_container_is_read(blender: BlenderInTests, tmp_path: Path) -> None:
    made = blender.run(_SCRIPT, str(tmp_path)).result
    rendered = [read_image(tmp_path / f"gray_{number:04d}.png")[..., :3].mean() for number in (1, 2, 3)]
    assert rendered[0] + 0.05 < rendered[1] < rendered[2] - 0.05
    assert len(made) >= 8
    for container, name in made:
        path = Path(name)
        assert open_sequence(path).numbers == [1, 2, 3], container
        shown = [frame[..., :3].mean() for frame in read_movie(path)]
        assert np.abs(np.subtract(shown, rendered)).max() < 2.0 / 255.0, container
