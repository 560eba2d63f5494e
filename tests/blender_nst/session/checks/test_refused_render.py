"""A render that would not be stylized is stopped before its first frame, where that is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests

pytestmark = pytest.mark.across_versions

_OPEN = """
package = load()
package.register()
from blender_nst import addon
from blender_nst.compat.render_kind import begun_render_kind
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
scene.nst.enabled, scene.nst.output_path = True, arguments[1] + "/out"
scene.render.filepath = arguments[1] + "/own_"
# The extension's own preferences, as they are where it is installed.
entry = bpy.context.preferences.addons.new()
entry.module = addon.ID
preferences = entry.preferences
size = lambda: [scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage]
before = size()
events = []
for name in ("render_pre", "render_post"):
    getattr(bpy.app.handlers, name).append(lambda *_, name=name: events.append(name))

def render(**options):
    events.clear()
    try:
        result = sorted(bpy.ops.render.render(**options))
    except RuntimeError as error:
        result = str(error).strip()
    own = sorted(path.name for path in Path(arguments[1]).glob("own_*"))
    return {"result": result, "events": len(events), "own": own, "same size": size() == before}

def end(result):
    bpy.context.preferences.addons.remove(entry)
    finish(result)
"""


def run(blender: BlenderInTests, script: str, blend: Path) -> Any:
    return blender.run(_OPEN + script, str(blend), str(blender.folder)).result


def test_by_the_preference_an_animation_stops_before_any_work(
    blender: BlenderInTests, blend_file: Path
) -> None:
    stopped, still, wanted_still, goes_on = run(
        blender,
        """
kinds = []
bpy.app.handlers.render_init.append(lambda *_: kinds.append(begun_render_kind()))
known = lambda: kinds and kinds[-1] is not None
preferences.stop_unstyled = True
stopped = render(animation=True)
stopped["known"] = bool(known())
still = render()
scene.nst.stills = True
wanted_still = render()
preferences.stop_unstyled = False
goes_on = render(animation=True)
end([stopped, still, wanted_still, goes_on])
""",
        blend_file,
    )
    assert still["events"] == 2, "a single picture that is not to be stylized is none of this"
    assert still["same size"]
    assert goes_on["own"] == [f"own_000{number}.png" for number in (1, 2, 3)]
    assert goes_on["same size"]
    if not stopped["known"]:
        # Blender calls operators without Python from 5.2 on: what a script renders is not known before.
        assert stopped["own"] == [f"own_000{number}.png" for number in (1, 2, 3)]
        return
    for each in (stopped, wanted_still):
        assert each == {"result": "Error: Image too small", "events": 0, "own": [], "same size": True} | (
            {"known": True} if "known" in each else {}
        )


def test_without_an_obstacle_nothing_is_stopped(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result = run(
        blender,
        f"""
preferences.stop_unstyled = True
scene.nst.style_path = {str(style_picture)!r}
scene.nst.steps, scene.nst.coarsest_size, scene.nst.device, scene.nst.warm_steps = 3, 64, "CPU", 1
end([render(animation=True), sorted(path.name for path in Path(arguments[1]).glob("out/styled/*"))])
""",
        blend_file,
    )
    assert result[0]["events"] == 6
    assert result[1] == [f"styled_000{number}.png" for number in (1, 2, 3)]
