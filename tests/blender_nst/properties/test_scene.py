from __future__ import annotations

import pytest

from blender_nst.cli.packaging.settings_schema import make_schema
from blender_nst.properties.schema import group_layouts
from compositor.settings import (
    Preset,
    StyleSettings,
    preset_values,
    settings_from_json,
    settings_to_json,
)
from tests.blender_nst.blender_in_tests import BlenderInTests
from video.settings import SequenceSettings


def test_properties_are_those_of_the_schema(blender: BlenderInTests) -> None:
    run = blender.run(
        """
        load().register()
        found = {}
        for name, prop in bpy.context.scene.nst.bl_rna.properties.items():
            found[name] = {"type": prop.type, "name": prop.name, "description": prop.description}
            if prop.type in {"INT", "FLOAT"}:
                found[name] |= {"min": prop.hard_min, "max": prop.hard_max}
            if prop.type == "ENUM":
                items = [[item.identifier, item.name, item.description] for item in prop.enum_items]
                found[name]["choices"] = items
        finish(found)
        """
    )
    types = {
        "bool": "BOOLEAN",
        "int": "INT",
        "float": "FLOAT",
        "enum": "ENUM",
        "names": "STRING",
        "text": "STRING",
    }
    schema = make_schema()
    for entry in [*schema["style_settings"], *schema["sequence_settings"]]:
        if entry.get("from_scene"):
            assert entry["name"] not in run.result
            continue
        found = run.result[entry["name"]]
        assert found["name"] == entry["title"]
        assert found["type"] == types[entry["type"]]
        assert found["description"].startswith(entry["help"])
        assert not found["description"].endswith("."), "Blender adds the full stop"
        for bound, key in (("minimum", "min"), ("maximum", "max")):
            if bound in entry:
                assert found[key] == pytest.approx(entry[bound], rel=1e-6)
        if entry["type"] == "enum":
            choices = [[each["name"].upper(), each["label"], each["help"]] for each in entry["choices"]]
            assert found["choices"] == choices


def test_untouched_properties_give_the_engines_defaults(blender: BlenderInTests) -> None:
    run = blender.run(
        """
        load().register()
        from blender_nst.properties.scene import settings_dicts
        bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 30, 1.001
        finish(settings_dicts(bpy.context.scene))
        """
    )
    style, sequence = run.result
    assert style == settings_to_json(StyleSettings())
    assert sequence == settings_to_json(SequenceSettings()) | {"frame_rate": 29.97}


def test_properties_reach_the_engine_as_they_were_set(blender: BlenderInTests) -> None:
    run = blender.run(
        """
        load().register()
        from blender_nst.properties.scene import settings_dicts
        nst = bpy.context.scene.nst
        nst.style_weight, nst.style_layers, nst.pooling, nst.steps = 31.4, " relu1_1,relu3_1,", "MAX", 77
        finish(settings_dicts(bpy.context.scene)[0])
        """
    )
    style = settings_from_json(StyleSettings, run.result)
    assert (style.style_weight, style.style_layers, style.steps) == (31.4, ("relu1_1", "relu3_1"), 77)
    assert style.pooling.value == "max"


def test_a_preset_sets_its_values_and_shows_only_beside_them(blender: BlenderInTests) -> None:
    run = blender.run(
        """
        load().register()
        from blender_nst.properties.scene import settings_dicts
        nst = bpy.context.scene.nst
        seen = {"default": nst.preset}
        for item in list(nst.bl_rna.properties["preset"].enum_items)[:-1]:
            nst.preset = item.identifier
            seen[item.identifier.lower()] = [nst.preset, *settings_dicts(bpy.context.scene)]
        nst.steps += 1
        seen["changed"] = nst.preset
        finish(seen)
        """
    )
    assert run.result["default"] == "STANDARD"
    assert run.result["changed"] == "CUSTOM"
    for preset in Preset:
        name, style, sequence = run.result[preset.value]
        assert name == preset.value.upper()
        assert preset_values(StyleSettings, preset).items() <= style.items()
        assert preset_values(SequenceSettings, preset).items() <= sequence.items()


def test_every_property_is_in_a_panel(blender: BlenderInTests) -> None:
    run = blender.run(
        """
        load().register()
        from blender_nst.ui import panels
        shown = [name for panel in panels.PANELS for name in panel.property_names]
        there = [name for name in bpy.context.scene.nst.bl_rna.properties.keys()]
        parents = {panel.__name__: getattr(panel, "bl_parent_id", "") for panel in panels.PANELS}
        registered = [panel.__name__ for panel in panels.PANELS if hasattr(bpy.types, panel.__name__)]
        folded = [panel.__name__ for panel in panels.PANELS if "DEFAULT_CLOSED" in panel.bl_options]
        names = {panel.__name__: list(panel.property_names) for panel in panels.PANELS}
        finish({"shown": shown, "there": there, "parents": parents, "registered": registered,
                "folded": folded, "names": names})
        """
    )
    shown = run.result["shown"]
    # The switch is in the header, styles and looks are lists, style_path is for scripts, two are Blender's.
    elsewhere = ["enabled", "styles", "active_style", "style_path", "look", "name", "rna_type"]
    assert sorted([*shown, *elsewhere]) == sorted(run.result["there"])
    parents = run.result["parents"]
    assert run.result["registered"] == list(parents)
    advanced = {name for name in parents if name.endswith("_advanced")}
    assert "RENDER_PT_nst_optimization_advanced" in advanced
    assert advanced <= set(run.result["folded"])
    for name in advanced:
        assert parents[name] == name.removesuffix("_advanced")
    for layout in group_layouts():
        names, panel = run.result["names"], f"RENDER_PT_nst_{layout.name}"
        assert set(layout.basic) <= {*names["RENDER_PT_nst"], *names[panel]}
        assert set(layout.advanced) <= set(names.get(f"{panel}_advanced", []))


def test_settings_are_saved_as_a_preset_of_blender_and_come_back(blender: BlenderInTests) -> None:
    run = blender.run(
        """
        load().register()
        nst = bpy.context.scene.nst
        nst.style_path, nst.steps, nst.pooling, nst.device = "/a.png", 77, "MAX", "CPU"
        bpy.ops.nst.preset_add(name="Mine")
        nst.style_path, nst.steps, nst.pooling, nst.device = "/b.png", 5, "AVERAGE", "AUTO"
        (folder,) = bpy.utils.preset_paths("blender_nst")
        file = Path(folder) / "Mine.py"
        bpy.ops.script.execute_preset(filepath=str(file), menu_idname="NST_MT_presets")
        back = [nst.style_path, nst.steps, nst.pooling, nst.device]
        bpy.ops.nst.preset_add(name="Mine", remove_active=False, remove_name=True)
        finish([back, file.exists()])
        """
    )
    assert run.result == [["/b.png", 77, "MAX", "AUTO"], False]
