"""A render that begins while frames are being stylized: it waits, is stylized after them, loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.blender_nst.blender_in_tests import BlenderInTests

_OPEN = """
load().register()
from dataclasses import replace
from blender_nst import handlers
from blender_nst.session import active, frame_sources
from blender_nst.session.plan import SessionPlan
from blender_nst.session.session import State
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
scene.frame_end = 2
nst = scene.nst
out, frames = Path(arguments[2]), Path(arguments[2]).with_name("frames")
nst.style_path, nst.output_path, nst.source, nst.source_path = arguments[1], str(out), "FILES", str(frames)
nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 2, 64, "CPU", 1
nst.movie = nst.contact_sheet = False
scene.render.filepath = str(frames / "own_")
bpy.ops.render.render(animation=True)
scene.render.filepath = str(out.with_name("own") / "own_")
nst.enabled = True

def begin():
    # What the window does: a batch that nobody waits for.
    files = frame_sources.source_frames(scene)
    return active.stylize_files(SessionPlan.from_scene(scene, total=2), files)

def styled(folder):
    return sorted(path.name for path in (folder / "styled").glob("*.png"))

def facts(session):
    return [session.plan.output.name, session.engine_state.done, session.error, session.state.value]

first = begin()
"""

FRAMES = ["styled_0001.png", "styled_0002.png"]


def run_in(blender: BlenderInTests, script: str, blend: Path, style: Path) -> tuple[Any, list[str]]:
    out = str(blender.folder / "out")
    run = blender.run(_OPEN + script, str(blend), str(style), out, timeout=900.0)
    assert "Traceback" not in run.output
    return run.result, [line for line in run.output.splitlines() if line.startswith("Blender NST: ")]


def test_it_is_stylized_after_them_into_a_folder_of_its_own(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    (result, lines) = run_in(
        blender,
        """
bpy.ops.render.render(animation=True)
second = active.current_session()
finish([facts(first), facts(second), styled(out), styled(out.with_name("out_2")),
        sorted(path.parent.parent.name for path in out.parent.glob("*/content/*.png")),
        second.plan.engine.after_render, active.active_session().waiting])
""",
        blend_file,
        style_picture,
    )
    assert result[0] == ["out", [1, 2], None, "ended"]
    assert result[1] == ["out_2", [1, 2], None, "ended"]
    assert result[2] == result[3] == FRAMES
    assert result[4] == ["out_2", "out_2"], "nothing is captured where the first one works"
    assert result[5:] == [False, []]
    told = [line for line in lines if "after them" in line]
    assert len(told) == 1
    assert told[0].endswith("out_2")


def test_with_another_folder_it_keeps_it_and_goes_on_after_one_that_was_cancelled(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
def cancel(*_):
    first.cancel()
    first.cancel()
nst.output_path = str(out.with_name("other"))
bpy.app.handlers.render_complete.insert(0, cancel)
bpy.ops.render.render(animation=True)
bpy.app.handlers.render_complete.remove(cancel)
finish([first.state.value, facts(active.current_session()), styled(out.with_name("other"))])
""",
        blend_file,
        style_picture,
    )
    assert result == ["ended", ["other", [1, 2], None, "ended"], FRAMES]


def test_one_that_still_renders_when_the_engine_is_free_goes_on_with_its_next_frame(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
seen = []
def timer(scene, *_):
    # What the window's timer does, between the first and the second frame.
    if scene.frame_current == 1:
        seen.append([len(each.captured) for each in active.active_session().waiting])
        active.wait_for(first)
        second = active.active_session().begin_next()
        seen.append([second.state.value, second.waits, second.engine is None, list(second.sent)])
bpy.app.handlers.render_write.append(timer)
bpy.ops.render.render(animation=True)
bpy.app.handlers.render_write.remove(timer)
finish([seen, facts(first), facts(active.current_session()), styled(out.with_name("out_2"))])
""",
        blend_file,
        style_picture,
    )
    seen, first, second, styled = result
    assert seen == [[1], ["rendering", False, True, []]]
    assert first == ["out", [1, 2], None, "ended"]
    assert second == ["out_2", [1, 2], None, "ended"]
    assert styled == FRAMES


def test_a_still_waits_too_and_a_render_that_blender_refused_does_not(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
nst.stills = True
scene.frame_set(2)
camera, scene.camera = scene.camera, None
try:
    bpy.ops.render.render()
except RuntimeError:
    pass
scene.camera = camera
bpy.ops.render.render()
still = active.current_session()
finish([facts(first), facts(still), styled(still.plan.output), still.plan.output.parent.name,
        len(active.active_session().waiting)])
""",
        blend_file,
        style_picture,
    )
    assert result[0] == ["out", [1, 2], None, "ended"]
    assert result[1] == ["stills", [2], None, "ended"]
    assert result[2:] == [["styled_0002.png"], "out", 0]


def test_switching_off_ends_those_that_wait(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
def switch_off(*_):
    waiting.extend(active.active_session().waiting)
    active.active_session().end()
waiting = []
bpy.app.handlers.render_complete.insert(0, switch_off)
bpy.ops.render.render(animation=True)
bpy.app.handlers.render_complete.remove(switch_off)
finish([[each.state.value for each in waiting], first.state.value, active.current_session() is None])
""",
        blend_file,
        style_picture,
    )
    assert result == [["ended"], "ended", True]
