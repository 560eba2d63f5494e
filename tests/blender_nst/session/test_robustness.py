"""What else a file can hold: view layers, scenes, steps, blur; and settings that are left as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.blender_nst.blender_in_tests import BlenderInTests

_OPEN = """
load().register()
from blender_nst import handlers
from blender_nst.session import active
bpy.ops.wm.open_mainfile(filepath=arguments[0])
folder = Path(arguments[2])

def prepare(scene, name="out"):
    nst = scene.nst
    nst.enabled, nst.style_path, nst.output_path = True, arguments[1], str(folder / name)
    nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 3, 64, "CPU", 1
    nst.movie = nst.contact_sheet = False
    scene.render.filepath = str(folder / "own_")
    return scene

scene = prepare(bpy.context.scene)

def done():
    session = handlers.current_session()
    return session and [session.engine_state.done, session.error, session.state.value]
"""


def run_in(blender: BlenderInTests, script: str, blend: Path, style: Path) -> Any:
    run = blender.run(_OPEN + script, str(blend), str(style), str(blender.folder))
    assert "Traceback" not in run.output
    return run.result, [line for line in run.output.splitlines() if line.startswith("Blender NST: ")]


def test_several_view_layers_and_a_scene_that_is_not_the_open_one(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
scene.view_layers.new("Second")
other = bpy.data.scenes.new("Other")
other.render.engine = "CYCLES"
bpy.context.window.scene = other
bpy.ops.render.render(animation=True, scene=scene.name)
first = done()
# The open scene is not switched on: nothing is stylized.
other.camera, other.frame_end = scene.camera, 1
other.collection.objects.link(scene.camera)
other.cycles.samples, other.render.resolution_x, other.render.resolution_y = 1, 32, 32
other.cycles.use_denoising = False
other.render.filepath = str(folder / "other_")
bpy.ops.render.render(animation=True)
finish([first, handlers.current_session().plan.scene, [layer.use_pass_z for layer in scene.view_layers]])
""",
        blend_file,
        style_picture,
    )
    assert result == [[[1, 2, 3], None, "ended"], "Scene", [False, False]]


