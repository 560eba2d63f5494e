"""Switching the extension on and off: what is remembered goes with it, and nothing stays hooked."""

from __future__ import annotations

from pathlib import Path

from tests.blender_nst.blender_in_tests import BlenderInTests

_SCRIPT = """
import threading
package = load()
from blender_nst import state

def hooked():
    lists = [getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)]
    found = [each for handlers in lists if isinstance(handlers, list) for each in handlers]
    return sorted(each.__module__ for each in found if each.__module__.startswith("blender_nst"))

def properties():
    owners = (bpy.types.Scene, bpy.types.WindowManager)
    return sorted(name for owner in owners for name in dir(owner) if name.startswith("nst"))

def classes():
    return sorted(name for name in dir(bpy.types) if "_nst" in name.lower() or name.startswith("NST"))

seen = {"before": [hooked(), properties(), classes()]}
package.register()
from blender_nst import handlers
from blender_nst.session import active, measured_speed
from blender_nst.session.viewing import preview
seen["on"] = [len(hooked()) > 8, properties()]
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
nst = scene.nst
nst.enabled, nst.style_path, nst.output_path = True, arguments[1], arguments[2]
nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 2, 64, "AUTO", 1
scene.render.filepath = arguments[2] + "/own_"
bpy.ops.render.render(animation=True)
seen["run"] = [active.current_session().engine_state.done, active.status_line()[0]]
seen["speed"] = measured_speed.last_speed() is not None
package.unregister()
seen["off"] = [hooked(), properties(), classes()]
try:
    active.current_session()
    seen["state"] = "still there"
except state.SwitchedOffError as error:
    seen["state"] = "gone"
seen["threads"] = [each.name for each in threading.enumerate() if each.name.startswith("NST engine")]
package.register()
seen["again"] = [active.current_session(), active.status_line(), handlers.shown_frame(), preview.available()]
package.unregister()
seen["end"] = [hooked(), properties(), classes()]
finish(seen)
"""


def test_switched_off_it_leaves_nothing_behind(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = blender.run(
        _SCRIPT, str(blend_file), str(style_picture), str(blender.folder / "out"), own_process=True
    )
    seen = run.result
    of_scene, of_window = (
        ("nst", "nst_compositing", "nst_farm", "nst_regions"),
        ("nst_divider", "nst_preview_side"),
    )
    assert seen["on"] == [True, sorted((*of_scene, *of_window))]
    assert seen["run"][0] == [1, 2, 3]
    assert seen["run"][1].startswith("3 frames stylized")
    assert seen["speed"]
    assert seen["state"] == "gone"
    assert seen["threads"] == []
    assert seen["before"] == seen["off"] == seen["end"]
    assert seen["again"] == [None, ["", False], None, False]
    assert "Traceback" not in run.output
