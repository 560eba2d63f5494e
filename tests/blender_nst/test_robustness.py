"""What else a file can hold: view layers, scenes, steps, blur; and settings that are left as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from blender_in_tests import BlenderInTests

_OPEN = """
load().register()
from blender_nst import activity, handlers
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
    return session and [session.done, session.error, session.state.value]
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
# The open scene is not switched on: nothing is stylised.
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


def test_stylised_after_the_render_the_engine_starts_when_all_is_rendered(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    result, _ = run_in(
        blender,
        """
from dataclasses import replace
from blender_nst import session_plan
options = session_plan.engine_options
session_plan.engine_options = lambda: replace(options(), after_render=True)
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
session = activity.new_session(handlers.SessionPlan.from_scene(scene, total=2))
session.add_rendered_frame(scene)
bpy.ops.wm.read_homefile(use_empty=True)
state = session.state.value
activity.wait_for(session)
finish([state, session.done, session.error])
""",
        blend_file,
        style_picture,
    )
    assert result == ["stylising", [1], None]
