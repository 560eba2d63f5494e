"""What keeps a render from being stylized is known before it begins, and how it is removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests

pytestmark = pytest.mark.across_versions

_OPEN = """
load().register()
from blender_nst.session.checks.obstacles import Purpose, obstacles
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
nst = scene.nst
nst.enabled, nst.output_path = True, arguments[2]
folder = Path(arguments[2]).parent

def found(purpose=Purpose.ANIMATION):
    return [[each.message, [way.operator for way in each.ways_out]] for each in obstacles(scene, purpose)]
"""

_CASES = """
seen = {"no style": found()}
nst.style_path = arguments[1]
seen["ready"] = [found(each) for each in Purpose]
broken = folder / "broken.png"
broken.write_bytes(b"no picture at all")
nst.style_path = str(broken)
seen["broken"] = found()
broken.write_bytes(Path(arguments[1]).read_bytes())
seen["repaired"] = found()
broken.write_bytes(Path(arguments[1]).read_bytes()[:200])
seen["cut"] = found()
nst.style_path = str(folder / "gone.png")
seen["gone"] = found()
nst.style_path = arguments[1]
environment = os.environ.pop("BLENDER_NST_PYTHON")
seen["no engine"] = found()
os.environ["BLENDER_NST_PYTHON"] = "/nowhere/python"
seen["lost engine"] = found()
os.environ["BLENDER_NST_PYTHON"] = environment
scene.render.use_multiview = True
seen["two eyes"] = found()
right = scene.render.views["right"]
right.file_suffix, suffix = scene.render.views["left"].file_suffix, right.file_suffix
seen["eyes alike"] = [found(), found(Purpose.FILES)]
right.file_suffix, scene.render.use_multiview = suffix, False
nst.output_path = str(broken / "out")
seen["no folder"] = found()
nst.output_path = ""
seen["empty"] = found()
nst.output_path = str(folder / ("long" * 100))
seen["long name"] = found()
circle = folder / "circle"
circle.symlink_to(circle)
nst.output_path = str(circle / "out")
seen["circle"] = found()
nst.output_path, nst.style_path = str(folder / "out"), str(folder / ("long" * 100 + ".png"))
seen["long style"] = found()
nst.style_path, nst.content_weight = arguments[1], float("nan")
seen["no number"] = found()
nst.property_unset("content_weight")
nst.styles[0].weight = float("nan")
seen["no weight"] = found()
nst.styles[0].property_unset("weight")
scene.frame_end = 100_000
seen["longest"] = found()
scene.frame_end = 100_001
seen["too long"] = [found(), found(Purpose.FILES)]
scene.frame_end = 3
nst.output_path = str(folder)
(folder / "styled").mkdir()
inside = folder / "styled" / "styled_0001.png"
inside.write_bytes(Path(arguments[1]).read_bytes())
nst.style_path = str(inside)
seen["overwritten"] = found()
nst.style_path, nst.output_path = arguments[1], str(folder / "out")
region = scene.nst_regions.entries.add()
region.object = bpy.data.objects["Cube"]
seen["region"] = found()
region.style_path = str(folder / "gone.png")
seen["lost region"] = found()
region.style_path = arguments[1]
nst.styles.clear()
seen["regions alone"] = found()
bpy.ops.wm.read_homefile(use_empty=True)
scene = bpy.context.scene
scene.nst.style_path = arguments[1]
seen["unsaved"] = found()
scene.nst.style_path = "//style.png"
seen["unsaved style"] = found()
finish(seen)
"""


def test_each_obstacle_is_named_with_its_way_out(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    arguments = [str(blend_file), str(style_picture), str(blender.folder / "out")]
    seen = blender.run(_OPEN + _CASES, *arguments).result
    assert seen["no style"] == [["There is no style picture", ["nst.style_add", "nst.look"]]]
    assert seen["ready"] == [[], [], [], []]
    assert seen["repaired"] == []
    assert seen["regions alone"] == []
    expected = {
        "broken": ("broken.png: the picture cannot be read", "nst.style_add"),
        "cut": ("broken.png: the picture cannot be read", "nst.style_add"),
        "gone": ("gone.png: the style picture is not there", "nst.style_add"),
        "no engine": ("The style engine is not installed", "preferences.addon_show"),
        "lost engine": ("/nowhere/python: the style engine is not there", "preferences.addon_show"),
        "no folder": ("it is no folder", "nst.choose_output"),
        "empty": ("No output folder is chosen", "nst.choose_output"),
        "overwritten": ("is a style and would be overwritten", "nst.choose_output"),
        "long name": ("File name too long; choose another output folder", "nst.choose_output"),
        "circle": ("symbolic links; choose another output folder", "nst.choose_output"),
        "long style": ("File name too long; choose another style picture", "nst.style_add"),
        "unsaved": ("is not saved", "wm.save_mainfile"),
    }
    for name, (text, operator) in expected.items():
        assert len(seen[name]) == 1, (name, seen[name])
        message, ways_out = seen[name][0]
        assert text in message, name
        assert ways_out == [operator], name
        assert "\n" not in message
        assert "BLENDER_NST" not in message, "internal names are not for the window"
    assert seen["two eyes"] == []
    assert "suffix" in seen["eyes alike"][0][0][0]
    assert seen["eyes alike"][1] == [], "files on disk are no render"
    assert seen["no number"] == [["Content Weight is nan, which it cannot be: set it to another value", []]]
    assert seen["no weight"] == [["Weight is nan, which it cannot be: set it to another value", []]]
    assert seen["longest"] == []
    assert "More than 100000 frames are too many for one run" in seen["too long"][0][0][0]
    assert seen["too long"][1] == []
    assert "no style is chosen" in seen["region"][0][0]
    assert "gone.png" in seen["lost region"][0][0]
    assert [ways for _message, ways in seen["unsaved style"]] == [["wm.save_mainfile"]] * 2


def test_a_session_at_work_is_an_obstacle_until_it_ends(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    script = """
from blender_nst.session import active
from blender_nst.session.plan import SessionPlan
nst.style_path = arguments[1]
nst.device, nst.steps, nst.coarsest_size = "CPU", 3, 64
from blender_nst.session.frame_sources import source_frames
nst.source, nst.source_path = "FILES", str(folder / "own_0001.png")
(folder / "own_0001.png").write_bytes(Path(arguments[1]).read_bytes())
frames = source_frames(scene)
session = active.stylize_files(SessionPlan.from_scene(scene, 1), frames)
during = [found(), found(Purpose.FILES), bpy.ops.nst.stylize_frames.poll()]
active.wait_for(session)
finish([during, found(), bpy.ops.nst.stylize_frames.poll()])
"""
    arguments = [str(blend_file), str(style_picture), str(blender.folder / "out")]
    during, after, poll = blender.run(_OPEN + script, *arguments).result
    assert during[0] == [], "a render is stylized after it"
    assert len(during[1]) == 1
    assert "still being stylized" in during[1][0][0]
    assert during[1][0][1] == ["nst.cancel"]
    assert during[2] is False
    assert (after, poll) == ([], True)
