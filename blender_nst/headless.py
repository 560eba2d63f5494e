"""Renders and stylises a .blend file for the command line, inside Blender.

    blender --background --python-exit-code 3 --python headless.py -- job.json
    python -E -P headless.py -- job.json        (a Python that has the bpy module)

The job is a `render_job.RenderJob`. Standard output carries Blender's own lines, and each event as a line
that begins with `NST ` and goes on with JSON: the engine's events as `video.protocol` has them, and also

    {"event": "started", "blender": "4.5.1", "frames": [1, 2, 3], "resolution": [480, 270], "frame_rate": 24}
    {"event": "rendered", "frame": 1, "count": 1, "total": 3}
    {"event": "composited", "frame": 1, "path": "/p/out/composited/composited_0001.png"}

The exit code is 0 when every frame is styled, 2 after a `failed` event whose cause the user can remove, 1
after any other. The .blend file is never saved. Nothing is written outside the job's output folder but for
a scratch folder beside the job file, which is removed at the end.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

import bpy  # pyright: ignore[reportMissingImports]

EXIT_OK, EXIT_OTHER, EXIT_USER = 0, 1, 2
PACKAGE = "blender_nst"

_scratch: Path | None = None
_ending = threading.RLock()


class HeadlessError(Exception):
    """The job cannot be done, for a reason that the user can remove; one line."""


def emit(event: dict[str, Any]) -> None:
    """Prints an event, from any thread."""
    # Blender may have left a line of its own unfinished.
    line = f"\nNST {json.dumps(event, allow_nan=False)}\n"
    try:
        sys.stdout.flush()
        os.write(1, line.encode("ascii"))
    except OSError:
        # Whoever started this is gone: nobody waits for the frames.
        os._exit(EXIT_OTHER)


def end(code: int) -> NoReturn:
    """Ends the process. Not by sys.exit: Blender's exit handlers can hang after a render."""
    _ending.acquire()
    sys.stdout.flush()
    sys.stderr.flush()
    deadline = time.monotonic() + 5.0
    while _scratch is not None and _scratch.exists() and time.monotonic() < deadline:
        # Again, if the render's thread was just writing its next frame into it.
        shutil.rmtree(_scratch, ignore_errors=True)
    os._exit(code)


def on_event(event: dict[str, Any]) -> None:
    """Passes an event on; ends at once when there is nothing left to render for."""
    if event["event"] == "opened":
        return  # `run` tells it, behind `started`
    if event["event"] not in ("failed", "died"):
        emit(event)
        return
    # The reading and the rendering thread may both find the engine dead: the second waits here for its end.
    _ending.acquire()
    emit(event | {"event": "failed"})
    end(EXIT_USER if event["event"] == "failed" else EXIT_OTHER)


def load_package() -> Any:
    """This folder as the package `blender_nst`, whatever is beside it and however it was started."""
    folder = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise HeadlessError(f"{folder}: the extension's source is not there")
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    return package


def disable_installed_copy() -> None:
    """Switches an installed copy of this extension off for now: two would stylise every frame twice."""
    # Found only once bpy is imported.
    import addon_utils  # pyright: ignore[reportMissingImports]

    for name in list(bpy.context.preferences.addons.keys()):
        if name.rpartition(".")[2] == PACKAGE:
            addon_utils.disable(name, default_set=False)


def open_scene(job: Any) -> bpy.types.Scene:
    """Opens the .blend and applies the job's overrides to the scene in memory."""
    blend = Path(job.blend)
    if not blend.is_file():
        raise HeadlessError(f"{blend}: there is no such .blend file")
    try:
        bpy.ops.wm.open_mainfile(filepath=str(blend), load_ui=False)
    except RuntimeError as error:
        raise HeadlessError(f"{blend}: Blender cannot open it: {' '.join(str(error).split())}") from None
    scene = bpy.context.scene
    if job.scene is not None:
        scene = bpy.data.scenes.get(job.scene)
        if scene is None:
            there_are = ", ".join(bpy.data.scenes.keys())
            raise HeadlessError(f"{blend}: there is no scene {job.scene!r}; there are: {there_are}")
        bpy.context.window.scene = scene
    if job.frames is not None:
        scene.frame_start, scene.frame_end, scene.frame_step = job.frames
    if job.resolution_percentage is not None:
        scene.render.resolution_percentage = job.resolution_percentage
    if job.samples is not None:
        set_samples(scene, job.samples)
    return scene


