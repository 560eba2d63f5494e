"""Runs scripts in a Blender that stylizes frames on disk, in a scene that is opened and set up for it."""

from __future__ import annotations

from pathlib import Path

from tests.blender_nst.blender_in_tests import BlenderInTests, ScriptRun

_OPEN = """
load().register()
from blender_nst import handlers
from blender_nst.session import active, frame_sources
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
nst = scene.nst
nst.style_path = arguments[1]
folder = Path(arguments[2])
nst.output_path = str(folder / "out")
nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 3, 64, "CPU", 1
scene.render.filepath = str(folder / "own_")

def done():
    session = handlers.current_session()
    if session is not None and session.engine is not None:
        session.engine.join()
    return session and {"done": session.engine_state.done, "error": session.error,
                        "alive": session.engine.alive, "total": session.plan.total,
                        "steps": session.plan.style_settings["steps"]}

def attempt(operator, **options):
    try:
        return sorted(operator(**options))
    except RuntimeError as error:
        return str(error)
"""


def run_on_files(blender: BlenderInTests, script: str, blend: Path, style: Path) -> ScriptRun:
    """Runs a script that has `scene`, `nst`, `folder`, `done()` and `attempt(operator)`."""
    run = blender.run(_OPEN + script, str(blend), str(style), str(blender.folder))
    assert "Traceback" not in run.output
    return run
