"""What becomes of the settings in .blend files of earlier versions of the extension."""

from __future__ import annotations

from collections.abc import Sequence
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


_STORE = """
def stored():
    scene = bpy.context.scene
    newer = hasattr(scene, "bl_system_properties_get")
    return scene.bl_system_properties_get(do_create=True) if newer else scene
"""

_OPEN_EACH = (
    _STORE
    + """
nan, infinity = float("nan"), float("inf")
files = []
for number, (name, value) in enumerate(CASES):
    bpy.ops.wm.read_factory_settings()
    stored()[name] = value
    files.append(str(Path(arguments[0]) / f"{number}.blend"))
    bpy.ops.wm.save_as_mainfile(filepath=files[-1], copy=True)
load().register()
found = []
for file in files:
    bpy.ops.wm.open_mainfile(filepath=file)
    scene = bpy.context.scene
    found.append(str(eval(arguments[1])))
finish(found)
"""
)


@pytest.mark.across_versions
def test_what_is_no_group_of_settings_is_passed_over(blender: BlenderInTests, tmp_path: Path) -> None:
    values = [5, 1.5, "text", b"x", [1, 2], ["a"], {"style_path": 5}, {"style_path": {"a": 1}}]
    values += [{"style_path": [1, 2]}, {"styles": 5}, {"styles": "x"}, {"colour": {"a": 1}}, {"memory": "x"}]
    script = _OPEN_EACH.replace("CASES", repr([("nst", value) for value in values]))
    read = "[scene.nst.steps, scene.nst.color, scene.nst.history_length, scene.nst.enabled]"
    run = blender.run(script, str(tmp_path), read, own_process=True)
    assert set(run.result) == {"[150, 'STYLE', 4, False]"}
    assert "Traceback" not in run.output


@pytest.mark.across_versions
def test_values_that_a_property_cannot_have_are_replaced(blender: BlenderInTests, tmp_path: Path) -> None:
    cases = """[
        ("nst", {"steps": -5}), ("nst", {"steps": 2**31 - 1}), ("nst", {"content_weight": nan}),
        ("nst", {"content_weight": -1.0}), ("nst", {"temporal_weight": infinity}),
        ("nst", {"range_step": -3}), ("nst", {"source": 99}), ("nst", {"output_format": -1}),
        ("nst", {"styles": [{"weight": nan}, {"weight": -2.0}]}),
        ("nst_regions", {"entries": [{"kind": 77}]}),
        ("nst", {"steps": 77, "content_weight": 2.5, "source": 1}),
    ]"""
    run = blender.run(
        _OPEN_EACH.replace("CASES", cases),
        str(tmp_path),
        "[scene.nst.steps, round(scene.nst.content_weight, 6), scene.nst.temporal_weight,"
        " scene.nst.range_step, scene.nst.source, scene.nst.output_format,"
        " [round(each.weight, 3) for each in scene.nst.styles],"
        " [each.kind for each in scene.nst_regions.entries]]",
        own_process=True,
    )
    assert "Traceback" not in run.output
    temporal = next(each for each in SCHEMA["sequence_settings"] if each["name"] == "temporal_weight")
    most = next(each for each in SCHEMA["style_settings"] if each["name"] == "steps")["maximum"]

    def expected(
        steps: int = 150, content: float = 1.4, styles: Sequence[float] = (), regions: Sequence[str] = ()
    ) -> str:
        fixed = [temporal["default"], 1, "RENDER", "PNG"]
        return str([steps, content, *fixed, list(styles), list(regions)])

    # In turn: the nearest value, the default for what is no number or no choice.
    assert run.result == [
        *(expected(1), expected(most), expected(), expected(content=0.0), expected()),
        *(expected(), expected(), expected()),
        expected(styles=[1.0, 0.01]),
        expected(regions=["OBJECT"]),
        str([77, 2.5, temporal["default"], 1, "CAPTURED", "PNG", [], []]),
    ]