def set_samples(scene: bpy.types.Scene, samples: int) -> None:
    """Sets the samples of the scene's render engine."""
    if scene.render.engine == "CYCLES":
        scene.cycles.samples = samples
    elif scene.render.engine.startswith("BLENDER_EEVEE"):
        scene.eevee.taa_render_samples = samples
    else:
        raise HeadlessError(f"samples cannot be set for the render engine {scene.render.engine}")


def check_renderable(scene: bpy.types.Scene, blend: str) -> list[int]:
    """The frames that will be rendered; raises HeadlessError if Blender could not render any."""
    frames = list(range(scene.frame_start, scene.frame_end + 1, scene.frame_step))
    if not frames:
        first, last = scene.frame_start, scene.frame_end
        raise HeadlessError(f"{blend}: the frame range {first} to {last} has no frames")
    has_camera = scene.camera is not None or any(marker.camera for marker in scene.timeline_markers)
    if not has_camera and not uses_sequencer(scene):
        raise HeadlessError(f"{blend}: scene {scene.name!r} has no camera to render through")
    return frames


def uses_sequencer(scene: bpy.types.Scene) -> bool:
    """Whether the scene's frames come from its sequencer, which needs no camera."""
    editor = scene.sequence_editor
    if editor is None or not scene.render.use_sequencer:
        return False
    # 5.0 renamed sequences to strips.
    return len(editor.strips if hasattr(editor, "strips") else editor.sequences) > 0


def prepare_composite(scene: bpy.types.Scene, blend: str) -> None:
    """Leaves the compositor to the second pass; raises HeadlessError if there is none."""
    from blender_nst import compositor_trees

    if compositor_trees.tree_of(scene) is None:
        raise HeadlessError(
            f"{blend}: scene {scene.name!r} has no compositor nodes to run over styled frames"
        )
    scene.render.use_compositing = False


def keep_to_scratch(scene: bpy.types.Scene, folder: Path) -> None:
    """Leads everything that the render itself would write away from the user's files.

    Blender always writes an animation's frames. Those go to a scratch folder in `folder`, quickly; the
    captured ones are the frames that count. File Output nodes are muted, in every scene and node group.
    """
    global _scratch  # noqa: PLW0603 - `end` removes it, from whichever thread ends the process
    _scratch = Path(tempfile.mkdtemp(prefix="rendered-", dir=folder))
    render = scene.render
    render.filepath = str(_scratch / "frame_####")
    render.use_file_extension = True
    render.use_overwrite = True  # Blender calls no handler for a frame that it skips
    render.use_placeholder = False
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "IMAGE"
    render.image_settings.file_format = "JPEG"
    trees = [tree for each in bpy.data.scenes if (tree := compositor_tree(each)) is not None]
    for tree in [*trees, *bpy.data.node_groups]:
        for node in tree.nodes:
            if node.bl_idname == "CompositorNodeOutputFile":
                node.mute = True


def compositor_tree(scene: bpy.types.Scene) -> Any:
    """The scene's compositor tree, which 5.0 moved."""
    return scene.compositing_node_group if hasattr(scene, "compositing_node_group") else scene.node_tree


def configure(scene: bpy.types.Scene, job: Any, properties: Any, styles: Any, regions: Any) -> None:
    """Sets the scene's style settings as the job says."""
    nst = scene.nst
    nst.enabled = True
    nst.styles.clear()
    for number, style in enumerate(job.styles):
        styles.add_style(nst, style, job.style_weights[number] if job.style_weights else 1.0)
    nst.output_path = job.output
    nst.restart = job.restart
    try:
        properties.apply_settings(nst, "style_settings", job.style_settings)
        properties.apply_settings(nst, "sequence_settings", job.sequence_settings)
        if job.regions:
            regions.set_regions(scene, job.regions)
    except (properties.SettingError, regions.RegionError) as error:
        raise HeadlessError(str(error)) from None


