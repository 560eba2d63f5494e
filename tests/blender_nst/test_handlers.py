"""The handlers in Blender without the command line: what is stylized and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import BlenderInTests, ScriptRun

_OPEN = """
load().register()
from blender_nst import handlers
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
nst = scene.nst
nst.enabled = True
nst.style_path = arguments[1]
nst.output_path = arguments[2]
nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 3, 64, "CPU", 1
scene.render.filepath = arguments[3]

def rendered():
    return sorted(path.name for path in Path(arguments[3]).parent.glob("own_*"))

def state():
    session = handlers.current_session()
    if session is None:
        return None
    engine = session.engine
    done = session.engine_state.done
    return {"state": session.state.value, "sent": session.sent, "done": done, "error": session.error,
            "engine": None if engine is None else engine.pid, "alive": engine is not None and engine.alive}
"""


def run_in(
    blender: BlenderInTests, script: str, blend: Path, style: Path, environment: dict[str, str] | None = None
) -> ScriptRun:
    folder = blender.folder
    paths = [str(blend), str(style), str(folder / "out"), str(folder / "own_")]
    return blender.run(_OPEN + script, *paths, environment=environment)


def lines_of(run: ScriptRun) -> list[str]:
    return [line for line in run.output.splitlines() if line.startswith("Blender NST: ")]


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))


def test_an_animation_is_stylized_and_the_scene_is_as_before(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        """
layer = scene.view_layers[0]
before = [layer.use_pass_vector, layer.use_pass_z]
scene.frame_set(2)
bpy.ops.render.render(animation=True)
finish({"state": state(), "before": before, "after": [layer.use_pass_vector, layer.use_pass_z],
        "own": rendered(), "frame": scene.frame_current})
""",
        blend_file,
        style_picture,
    )
    state: dict[str, Any] = run.result["state"]
    assert (state["state"], state["sent"], state["done"]) == ("ended", [1, 2, 3], [1, 2, 3])
    assert run.result["before"] == run.result["after"] == [False, False]
    assert run.result["own"] == ["own_0001.png", "own_0002.png", "own_0003.png"]
    assert run.result["frame"] == 2
    assert lines_of(run)[-1].startswith("Blender NST: 3 frames stylized")
    assert "styled/styled_0003.png" in files_in(blender.folder / "out")


FORMATS = {
    "PNG": ["own_0001.png", "own_0002.png", "own_0003.png"],
    "OPEN_EXR": ["own_0001.exr", "own_0002.exr", "own_0003.exr"],
    "OPEN_EXR_MULTILAYER": ["own_0001.exr", "own_0002.exr", "own_0003.exr"],
    "FFMPEG": ["own_0001-0003.mkv"],
}


@pytest.mark.parametrize(
    "kind",
    [
        "PNG",
        "OPEN_EXR",
        pytest.param("OPEN_EXR_MULTILAYER", marks=pytest.mark.across_versions),
        pytest.param("FFMPEG", marks=pytest.mark.across_versions),
    ],
)
def test_whatever_the_render_itself_writes(
    blender: BlenderInTests, blend_file: Path, style_picture: Path, kind: str
) -> None:
    run = run_in(
        blender,
        f"kind = {kind!r}"
        + """
settings = scene.render.image_settings
if hasattr(settings, "media_type"):
    settings.media_type = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}.get(kind, "IMAGE")
settings.file_format = kind
if kind == "FFMPEG":
    scene.render.ffmpeg.format, scene.render.ffmpeg.codec = "MKV", "H264"
