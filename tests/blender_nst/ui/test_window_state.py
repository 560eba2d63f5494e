"""Status after other files and refused runs, keys that an artist assigns, and one thing called preset."""

from __future__ import annotations

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests

pytestmark = pytest.mark.across_versions

_OPEN = """
load().register()
from blender_nst.session.active import running_session, status_line
scene = bpy.context.scene
"""


def test_status_is_of_the_file_at_hand(blender: BlenderInTests) -> None:
    script = """
path = arguments[0] + "/scene.blend"
bpy.ops.wm.save_as_mainfile(filepath=path)
seen = []
def refuse():
    # Nothing is in the folder: the run is refused, and says so.
    scene = bpy.context.scene
    scene.nst.style_path = "/nowhere.png"
    scene.nst.enabled = True
    scene.render.resolution_x = scene.render.resolution_y = 16
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.frame_end = 1
    scene.render.filepath = arguments[0] + "/own_"
    bpy.ops.render.render(animation=True)
    seen.append(list(status_line()))
refuse()
bpy.ops.wm.read_homefile(use_empty=False)
seen.append([*status_line(), running_session() is None])
refuse()
bpy.ops.wm.open_mainfile(filepath=path)
seen.append([*status_line(), running_session() is None])
finish(seen)
"""
    first, new, second, opened = blender.run(_OPEN + script, str(blender.folder)).result
    for line, is_error in (first, second):
        assert line.startswith("Not stylized: /nowhere.png")
        assert is_error
    assert new == ["", False, True], "after File > New"
    assert opened == ["", False, True], "after another file"


def test_every_entry_of_the_menu_can_have_a_key(blender: BlenderInTests) -> None:
    script = """
keymap = bpy.context.window_manager.keyconfigs.new("test").keymaps.new("Window")
seen = {}
for name in ("render", "stylize_frames", "stylize_frame", "resume", "preview", "play", "look", "style_add"):
    item = keymap.keymap_items.new(f"nst.{name}", "F5", "PRESS", shift=True)
    rna = getattr(bpy.ops.nst, name).get_rna_type()
    seen[name] = [item.name == rna.name, item.properties is not None, item.active]
finish(seen)
"""
    seen = blender.run(_OPEN + script).result
    assert set(map(tuple, seen.values())) == {(True, True, True)}


def test_one_thing_is_called_preset(blender: BlenderInTests) -> None:
    script = """
from blender_nst.ui import panels, presets
called = [each.name for each in scene.nst.bl_rna.properties if "preset" in each.name.lower()]
called += [each.bl_label for each in panels.PANELS if "preset" in each.bl_label.lower()]
finish([called, presets.NST_MT_presets.bl_label, scene.nst.bl_rna.properties["preset"].name])
"""
    assert blender.run(_OPEN + script).result == [[], "Neural Style Presets", "Quality"]