def set_engine(job: Any, python_variable: str, path_variable: str) -> None:
    """Names the engine to the package, by the variables that it reads."""
    os.environ[python_variable] = job.engine_python
    os.environ.pop(path_variable, None)
    if job.engine_path:
        os.environ[path_variable] = job.engine_path


def run(job_path: Path) -> None:
    """Does the whole job; returns when every frame is styled."""
    package = load_package()
    from blender_nst import (
        engine_options,
        engine_process,
        handlers,
        properties,
        regions,
        render_job,
        session_plan,
        styles,
    )

    try:
        job = render_job.RenderJob.read(job_path)
        set_engine(job, engine_options.PYTHON_VARIABLE, engine_process.EXTRA_PATH_VARIABLE)
        disable_installed_copy()
        package.register()
        scene = open_scene(job)
        configure(scene, job, properties, styles, regions)
        frames = check_renderable(scene, job.blend)
        if job.composite:
            prepare_composite(scene, job.blend)
        keep_to_scratch(scene, job_path.absolute().parent)
        scenes_rate = scene.render.fps / scene.render.fps_base
        frame_rate = round(job.sequence_settings.get("frame_rate") or scenes_rate, 3)
        session = handlers.open_session(scene, on_event, source=job.source, frame_rate=frame_rate)
    except (render_job.RenderJobError, session_plan.SessionError) as error:
        raise HeadlessError(str(error)) from None
    render = scene.render
    share = render.resolution_percentage / 100.0
    resolution = [int(render.resolution_x * share), int(render.resolution_y * share)]
    emit(
        {
            "event": "started",
            "blender": bpy.app.version_string,
            "frames": frames,
            "resolution": resolution,
            "frame_rate": frame_rate,
        }
    )
    emit({"event": "opened", "job": session.job, "continues": session.continues, "frames": session.resumed})
    left = session.add_captured_frames(frames) if session.continues else frames
    if left:
        render_from(scene, frames, left[0], job.blend)
    else:
        handlers.finish_session(session)
    if len(session.done) != len(frames):
        raise HeadlessError(f"{job.blend}: {len(session.done)} of {len(frames)} frames were styled")
    if job.composite:
        composite(scene, Path(job.output), frames)


def render_from(scene: bpy.types.Scene, frames: list[int], first: int, blend: str) -> None:
    """Renders the animation from a frame on; returns when every frame is styled."""
    for frame in frames[: frames.index(first)]:
        # What is simulated frame by frame and not baked gets its state here, as it would have by rendering.
        scene.frame_set(frame)
    scene.frame_start = first
    try:
        bpy.ops.render.render(animation=True, scene=scene.name)
    except RuntimeError as error:
        raise HeadlessError(f"{blend}: Blender cannot render: {' '.join(str(error).split())}") from None


def composite(scene: bpy.types.Scene, output: Path, frames: list[int]) -> None:
    """Runs the scene's compositor over the styled frames."""
    from blender_nst import composite_pass

    try:
        second_pass = composite_pass.CompositePass(scene, output, frames[0])
        for frame in frames:
            path = second_pass.composite(frame)
            emit({"event": "composited", "frame": frame, "path": str(path)})
    except composite_pass.CompositeError as error:
        raise HeadlessError(str(error)) from None


def main() -> NoReturn:
    """Reads the command line, does the job, ends the process."""
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    try:
        if len(arguments) != 1:
            raise HeadlessError("headless.py takes one argument: the job's JSON file")
        run(Path(arguments[0]))
    except HeadlessError as error:
        emit({"event": "failed", "error": str(error)})
        end(EXIT_USER)
    except Exception as error:
        traceback.print_exc()
        emit({"event": "failed", "error": f"{type(error).__name__}: {error}"})
        end(EXIT_OTHER)
    end(EXIT_OK)


if __name__ == "__main__":
    main()