before = [settings.file_format, settings.color_mode, settings.color_depth, settings.exr_codec]
bpy.ops.render.render(animation=True)
after = [settings.file_format, settings.color_mode, settings.color_depth, settings.exr_codec]
finish({"done": state()["done"], "own": rendered(), "same": before == after})
""",
        blend_file,
        style_picture,
    )
    assert run.result == {"done": [1, 2, 3], "own": FORMATS[kind], "same": True}, run.output[-2000:]
    for number in (1, 2, 3):
        content = np.asarray(Image.open(blender.folder / f"out/content/content_{number:04d}.png"))
        styled = np.asarray(Image.open(blender.folder / f"out/styled/styled_{number:04d}.png"))
        assert content.shape == styled.shape == (64, 96, 4)
        # As it is displayed and not linear: a gray cube in the default light is bright.
        assert content[content[..., 3] == 255][:, :3].mean() > 80.0
        assert (blender.folder / f"out/passes/passes_{number:04d}.exr").stat().st_size > 0


_AGAIN = """
bpy.ops.render.render(animation=True)
session = handlers.current_session()
finish({"state": state(), "own": rendered(), "continues": session.engine_state.continues})
"""


def test_a_render_that_goes_on_takes_the_frames_that_blender_passes_over(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run_in(blender, "scene.frame_end = 2\n" + _AGAIN, blend_file, style_picture)
    styled = blender.folder / "out" / "styled"
    before = {path.name: path.stat().st_mtime_ns for path in styled.iterdir()}
    run = run_in(blender, "scene.render.use_overwrite = False\n" + _AGAIN, blend_file, style_picture)
    assert run.result["state"]["sent"] == run.result["state"]["done"] == [1, 2, 3]
    assert run.result["continues"]
    assert "Blender NST: goes on with 2 finished frames" in lines_of(run)
    assert {name: (styled / name).stat().st_mtime_ns for name in before} == before
    # A whole render over them again: the pictures are the same, nothing is stylized a second time.
    again = run_in(blender, _AGAIN, blend_file, style_picture)
    assert again.result["state"]["done"] == [1, 2, 3]
    assert {name: (styled / name).stat().st_mtime_ns for name in before} == before


def test_another_setting_puts_the_finished_frames_aside_and_restart_is_for_one_run(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    styled, old = blender.folder / "out" / "styled", blender.folder / "out" / "styled.old"
    asked = """
from blender_nst.session.checks.finished_run import finished_run
def question():
    run = finished_run(scene)
    return run and [run.frames, list(run.changes)]
asked = [question()]
"""
    first = run_in(blender, _AGAIN, blend_file, style_picture)
    before = {path.name: path.read_bytes() for path in styled.iterdir()}
    script = asked + "nst.steps = 4\nasked.append(question())\nprint('ASKED', json.dumps(asked))\n" + _AGAIN
    changed = run_in(blender, script, blend_file, style_picture)
    line = next(each for each in changed.output.splitlines() if each.startswith("ASKED "))
    assert json.loads(line.removeprefix("ASKED ")) == [None, [3, ["Steps"]]]
    assert first.result["state"]["done"] == changed.result["state"]["done"] == [1, 2, 3]
    assert changed.result["state"]["error"] is None
    assert {path.name: path.read_bytes() for path in (old / "0001" / "styled").iterdir()} == before
    again = _AGAIN.replace('"own"', '"restart": nst.restart, "own"')
    anew = run_in(blender, "nst.steps = 4\nnst.restart = True\n" + again, blend_file, style_picture)
    assert anew.result["state"]["done"] == [1, 2, 3]
    assert not anew.result["continues"]
    assert anew.result["restart"] is False
    assert sorted(path.name for path in old.iterdir()) == ["0001", "0002"]


def test_negative_frames_keep_their_numbers(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        """
nst.stills = True
scene.frame_set(-3)
bpy.ops.render.render()
seen = [state()["done"]]
# Only newer Blenders have a way to animate them.
animates = "frame_start" in bpy.ops.render.render.get_rna_type().properties.keys()
if animates:
    bpy.ops.render.render(animation=True, frame_start=-2, frame_end=-1)
    seen.append(state()["done"])
finish([animates, seen])
""",
        blend_file,
        style_picture,
    )
    animates, seen = run.result
    assert seen == [[-3], [-2, -1]][: 1 + animates]
    names = [path.name for path in sorted((blender.folder / "out").rglob("styled_*.png"))]
    assert names == ["styled_-0003.png", "styled_-0001.png", "styled_-0002.png"][: 1 + 2 * animates]


def test_a_still_is_left_alone(blender: BlenderInTests, blend_file: Path, style_picture: Path) -> None:
    run = run_in(
        blender,
        """
