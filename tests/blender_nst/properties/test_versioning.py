"""What becomes of the settings in .blend files of earlier versions of the extension."""

from __future__ import annotations

from pathlib import Path

import pytest

from blender_nst.properties.schema import SCHEMA, renamed_properties
from tests.blender_nst.blender_in_tests import BlenderInTests

_SAVE_OLD = """
class Old(bpy.types.PropertyGroup):
    enabled: bpy.props.BoolProperty()
    colour: bpy.props.EnumProperty(items=[(name, name.title(), "") for name in json.loads(arguments[1])])
    memory: bpy.props.IntProperty(default=4)
    steps: bpy.props.IntProperty(default=200)
bpy.utils.register_class(Old)
bpy.types.Scene.nst = bpy.props.PointerProperty(type=Old)
other = bpy.data.scenes.new("Untouched")
nst = bpy.context.scene.nst
nst.enabled, nst.colour, nst.memory, nst.steps = True, "LUMINANCE", 9, 77
bpy.ops.wm.save_as_mainfile(filepath=arguments[0])
finish()
"""

_OPEN = """
load().register()
def listed():
    nst = bpy.data.scenes["Scene"].nst
    return [nst.enabled, nst.color, nst.history_length, nst.steps]
bpy.ops.wm.open_mainfile(filepath=arguments[0])
seen = [listed(), bpy.data.scenes["Untouched"].nst.history_length]
bpy.data.scenes["Scene"].nst.property_unset("history_length")
bpy.ops.wm.save_as_mainfile(filepath=arguments[0])
bpy.ops.wm.open_mainfile(filepath=arguments[0])
finish([*seen, listed()])
"""


@pytest.mark.across_versions
def test_renamed_settings_of_an_old_file_keep_their_values(blender: BlenderInTests, tmp_path: Path) -> None:
    colors = next(entry for entry in SCHEMA["style_settings"] if entry["name"] == "color")["choices"]
    names = "[" + ", ".join(f'"{choice["name"].upper()}"' for choice in colors) + "]"
    blender.run(_SAVE_OLD, str(tmp_path / "old.blend"), names, own_process=True)
    opened, untouched, again = blender.run(_OPEN, str(tmp_path / "old.blend")).result
    assert opened == [True, "LUMINANCE", 9, 77]
    assert untouched == 4
    # A value that was taken back to its default does not come back.
    assert again == [True, "LUMINANCE", 4, 77]


def test_no_older_name_is_one_of_todays() -> None:
    names = {
        entry["name"] for section in ("style_settings", "sequence_settings") for entry in SCHEMA[section]
    }
    assert renamed_properties()
    assert not set(renamed_properties()) & names
