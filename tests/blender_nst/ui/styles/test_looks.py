"""Looks: what choosing one sets, that one step of undo takes it back, and that its pictures travel along."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import PACKAGE, BlenderInTests

FOLDER = PACKAGE / "looks"


@pytest.mark.across_versions
def test_a_look_sets_styles_and_settings_and_is_known_by_them(blender: BlenderInTests) -> None:
    script = """
load().register()
from blender_nst.properties.looks import LOOKS
nst = bpy.context.scene.nst
seen, wrong = [nst.look], []
for look in LOOKS:
    nst.look = look.name.upper()
    chosen = [[Path(style.image.filepath.replace("\\\\", "/")).name, round(style.weight, 4)]
              for style in nst.styles]
    values = [round(nst.strength, 4), round(nst.paint, 4), nst.color.lower(), round(nst.style_scale, 4)]
    expected = [look.settings[name] for name in ("strength", "paint", "color", "style_scale")]
    if nst.look != look.name.upper() or chosen != [list(each) for each in look.styles] or values != expected:
        wrong.append([look.name, nst.look, chosen, values])
packed = all(style.image.packed_file is not None for style in nst.styles)
steps = nst.steps
nst.paint = 0.9
shipped = [image for image in bpy.data.images if image.filepath.endswith(".jpg")]
finish([seen, wrong, packed, nst.look, steps, len(shipped)])
"""
    seen, wrong, packed, changed, steps, images = blender.run(script).result
    assert seen == ["CUSTOM"]
    assert wrong == []
    assert packed
    assert changed == "CUSTOM", "with another setting it is a look no more"
    assert steps == blender.run("load().register(); finish(bpy.context.scene.nst.steps)").result
    assert images == 3, "each picture is loaded once"


@pytest.mark.across_versions
def test_a_look_is_one_step_of_undo_and_travels_with_the_file(blender: BlenderInTests) -> None:
    script = """
load().register()
def state():
    nst = bpy.context.scene.nst
    names = [style.image.name if style.image else style.path for style in nst.styles]
    return [names, round(nst.strength, 3), round(nst.paint, 3), nst.look]
bpy.context.scene.nst.style_path = "/mine.png"
bpy.context.scene.nst.paint = 0.1
bpy.ops.ed.undo_push(message="before")
before = state()
bpy.ops.nst.look("EXEC_DEFAULT", True, look="EVENING_MIX")
after = state()
bpy.ops.ed.undo_push(message="after")
bpy.ops.ed.undo()
if state() == after:
    bpy.ops.ed.undo()
undone = state()
bpy.context.scene.nst.look = "EVENING_MIX"
path = arguments[0] + "/scene.blend"
bpy.ops.wm.save_as_mainfile(filepath=path)
bpy.ops.wm.open_mainfile(filepath=path)
scene = bpy.context.scene
scene.nst.output_path = arguments[0] + "/out"
from blender_nst.session.plan import SessionPlan
plan = SessionPlan.from_scene(scene).with_written_images()
finish([before, after, undone, state(), [str(each) for each in plan.styles], plan.style_weights])
"""
    before, after, undone, opened, styles, weights = blender.run(script, str(blender.folder)).result
    assert after != before
    assert undone == before
    assert opened[3] == "EVENING_MIX"
    written = [Path(each).read_bytes() for each in styles]
    assert written == [(FOLDER / name).read_bytes() for name in ("knife.jpg", "swirls.jpg")]
    assert weights == [1.0, 0.7]


def test_the_shipped_pictures_are_small_and_all_there() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3_000_000
    pictures = sorted(FOLDER.glob("*.jpg"))
    assert len(pictures) == 9
    for path in pictures:
        with Image.open(path) as picture:
            assert max(picture.size) <= 512
