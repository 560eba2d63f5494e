"""The list of style pictures in a scene, through its operators, and what a session makes of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import BlenderInTests


def test_pictures_are_added_moved_and_removed(blender: BlenderInTests, style_picture: Path) -> None:
    for name in ("a.png", "b.JPG", "d.webp"):
        Image.open(style_picture).convert("RGB").save(style_picture.parent / name)
    run = blender.run(
        """
        load().register()
        nst, ops = bpy.context.scene.nst, bpy.ops.nst
        def listed():
            return [[Path(each.path).name for each in nst.styles], nst.active_style]
        seen = [ops.style_remove.poll()]
        files = [{"name": name} for name in ("a.png", "b.JPG", "c.txt")]
        ops.style_add(directory=arguments[0] + "/", files=files)
        seen.append(listed())
        ops.style_add(filepath=arguments[0] + "/d.webp")
        ops.style_move(direction="UP")
        seen.append(listed())
        nst.active_style = 0
        ops.style_remove()
        seen.append(listed())
        try:
            ops.style_add(filepath="/nowhere/notes.txt")
        except RuntimeError as error:
            seen.append(str(error))
        finish(seen)
        """,
        str(style_picture.parent),
    )
    empty, added, moved, removed = run.result[:4]
    assert empty is False
    assert added == [["a.png", "b.JPG"], 1]
    assert moved == [["a.png", "d.webp", "b.JPG"], 1]
    assert removed == [["d.webp", "b.JPG"], 0]
    assert "c.txt: a style is a picture" in run.output
    assert "notes.txt: a style is a picture" in run.output


def test_styles_and_weights_are_saved_and_reach_the_engine(
    blender: BlenderInTests, style_picture: Path, tmp_path: Path
) -> None:
    run = blender.run(
        """
        load().register()
        from blender_nst.session.checks.scene_checks import SessionError
        from blender_nst.session.plan import SessionPlan
        from blender_nst.properties.styles import add_style
        nst = bpy.context.scene.nst
        errors = []
        def attempt():
            try:
                SessionPlan.from_scene(bpy.context.scene)
            except SessionError as error:
                errors.append(str(error))
        nst.output_path = arguments[1]
        attempt()
        add_style(nst, arguments[0])
        add_style(nst, arguments[0], 0.3)
        bpy.ops.wm.save_as_mainfile(filepath=arguments[1] + "/styles.blend")
        bpy.ops.wm.read_homefile(use_empty=True)
        bpy.ops.wm.open_mainfile(filepath=arguments[1] + "/styles.blend")
        plan = SessionPlan.from_scene(bpy.context.scene)
        nst = bpy.context.scene.nst
        nst.styles[1].path = "//gone.png"
        attempt()
        first = nst.style_path
        nst.style_path = "/another.png"
        finish({"styles": [str(each) for each in plan.styles], "weights": plan.style_weights,
                "errors": errors, "first": first, "now": [each.path for each in nst.styles]})
        """,
        str(style_picture),
        str(tmp_path),
        environment={"BLENDER_NST_PYTHON": sys.executable},
    )
    assert run.result["styles"] == [str(style_picture)] * 2
    assert run.result["weights"] == [1.0, 0.3]
    none, missing = run.result["errors"]
    assert "no style picture is chosen" in none
    assert f"{tmp_path / 'gone.png'}: the style picture is not there" in missing
    assert run.result["first"] == str(style_picture)
    assert run.result["now"] == ["/another.png", "//gone.png"]


@pytest.mark.across_versions
def test_the_single_picture_of_an_old_file_becomes_the_first_of_the_list(
    blender: BlenderInTests, tmp_path: Path
) -> None:
    blender.run(
        """
        class Old(bpy.types.PropertyGroup):
            enabled: bpy.props.BoolProperty()
            style_path: bpy.props.StringProperty()
        bpy.utils.register_class(Old)
        bpy.types.Scene.nst = bpy.props.PointerProperty(type=Old)
        nst = bpy.context.scene.nst
        nst.enabled, nst.style_path = True, "//painting.jpg"
        bpy.ops.wm.save_as_mainfile(filepath=arguments[0])
        finish()
        """,
        str(tmp_path / "old.blend"),
        own_process=True,
    )
    run = blender.run(
        """
        load().register()
        def listed():
            return [[each.path for each in bpy.context.scene.nst.styles], bpy.context.scene.nst.enabled]
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        seen = [listed()]
        bpy.context.scene.nst.styles.clear()
        bpy.ops.wm.save_as_mainfile(filepath=arguments[0])
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        finish([*seen, listed()])
        """,
        str(tmp_path / "old.blend"),
    )
    assert "does not support" not in run.output, "a path that begins with // is no surprise to Blender"
    # One that was removed by hand does not come back.
    assert run.result == [[["//painting.jpg"], True], [[], True]]
