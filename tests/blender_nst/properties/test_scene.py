from __future__ import annotations

import pytest

from blender_nst.cli.packaging.settings_schema import make_schema
from compositor.settings import StyleSettings, settings_from_json, settings_to_json
from tests.blender_nst.blender_in_tests import BlenderInTests
from video.settings import PRESETS, SequenceSettings

FROM_SCENE = "frame_rate"


def test_properties_are_those_of_the_schema(blender: BlenderInTests) -> None:
    run = blender.run(
        """
        load().register()
        found = {}
        for name, prop in bpy.context.scene.nst.bl_rna.properties.items():
            found[name] = {"type": prop.type, "description": prop.description}
            if prop.type in {"INT", "FLOAT"}:
                found[name] |= {"min": prop.hard_min, "max": prop.hard_max}
            if prop.type == "ENUM":
                found[name]["choices"] = [item.identifier for item in prop.enum_items]
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
        if entry["name"] == FROM_SCENE:
            continue
        found = run.result[entry["name"]]
        assert found["type"] == types[entry["type"]]
        assert found["description"].startswith(entry["help"])
        assert not found["description"].endswith("."), "Blender adds the full stop"
        for bound, key in (("minimum", "min"), ("maximum", "max")):
            if bound in entry:
                assert found[key] == pytest.approx(entry[bound], rel=1e-6)
        if entry["type"] == "enum":
            assert found["choices"] == [choice.upper() for choice in entry["choices"]]


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
    assert sequence == settings_to_json(SequenceSettings()) | {FROM_SCENE: 29.97}


def test_settings_make_the_round_trip(blender: BlenderInTests) -> None:
    run = blender.run(
        """
        load().register()
        from blender_nst.properties.scene import SettingError, apply_settings, settings_dicts
        nst = bpy.context.scene.nst
        apply_settings(nst, "style_settings", {
            "style_weight": 31.4, "style_layers": ["relu1_1", "relu3_1"], "pooling": "max", "steps": 77})
        errors = []
        for values in ({"stile_weight": 1.0}, {"steps": "many"}, {"pooling": "median"}):
            try:
                apply_settings(nst, "style_settings", values)
            except SettingError as error:
                errors.append(str(error))
        finish({"style": settings_dicts(bpy.context.scene)[0], "errors": errors})
        """
    )
    style = settings_from_json(StyleSettings, run.result["style"])
    assert (style.style_weight, style.style_layers, style.steps) == (31.4, ("relu1_1", "relu3_1"), 77)
    assert style.pooling.value == "max"
    unknown, wrong_type, wrong_choice = run.result["errors"]
    assert "there is no setting 'stile_weight'" in unknown
    assert "steps cannot be 'many'" in wrong_type
    assert "pooling cannot be 'median'" in wrong_choice


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
    for preset, (for_style, for_sequence) in PRESETS.items():
        name, style, sequence = run.result[preset.value]
        assert name == preset.value.upper()
        assert for_style.items() <= style.items()
        assert for_sequence.items() <= sequence.items()


def test_every_property_is_in_a_panel(blender: BlenderInTests) -> None:
    run = blender.run(
        """
        load().register()
        from blender_nst.ui import panels
        shown = [name for panel in panels._PANELS for name in panel.property_names]
        there = [name for name in bpy.context.scene.nst.bl_rna.properties.keys()]
        finish({"shown": shown, "there": there})
        """
    )
    shown = run.result["shown"]
    # The switch is in the header, the styles are a list, style_path is for scripts, two are Blender's own.
    elsewhere = ["enabled", "styles", "active_style", "style_path", "name", "rna_type"]
    assert sorted([*shown, *elsewhere]) == sorted(run.result["there"])


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