bpy.ops.render.render()
shown = state()
bpy.ops.render.render(write_still=True)
finish([shown, state()])
""",
        blend_file,
        style_picture,
    )
    for state in run.result:
        assert (state["state"], state["sent"], state["engine"]) == ("ended", [], None)
    assert not (blender.folder / "out").exists()
    assert lines_of(run) == []


def test_a_scene_that_is_not_switched_on_is_left_alone(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        "nst.enabled = False\nbpy.ops.render.render(animation=True)\nfinish([state(), rendered()])\n",
        blend_file,
        style_picture,
    )
    assert run.result[0] is None
    assert len(run.result[1]) == 3
    assert not (blender.folder / "out").exists()


def test_what_prevents_stylizing_is_one_line_and_the_render_goes_on(
    blender: BlenderInTests, blend_file: Path, style_picture: Path, tmp_path: Path
) -> None:
    run = run_in(
        blender,
        """
scene.frame_end = 1
def attempt(**changes):
    kept = {name: getattr(nst, name) for name in changes}
    for name, value in changes.items():
        setattr(nst, name, value)
    bpy.ops.render.render(animation=True)
    for name, value in kept.items():
        setattr(nst, name, value)
attempt(style_path="")
attempt(style_path="/nowhere/painting.jpg")
attempt(output_path="")
Path(arguments[3] + "file").touch()
attempt(output_path=arguments[3] + "file/out")
os.environ["BLENDER_NST_PYTHON"] = "/nowhere/python"
attempt()
del os.environ["BLENDER_NST_PYTHON"]
attempt()
finish(rendered())
""",
        blend_file,
        style_picture,
    )
    expected = [
        "No style picture is chosen",
        "/nowhere/painting.jpg: the style picture is not there",
        "No output folder is chosen",
        "it is no folder; choose another output folder",
        "/nowhere/python: the style engine is not there",
        "The style engine is not installed",
    ]
    lines = lines_of(run)
    assert len(lines) == len(expected), run.output[-2000:]
    for line, text in zip(lines, expected, strict=True):
        assert line.startswith("Blender NST: not stylized: ")
        assert text in line
    assert "Traceback" not in run.output
    assert "own_0001.png" in run.result


def test_an_unsaved_file_has_no_folder_beside_it(blender: BlenderInTests, style_picture: Path) -> None:
    run = blender.run(
        """
        load().register()
        nst = bpy.context.scene.nst
        nst.enabled, nst.style_path = True, arguments[0]
        scene = bpy.context.scene
        scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
        scene.render.resolution_x = scene.render.resolution_y = 16
        scene.frame_end = 1
        scene.render.filepath = arguments[1]
        bpy.ops.render.render(animation=True)
        finish()
        """,
        str(style_picture),
        str(blender.folder / "own_"),
    )
    (line,) = lines_of(run)
    assert "//styled/: the output folder is beside the .blend file, which is not saved: save it first" in line


@pytest.mark.expected_errors("the style engine ended with exit code")
def test_an_engine_that_dies_is_one_line_and_the_render_goes_on(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        """
import signal, time
# As it is in Blender's own executable, but not in the bpy module.
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
nst.steps = 5000
def kill(*_):
    session = handlers.current_session()
    if scene.frame_current == 2:
        os.kill(session.engine.pid, signal.SIGKILL)
        time.sleep(0.5)
bpy.app.handlers.render_pre.append(kill)
bpy.ops.render.render(animation=True)
finish({"state": state(), "own": rendered()})
""",
        blend_file,
        style_picture,
    )
    assert run.result["state"]["state"] == "ended"
    assert not run.result["state"]["alive"]
    assert len(run.result["own"]) == 3
    failures = [line for line in lines_of(run) if "style engine" in line]
    assert len(failures) == 1
    assert str(blender.folder / "out" / "engine.log") in failures[0]


def test_switching_the_extension_off_ends_the_engine(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        """
import sys as _sys
nst.steps = 5000
session = handlers.open_session(scene)
alive = session.engine.alive
_sys.modules["blender_nst"].unregister()
finish([alive, session.engine.alive, session.state.value])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [True, False, "ended"]


def test_a_cancelled_render_keeps_what_was_handed_over(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        """
# What Blender calls when Escape is pressed, after the second frame.
seen = []
def stop(*_):
    seen.append(scene.frame_current)
    if scene.frame_current == 2:
        for handler in bpy.app.handlers.render_cancel:
            handler(scene, None)
bpy.app.handlers.render_write.append(stop)
bpy.ops.render.render(animation=True)
finish(state())
""",
        blend_file,
        style_picture,
    )
    assert (run.result["sent"], run.result["done"], run.result["error"]) == ([1, 2], [1, 2], None)
