"""The files of a scene with one view switched on: found under whichever name Blender's version writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests

pytestmark = pytest.mark.across_versions

_SCENE = """
load()
import shutil
from blender_nst.capture.still_file import still_file
from blender_nst.session.frame_sources import is_there, rendered_files
scene = bpy.context.scene
render, images = scene.render, scene.render.image_settings
render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
render.resolution_x, render.resolution_y = 32, 24
scene.frame_start = scene.frame_end = 1
render.use_multiview = True
MEDIA = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}

def write(kind, views_format):
    if hasattr(images, "media_type"):
        images.media_type = MEDIA.get(kind, "IMAGE")
    images.file_format, images.views_format = kind, views_format

def switch_on(*eyes):
    for view in render.views:
        view.use = view.name in eyes

def made(folder):
    return [str(path) for path in sorted(folder.iterdir())]
"""


def test_each_kind_of_file(blender: BlenderInTests, tmp_path: Path) -> None:
    found = blender.run(
        _SCENE
        + """
found = []
for eye in ("left", "right"):
    switch_on(eye)
    for kind, views_format in (
        ("PNG", "INDIVIDUAL"), ("PNG", "STEREO_3D"), ("OPEN_EXR", "MULTIVIEW"),
        ("OPEN_EXR_MULTILAYER", "INDIVIDUAL"), ("FFMPEG", "INDIVIDUAL"), ("FFMPEG", "STEREO_3D"),
    ):
        write(kind, views_format)
        folder = Path(arguments[0]) / f"{eye} {kind} {views_format}"
        folder.mkdir()
        render.filepath = str(folder / "own_")
        bpy.ops.render.render(animation=True)
        frames = rendered_files(scene, 1)
        found.append([folder.name, [str(frame.content) for frame in frames], made(folder)])
        found[-1].append([is_there(frame) and frame.view for frame in frames])
finish(found)
""",
        str(tmp_path),
    ).result
    assert len(found) == 12
    for name, files, there, views in found:
        assert len(there) == 1, name
        assert files == there, name
        assert views == [""], name


def test_what_was_rendered_last_is_taken(blender: BlenderInTests, tmp_path: Path) -> None:
    """Files of both eyes from before, of which one has the name that the single eye's file has or has not."""
    names = blender.run(
        _SCENE
        + """
write("PNG", "INDIVIDUAL")
folder = Path(arguments[0]) / "own"
folder.mkdir()
render.filepath = str(folder / "own_")
bpy.ops.render.render(animation=True)
for path in folder.iterdir():
    os.utime(path, (1e9, 1e9))
before = [each.content.name for each in rendered_files(scene, 1)]
switch_on("right")
bpy.ops.render.render(animation=True)
latest = max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
finish([before, [str(each.content) for each in rendered_files(scene, 1)], [str(latest)]])
""",
        str(tmp_path),
    ).result
    assert names[0] == ["own_0001_L.png", "own_0001_R.png"]
    assert names[1] == names[2]


def test_a_still_that_was_written(blender: BlenderInTests, tmp_path: Path) -> None:
    before, after, there = blender.run(
        _SCENE
        + """
switch_on("right")
write("PNG", "INDIVIDUAL")
folder = Path(arguments[0]) / "own"
folder.mkdir()
render.filepath = str(folder / "still")
before = still_file(scene)
bpy.ops.render.render(write_still=True)
after = still_file(scene)
finish([before[1], [str(after[0]), after[1] > 0], made(folder)])
""",
        str(tmp_path),
    ).result
    assert before == 0
    assert after == [there[0], True]
    assert len(there) == 1
