"""Every name, tooltip and reason in the window has a Polish one, and Blender finds it."""

from __future__ import annotations

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests

pytestmark = pytest.mark.across_versions

_SCRIPT = """
load().register()
from blender_nst.properties import regions, scene, styles
from blender_nst.properties.looks import LOOKS
from blender_nst.properties.schema import SCHEMA, described_properties
from blender_nst.ui import choosers, compositor_panel, frame_operators, panels, preferences, regions_panel
from blender_nst.ui import styles_panel
from blender_nst.ui.farm import operators as farm_operators
from blender_nst.ui.farm import panel as farm_panel
from blender_nst.ui.farm.settings import NSTFarm
from blender_nst.ui.render import operators as render_operators
from blender_nst.session.viewing.preview import Side
from blender_nst.ui import result_panel
from blender_nst.ui.viewing import quick_look, watch
from blender_nst.ui.styles import images, looks
from blender_nst.ui.translations import NAMES, POLISH, messages, tooltips
wanted = {group["label"] for group in SCHEMA["groups"]}
wanted |= {each["label"] for each in SCHEMA["presets"].values()} | {look.label for look in LOOKS}
for entry in described_properties():
    wanted |= {entry["title"], *(choice["label"] for choice in entry.get("choices", []))}
wanted |= {each.bl_label for each in (*panels.PANELS, farm_panel.RENDER_PT_nst_farm)}
wanted |= {each.value[0] for each in Side}
for name, each in NSTFarm.bl_rna.properties.items():
    if name in NSTFarm.__annotations__ and not each.is_hidden:
        wanted |= {each.name, *(item.name for item in getattr(each, "enum_items", []))}
for module in (
    choosers, farm_operators, frame_operators, images, looks, quick_look, regions_panel, render_operators,
    result_panel, styles_panel, watch
):
    classes = [each for each in vars(module).values() if isinstance(each, type)]
    wanted |= {each.bl_label for each in classes if issubclass(each, bpy.types.Operator)
               and "bl_label" in vars(each)}
missing = sorted(wanted - set(POLISH) - NAMES)

BLENDERS = {"Name of the preset, used to make the path name"}
said = set()
def add(rna):
    for each in rna.properties:
        said.add(each.description)
        if each.type == "ENUM":
            said.update(item.description for item in each.enum_items_static)
for name in dir(bpy.ops.nst):
    rna = getattr(bpy.ops.nst, name).get_rna_type()
    said.add(rna.description)
    add(rna)
for owner in (scene.NSTSceneProperties, styles.NSTStyle, regions.NSTRegion, compositor_panel.NSTCompositing,
              preferences.NSTPreferences, NSTFarm):
    add(owner.bl_rna)
# Blender's own: of the types that ours derive from.
base = {each.description for kind in (bpy.types.PropertyGroup, bpy.types.AddonPreferences,
        bpy.types.OperatorFileListElement) for each in kind.bl_rna.properties}
untranslated = sorted(said - base - BLENDERS - set(tooltips()) - set(POLISH) - {""})
both = sorted(set(tooltips()) & set(messages()))
view = bpy.context.preferences.view
found = None
if bpy.app.build_options.international and bpy.app.translations.locales:
    code = next((each for each in bpy.app.translations.locales if each in ("pl_PL", "pl")), None)
    if code is not None:
        view.language, view.use_translate_interface = code, True
        look = bpy.app.translations.pgettext_iface
        found = [look("Strength"), look("Render Stylized Animation", "Operator"), look("unknown name")]
        view.language = "en_US"
finish([missing, untranslated, both, found])
"""


def test_every_name_and_tooltip_has_a_polish_one_and_blender_finds_it(blender: BlenderInTests) -> None:
    missing, untranslated, both, found = blender.run(_SCRIPT).result
    assert missing == []
    assert untranslated == []
    assert both == []
    if found is None:
        pytest.skip("this Blender has no languages")
    assert found == ["Siła", "Renderuj animację ze stylem", "unknown name"]
