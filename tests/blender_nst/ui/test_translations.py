"""Every name in the panel has a Polish one, and Blender finds it."""

from __future__ import annotations

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests

pytestmark = pytest.mark.across_versions

_SCRIPT = """
load().register()
from blender_nst.properties.schema import SCHEMA, described_properties
from blender_nst.ui import choosers, frame_operators, panels, regions_panel, styles_panel
from blender_nst.ui.render import operators as render_operators
from blender_nst.ui.translations import NAMES, POLISH
from blender_nst.session.viewing.preview import Side
from blender_nst.ui import result_panel
from blender_nst.ui.viewing import quick_look, watch
wanted = {group["label"] for group in SCHEMA["groups"]}
wanted |= {each["label"] for each in SCHEMA["presets"].values()}
for entry in described_properties():
    wanted |= {entry["title"], *(choice["label"] for choice in entry.get("choices", []))}
wanted |= {each.bl_label for each in panels.PANELS} | {each.value[0] for each in Side}
for module in (
    choosers, frame_operators, quick_look, regions_panel, render_operators, result_panel, styles_panel, watch
):
    classes = [each for each in vars(module).values() if isinstance(each, type)]
    wanted |= {each.bl_label for each in classes if issubclass(each, bpy.types.Operator)
               and "bl_label" in vars(each)}
missing = sorted(wanted - set(POLISH) - NAMES)
view = bpy.context.preferences.view
found = None
if bpy.app.build_options.international and bpy.app.translations.locales:
    code = next((each for each in bpy.app.translations.locales if each in ("pl_PL", "pl")), None)
    if code is not None:
        view.language, view.use_translate_interface = code, True
        look = bpy.app.translations.pgettext_iface
        found = [look("Strength"), look("Render Stylized Animation", "Operator"), look("unknown name")]
        view.language = "en_US"
finish([missing, found])
"""


def test_every_name_has_a_polish_one_and_blender_finds_it(blender: BlenderInTests) -> None:
    missing, found = blender.run(_SCRIPT).result
    assert missing == []
    if found is None:
        pytest.skip("this Blender has no languages")
    assert found == ["Siła", "Renderuj animację ze stylem", "unknown name"]