def test_a_frame_step_and_motion_blur_fall_back_to_optical_flow(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, lines = run_in(
        blender,
        """
scene.frame_step, scene.frame_end = 2, 3
bpy.ops.render.render(animation=True)
seen = [done()]
scene.frame_step, scene.frame_end, scene.render.use_motion_blur = 1, 2, True
prepare(scene, "blurred")
bpy.ops.render.render(animation=True)
finish([*seen, done(), [scene.view_layers[0].use_pass_vector, scene.render.use_motion_blur]])
""",
        blend_file,
        style_picture,
    )
    assert result == [[[1, 3], None, "ended"], [[1, 2], None, "ended"], [False, True]]
    assert sum("optical flow" in line for line in lines) >= 2, lines


def test_stills_if_wanted_in_every_output_format_with_the_settings_as_before(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
scene.nst.stills = True
settings = scene.render.image_settings
seen = []
for file_format, depth in (("PNG", "16"), ("OPEN_EXR", "16")):
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_depth = file_format, depth
    scene.frame_set(len(seen) + 1)
    bpy.ops.render.render()
    seen.append([done()[0], settings.file_format, settings.color_depth])
bpy.ops.render.render(write_still=True)
seen.append(done()[0])
finish(seen)
""",
        blend_file,
        style_picture,
    )
    assert result == [[[1], "PNG", "16"], [[2], "OPEN_EXR", "16"], [2]]
    stills = blender.folder / "out" / "stills" / "styled"
    assert sorted(path.name for path in stills.iterdir()) == ["styled_0001.png", "styled_0002.png"]
    assert not (blender.folder / "out" / "styled").exists()


def test_stylized_after_the_render_the_engine_starts_when_all_is_rendered(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
from dataclasses import replace
from blender_nst.session import plan
options = plan.engine_options
plan.engine_options = lambda: replace(options(), after_render=True)
engines = []
bpy.app.handlers.render_write.append(lambda *_: engines.append(handlers.current_session().engine is None))
bpy.ops.render.render(animation=True)
finish([engines, done()])
""",
        blend_file,
        style_picture,
    )
    assert result == [[True, True, True], [[1, 2, 3], None, "ended"]]


def test_another_file_is_loaded_while_frames_are_captured(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
scene.nst.enabled = False
bpy.ops.render.render()
session = active.new_session(handlers.SessionPlan.from_scene(scene, total=2))
session.add_rendered_frame(scene)
bpy.ops.wm.read_homefile(use_empty=True)
state = session.state.value
active.wait_for(session)
finish([state, session.engine_state.done, session.error])
""",
        blend_file,
        style_picture,
    )
    assert result == ["stylizing", [1], None]


def test_an_output_folder_that_cannot_be_written_is_one_line(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    saved = blend_file.read_bytes()
    _, lines = run_in(
        blender,
        """
(folder / "taken").touch()
layer = scene.view_layers[0]
before = [layer.use_pass_z, layer.use_pass_vector]
seen = []
# Nobody may write into the first, whoever they are; the second is a file.
for place in ("/proc/styled", str(folder / "taken")):
    scene.nst.output_path = place
    scene.frame_end = 2
    bpy.ops.render.render(animation=True)
    try:
        scene.nst.source = "RENDER"
        bpy.ops.nst.stylize_frames()
    except RuntimeError as error:
        pass
assert [layer.use_pass_z, layer.use_pass_vector] == before
assert len(list(folder.glob("own_*"))) == 2, "the render goes on"
finish()
""",
        blend_file,
        style_picture,
    )
    refused = [line for line in lines if "/proc/styled" in line or "/taken" in line]
    # The button is gray before a file, and says nothing.
    assert len(refused) == len(lines) == 3, lines
    assert blend_file.read_bytes() == saved


def test_the_scene_is_switched_and_removed_during_a_run(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
scene.nst.enabled = False
bpy.ops.render.render(animation=True)
from blender_nst.session.frame_sources import source_frames
frames = source_frames(scene)
session = active.stylize_files(handlers.SessionPlan.from_scene(scene, total=3), frames)
bpy.context.window.scene = bpy.data.scenes.new("Other")
while not session.engine_state.done and session.state.value != "ended":
    session.drain(0.1, wait=0.2)
bpy.data.scenes.remove(scene)
active.wait_for(session)
finish([session.engine_state.done, session.error, bpy.data.scenes.keys()])
""",
        blend_file,
        style_picture,
    )
    assert result == [[1, 2, 3], None, ["Other"]]


def test_switched_off_in_the_middle_of_a_render(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
import blender_nst
scene.nst.steps = 5000
layer, seen = scene.view_layers[0], []
def switch_off(*_):
    if scene.frame_current == 2 and not seen:
        seen.append(handlers.current_session())
        blender_nst.unregister()
bpy.app.handlers.render_pre.append(switch_off)
bpy.ops.render.render(animation=True)
(session,) = seen
session.engine.join()
files = sorted(path.name for path in folder.glob("own_*"))
left = [session.state.value, session.engine.alive, layer.use_pass_vector, layer.use_pass_z]
# On again: what was begun goes on.
blender_nst.register()
scene.nst.steps, scene.nst.restart = 3, True
bpy.app.handlers.render_pre.remove(switch_off)
bpy.ops.render.render(animation=True)
finish([left, files, done()])
""",
        blend_file,
        style_picture,
    )
    left, files, done = result
    assert left == ["ended", False, False, False]
    assert files == ["own_0001.png", "own_0002.png", "own_0003.png"]
    assert done == [[1, 2, 3], None, "ended"]


def test_regions_of_frames_without_passes_are_told_and_nothing_is_lost(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, lines = run_in(
        blender,
        """
scene.frame_end, scene.nst.steps = 2, 1
bpy.ops.render.render(animation=True)
(folder / "out/passes/passes_0002.exr").unlink()
scene.nst.source, scene.nst.restart = "CAPTURED", True
plain = sorted(bpy.ops.nst.stylize_frames())
seen = [plain, done()]
region = scene.nst_regions.entries.add()
region.object, region.keep = bpy.data.objects["Cube"], True
try:
    bpy.ops.nst.stylize_frames()
except RuntimeError as error:
    seen.append(str(error))
finish([seen, done()])
""",
        blend_file,
        style_picture,
    )
    seen, done = result
    assert seen[0] == ["FINISHED"], "a missing file of passes is no obstacle without regions"
    assert seen[1][0] == [1, 2]
    assert done[0] == []
    assert "Cryptomatte" in done[1] or "passes" in done[1]
    assert lines[-1].count("\n") == 0


def test_statistics_that_cannot_be_kept_never_end_a_run(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = blender.run(
        _OPEN
        + """
from blender_nst.session import measured_speed
scene.nst.device = "AUTO"
bpy.ops.render.render(animation=True)
seen = [done(), active.current_session().engine_state.device, measured_speed.last_speed().device]
def remember(session):
    raise KeyError("unknown")
measured_speed.remember = remember
scene.nst.restart = True
bpy.ops.render.render(animation=True)
finish([*seen, done(), active.status_line()])
""",
        str(blend_file),
        str(style_picture),
        str(blender.folder),
    )
    first, device, measured, second, line = run.result
    assert first == second == [[1, 2, 3], None, "ended"]
    assert device == measured != ""
    assert line[0].startswith("3 frames stylized in ")
    assert line[1] is False
    log = (blender.folder / "out" / "extension.log").read_text("utf-8")
    assert "the speed was not remembered" in log
    assert "KeyError" in log
