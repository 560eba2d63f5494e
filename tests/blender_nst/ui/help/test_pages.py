"""Help: every page is there, its button opens it, and Blender finds it for each property and operator."""

from __future__ import annotations

import pytest

from tests.blender_nst.blender_in_tests import REPOSITORY, BlenderInTests

pytestmark = pytest.mark.across_versions

_SCRIPT = """
import fnmatch, webbrowser
load().register()
from blender_nst.ui.help.pages import PAGES, manual_map, page_file
opened = []
webbrowser.open = opened.append
for page in PAGES:
    bpy.ops.nst.help(page=page)
prefix, mapping = next(each for each in bpy.utils.manual_map() if each == manual_map())
def found(name):
    return next(prefix + page for pattern, page in mapping if fnmatch.fnmatchcase(name, pattern))
names = ["bpy.types.nstsceneproperties.strength", "bpy.ops.nst.render", "bpy.types.nststyle.weight",
         "bpy.ops.nst.engine_install", "bpy.types.nstsceneproperties.output_format",
         "bpy.types.nstfarm.chunk_size", "bpy.ops.nst.submit_to_farm"]
finish([opened, [page_file(page).as_uri() for page in PAGES], [found(name) for name in names]])
"""


def test_pages_are_opened_and_found(blender: BlenderInTests) -> None:
    opened, files, found = blender.run(_SCRIPT).result
    docs = REPOSITORY / "docs"
    assert opened == files
    assert files == [
        (docs / f"{page}.md").as_uri() for page in ("usage", "settings", "troubleshooting", "formats", "farm")
    ]
    pages = ("settings", "usage", "usage", "troubleshooting", "formats", "farm", "farm")
    assert found == [(docs / f"{page}.md").as_uri() for page in pages]
