from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import BlenderInTests
from video.images.exr import read_channels
from video.images.exr_compression import pack

# Every image setting that a user can have set, read before and after.
_DUMP = """
def dump(owner, path=""):
    values = {}
    for prop in owner.bl_rna.properties:
        if prop.type in {"POINTER", "COLLECTION"} or prop.is_readonly:
            continue
        value = getattr(owner, prop.identifier)
        values[path + prop.identifier] = list(value) if getattr(prop, "is_array", False) else str(value)
    return values

def image_settings(scene):
    render = scene.render
    return dump(render.image_settings) | dump(render.ffmpeg, "ffmpeg.") | dump(render, "render.")
"""


@pytest.mark.across_versions
def test_a_frame_is_saved_as_displayed_picture_and_as_passes(
    blender: BlenderInTests, blend_file: Path, tmp_path: Path
) -> None:
    run = blender.run(
        """
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        load()
        from blender_nst.capture.frame import capture_frame
        scene = bpy.context.scene
        for layer in scene.view_layers:
            layer.use_pass_vector = layer.use_pass_z = True
        scene.frame_set(-3)
        captured = []
        def save(*_):
            frame = capture_frame(scene, Path(arguments[1]))
            captured.append([frame.frame, str(frame.content), str(frame.passes)])
        bpy.app.handlers.render_write.append(save)
        scene.render.filepath = str(Path(arguments[1]) / "own")
        scene.render.image_settings.color_mode = "RGBA"
        bpy.ops.render.render(write_still=True)
        finish(captured)
        """,
        str(blend_file),
        str(tmp_path / "out"),
    )
    content = tmp_path / "out" / "content" / "content_-0003.png"
    passes = tmp_path / "out" / "passes" / "passes_-0003.exr"
    assert run.result == [[-3, str(content), str(passes)]]
    picture = np.asarray(Image.open(content))
    assert picture.shape == (64, 96, 4)
    own = np.asarray(Image.open(tmp_path / "out" / "own.png"))
    assert np.array_equal(picture, own), "the picture is the render's own, view transform included"
    parts = OpenEXR.File(str(passes), separate_channels=True).parts
    channels = {name for part in parts for name in part.channels}
    assert {"ViewLayer.Combined.R", "ViewLayer.Depth.Z", "ViewLayer.Vector.W"} <= channels
    assert not list((tmp_path / "out").rglob(".*")), "no unfinished file is left"


@pytest.mark.across_versions
def test_the_renders_own_picture_is_copied_where_it_is_the_same(
    blender: BlenderInTests, blend_file: Path, tmp_path: Path
) -> None:
    run = blender.run(
        """
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        load()
        from blender_nst.capture import frame as capture
        scene = bpy.context.scene
        settings = scene.render.image_settings
        scene.frame_start, scene.frame_end = 1, 1
        scene.render.filepath = str(Path(arguments[1]) / "own_####")
        scene.render.film_transparent = False
        out, own = Path(arguments[1]), Path(scene.render.frame_path(frame=1))
        made = []
        def save(*_):
            for since in (begun, begun + 3600.0):
                frame = capture.capture_frame(scene, out, with_passes=False, written_since=since)
                made.append(frame.content.read_bytes() == own.read_bytes())
        bpy.app.handlers.render_write.append(save)
        import time
        for changes in ({}, {"color_mode": "RGBA"}, {"color_depth": "16"}, {"color_management": "OVERRIDE"}):
            settings.color_mode, settings.color_depth, settings.compression = "RGB", "8", 90
            settings.color_management = "FOLLOW_SCENE"
            for name, value in changes.items():
                setattr(settings, name, value)
            begun = time.time() - 1.0
            bpy.ops.render.render(animation=True)
        scene.render.use_stamp = True
        settings.color_management = "FOLLOW_SCENE"
        bpy.ops.render.render(animation=True)
        finish(made)
        """,
        str(blend_file),
        str(tmp_path),
    )
    # The same bytes are a copy: the capture's own compression is another.
    assert run.result == [True, False, True, False] + 6 * [False]


@pytest.mark.across_versions
def test_passes_saved_in_haste_are_packed_without_a_loss(
    blender: BlenderInTests, blend_file: Path, tmp_path: Path
) -> None:
    run = blender.run(
        """
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        load()
        from blender_nst.capture.frame import capture_frame
        scene = bpy.context.scene
        for layer in scene.view_layers:
            layer.use_pass_vector = layer.use_pass_z = True
        made = []
        def save(*_):
            for name, haste in (("slow", False), ("fast", True)):
                made.append(str(capture_frame(scene, Path(arguments[1]) / name, uncompressed=haste).passes))
        bpy.app.handlers.render_post.append(save)
        bpy.ops.render.render()
        finish(made)
        """,
        str(blend_file),
        str(tmp_path),
    )
    slow, fast = map(Path, run.result)
    large = fast.stat().st_size
    compressed = read_channels(slow)
    for _ in range(2):
        found = read_channels(fast)
        assert found.keys() == compressed.keys()
        assert all(found[name].tobytes() == compressed[name].tobytes() for name in found)
        pack(fast)
    assert fast.stat().st_size < 0.5 * large


@pytest.mark.parametrize("kind", ["PNG", "OPEN_EXR", "JPEG", "FFMPEG", "OPEN_EXR_MULTILAYER"])
def test_the_users_image_settings_are_as_before(
    blender: BlenderInTests, blend_file: Path, tmp_path: Path, kind: str
) -> None:
    run = blender.run(
        _DUMP
        + """
bpy.ops.wm.open_mainfile(filepath=arguments[0])
load()
from blender_nst.capture.frame import CaptureError, capture_frame
scene = bpy.context.scene
settings = scene.render.image_settings
kind = arguments[2]
if hasattr(settings, "media_type"):
    settings.media_type = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}.get(kind, "IMAGE")
settings.file_format = kind
if kind == "FFMPEG":
    scene.render.ffmpeg.format, scene.render.ffmpeg.codec = "MKV", "H264"
if kind == "PNG":
    settings.color_depth, settings.compression, settings.color_mode = "16", 77, "BW"
    settings.color_management = "OVERRIDE"
if kind.startswith("OPEN_EXR"):
    settings.color_depth, settings.exr_codec = "16", "PIZ"
before = image_settings(scene)
bpy.ops.render.render()
capture_frame(scene, Path(arguments[1]) / "out")
after = image_settings(scene)
Path(arguments[1], "file").touch()
error = ""
try:
    capture_frame(scene, Path(arguments[1]) / "file")
except CaptureError as caught:
    error = str(caught)
finish({"before": before, "after": after, "after_error": image_settings(scene), "error": error})
""",
        str(blend_file),
        str(tmp_path),
        kind,
    )
    assert run.result["after"] == run.result["before"]
    assert run.result["after_error"] == run.result["before"]
    assert "the rendered frame cannot be saved" in run.result["error"]
    assert "\n" not in run.result["error"]
