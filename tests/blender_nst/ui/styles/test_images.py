"""Styles that are images of the .blend file: the files that are made of them, packing, and runs with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import BlenderInTests
from video.images.image_files import read_image

pytestmark = pytest.mark.across_versions

_OPEN = """
import numpy as np
load().register()
from blender_nst.capture.style_picture import StylePictureError, image_file, write_image
from blender_nst.properties.styles import add_image
folder = Path(arguments[0])
scene = bpy.context.scene
nst = scene.nst

def image_of(values, name, **options):
    height, width = values.shape[:2]
    image = bpy.data.images.new(name, width, height, alpha=True, **options)
    image.pixels.foreach_set(np.ascontiguousarray(values[::-1], np.float32).ravel())
    image.update()
    return image
"""


def test_an_image_of_blender_becomes_a_file_by_value(blender: BlenderInTests) -> None:
    levels = np.random.default_rng(3).integers(0, 256, (12, 20, 4), np.uint8)
    levels[..., 3] = 255
    levels[0, 0] = [200, 10, 0, 128]
    np.save(blender.folder / "levels.npy", levels)
    script = """
levels = np.load(folder / "levels.npy")
painted = image_of(levels / 255.0, "painted")
light = image_of(np.full((4, 6, 4), [0.5, 0.01, 2.0, 1.0]), "light", float_buffer=True)
finish([str(write_image(painted, folder)), str(write_image(light, folder))])
"""
    painted, light = blender.run(_OPEN + script, str(blender.folder)).result
    np.testing.assert_array_equal(np.asarray(Image.open(painted)), levels)
    # IEC 61966-2-1 of 0.5 and 0.01, and light that is cut off at white.
    expected = [1.055 * 0.5 ** (1 / 2.4) - 0.055, 1.055 * 0.01 ** (1 / 2.4) - 0.055, 1.0, 1.0]
    pixel = read_image(Path(light))[2, 3]
    np.testing.assert_allclose(pixel[:3], expected[:3], atol=1.5 / 65535.0)


def test_a_packed_file_is_written_as_it_was_and_one_on_disk_is_taken_itself(
    blender: BlenderInTests, style_picture: Path
) -> None:
    jpeg = blender.folder / "painting.jpg"
    Image.open(style_picture).convert("RGB").save(jpeg, quality=80)
    original = jpeg.read_bytes()
    script = """
image = bpy.data.images.load(str(folder / "painting.jpg"))
on_disk = str(write_image(image, folder / "out"))
image.pack()
packed = str(write_image(image, folder / "out"))
again = str(write_image(image, folder / "out"))
image.pixels[0] = 1.0 - image.pixels[0]
dirty = [image.is_dirty, image_file(image) is None, Path(write_image(image, folder / "out")).suffix]
errors = []
movie = bpy.data.images.new("frames", 4, 4)
movie.source = "SEQUENCE"
gone = bpy.data.images.load(str(folder / "painting.jpg"), check_existing=False)
(folder / "painting.jpg").unlink()
for each in (movie, gone):
    try:
        write_image(each, folder / "out")
    except StylePictureError as error:
        errors.append(str(error))
finish([on_disk, packed, again, dirty, errors])
"""
    on_disk, packed, again, dirty, errors = blender.run(_OPEN + script, str(blender.folder)).result
    assert on_disk == str(jpeg)
    assert Path(packed).read_bytes() == original
    assert Path(packed).parent == blender.folder / "out" / "style_pictures"
    assert packed == again
    assert dirty == [True, True, ".png"]
    assert "'frames' is no single picture" in errors[0]
    assert "painting.jpg: the picture of image" in errors[1]


def test_a_packed_style_travels_with_the_file(blender: BlenderInTests, style_picture: Path) -> None:
    for name in ("a.png", "b.png"):
        (blender.folder / name).write_bytes(style_picture.read_bytes())
    script = """
from blender_nst.session.plan import SessionPlan
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "scene.blend"))
bpy.ops.nst.style_add(filepath=str(folder / "a.png"))
relative = nst.styles[0].path
bpy.ops.nst.region_add()
region = scene.nst_regions.entries[0]
region.object, region.style_path = bpy.data.objects["Cube"], "//b.png"
bpy.ops.nst.styles_pack()
free = bpy.ops.nst.styles_pack.poll()
bpy.ops.wm.save_mainfile()
for name in ("a.png", "b.png"):
    (folder / name).unlink()
bpy.ops.wm.open_mainfile(filepath=str(folder / "scene.blend"))
scene = bpy.context.scene
from blender_nst.session.checks.obstacles import Purpose, obstacles
found = [each.message for each in obstacles(scene, Purpose.ANIMATION)]
scene.nst.output_path = str(folder / "out")
plan = SessionPlan.from_scene(scene)
untouched = not (folder / "out").exists()
plan = plan.with_written_images()
finish([relative, free, found, untouched, [str(each) for each in plan.styles], plan.regions[0].style])
"""
    relative, free, found, untouched, styles, region = blender.run(_OPEN + script, str(blender.folder)).result
    assert relative == "//a.png"
    assert free is False
    assert found == []
    assert untouched, "looking at the settings writes nothing"
    assert [Path(each).read_bytes() for each in styles] == [style_picture.read_bytes()]
    assert Path(region).read_bytes() == style_picture.read_bytes()


def test_an_image_of_the_file_is_added_by_its_name(blender: BlenderInTests) -> None:
    script = """
for image in list(bpy.data.images):
    bpy.data.images.remove(image)
none = bpy.ops.nst.style_add_image.poll()
image_of(np.full((8, 8, 4), 0.5), "mine")
bpy.ops.nst.style_add_image(image="mine")
finish([none, [style.image.name for style in nst.styles], nst.active_style])
"""
    assert blender.run(_OPEN + script, str(blender.folder)).result == [False, ["mine"], 0]


def test_a_run_knows_a_packed_style_by_its_content(
    blender: BlenderInTests, blend_file: Path, style_picture: Path, make_job: Callable[..., RenderJob]
) -> None:
    change = """
import blender_nst
blender_nst.register()
from blender_nst.properties.styles import add_image
import sys
image = bpy.data.images.load({picture!r})
image.name = {name!r}
image.pack()
add_image(scene.nst, image)
"""
    picture = str(style_picture)
    first = blender.changed(blend_file, change.format(picture=picture, name="a"), "first")
    renamed = blender.changed(blend_file, change.format(picture=picture, name="b"), "renamed")
    job = make_job(blend=str(first), styles=[], scene_styles=True, frames=(1, 1, 1))
    assert blender.headless(job).code == 0
    named = make_job(output=str(blender.folder / "named"), frames=(1, 1, 1))
    assert blender.headless(named).code == 0

    def styled(output: str) -> bytes:
        return (Path(output) / "styled" / "styled_0001.png").read_bytes()

    assert styled(job.output) == styled(named.output), "as from the file itself"
    run = blender.headless(replace(job, blend=str(renamed)))
    assert run.of("opened")[0]["frames"] == [1], "the same picture under another name"
    identity = json.loads((Path(job.output) / "journal.json").read_text())["run"]
    assert not any("style_pictures" in str(value) for value in identity.values())
