"""Renders and stylizes a .blend file for the command line, inside Blender.

    blender --background --python-exit-code 3 --python main.py -- job.json
    python -E -P main.py -- job.json            (a Python that has the bpy module)

The job is a `job.RenderJob`. Standard output carries Blender's own lines, and each event as a line
that begins with `NST ` and goes on with JSON: those of `engine.messages`, and of `local_events`

    {"event": "started", "blender": "4.5.1", "frames": [1, 2, 3], "resolution": [480, 270], "frame_rate": 24}
    {"event": "rendered", "frame": 1, "count": 1, "total": 3}
    {"event": "described", "first": 1, "last": 48, "step": 1, "shots": [1, 25], …}
    {"event": "composited", "frame": 1, "path": "/p/out/composited/composited_0001.png"}

The exit code is 0 when every frame is styled, 2 after a `failed` event whose cause the user can remove, 1
after any other. The .blend file is never saved. Nothing is written outside the job's output folder but for
a scratch folder beside the job file, which is removed at the end.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import bpy

if TYPE_CHECKING:
    from blender_nst.engine.messages import Event
    from blender_nst.headless.job import RenderJob
    from blender_nst.local_events import LocalEvent
    from blender_nst.session.session import SessionEvent

EXIT_OK, EXIT_OTHER, EXIT_USER = 0, 1, 2
PACKAGE = "blender_nst"

_scratch: Path | None = None
_ending = threading.RLock()
_WRITING = 0.3
"""Seconds that Blender takes at most, nearly always, from making a frame's folder to the frame's file."""


class HeadlessError(Exception):
    """The job cannot be done, for a reason that the user can remove; one line."""


def emit(event: Event | LocalEvent) -> None:
    """Prints an event, from any thread."""
    from blender_nst.engine.json_lines import to_line
    from blender_nst.engine.messages import EVENTS
    from blender_nst.local_events import LOCAL_EVENTS

    # Blender may have left a line of its own unfinished.
    line = f"\nNST {to_line(event, 'event', EVENTS | LOCAL_EVENTS)}"
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
        shutil.rmtree(_scratch, ignore_errors=True)
        # The render's thread stops before its next frame, but may be just writing one: that makes it again.
        time.sleep(_WRITING)
    os._exit(code)


def on_event(event: SessionEvent) -> None:
    """Passes an event on; ends at once when there is nothing left to render for."""
    from blender_nst.engine.messages import Failed, Opened
    from blender_nst.local_events import Died

    if isinstance(event, Opened):
        return  # `run` emits it, after `started`
    if not isinstance(event, (Failed, Died)):
        emit(event)
        return
    # The reading and the rendering thread may both find the engine dead: the second waits here for its end.
    _ending.acquire()
    if isinstance(event, Failed):
        emit(event)
        end(EXIT_USER)
    emit(Failed(event.error, event.job, frames=event.frames))
    end(EXIT_OTHER)


def fail(error: str, code: int) -> NoReturn:
    """Ends the process with one line that says why."""
    from blender_nst.engine.messages import Failed

    emit(Failed(error))
    end(code)


def load_package() -> Any:
    """The extension's folder as the package `blender_nst`, however it was started."""
    folder = Path(__file__).resolve().parent.parent
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder}: the extension's source is not there")
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    return package


def disable_installed_copy() -> None:
    """Switches an installed copy of this extension off for now: two would stylize every frame twice."""
    # Found only once bpy is imported.
    import addon_utils

    for name in list(bpy.context.preferences.addons.keys()):
        if name.rpartition(".")[2] == PACKAGE:
            addon_utils.disable(name, default_set=False)


def make_scratch(folder: Path) -> Path:
    """A folder for what Blender itself writes."""
    global _scratch  # noqa: PLW0603 - `end` removes it, from whichever thread ends the process
    _scratch = Path(tempfile.mkdtemp(prefix="rendered-", dir=folder))
    return _scratch


def stop_when_ending() -> None:
    """Has the render stop before its next frame, and before it writes one, when the process ends.

    Where the engine is dead, frames would go on to be written into the folder that `end` removes.
    """

    def wait(*_: object) -> None:
        with _ending:
            pass

    for handlers in (bpy.app.handlers.render_pre, bpy.app.handlers.render_post):
        handlers.append(wait)


def set_engine(job: Any, python_variable: str, path_variable: str) -> None:
    """Names the engine to the package, by the variables that it reads."""
    os.environ[python_variable] = job.engine_python
    os.environ.pop(path_variable, None)
    if job.engine_path:
        os.environ[path_variable] = job.engine_path


def run(job_path: Path, package: Any) -> None:
    """Does the whole job with the loaded extension; returns when every frame is styled."""
    from blender_nst import handlers
    from blender_nst.capture.camera import frame_size
    from blender_nst.capture.render_output import write_into
    from blender_nst.engine import options, process
    from blender_nst.engine.messages import Opened
    from blender_nst.headless.job import RenderJob, RenderJobError
    from blender_nst.headless.scene import (
        JobError,
        configure,
        frames_to_render,
        leave_out_compositor,
        open_scene,
        style_settings,
    )
    from blender_nst.headless.scripts import RefusedScripts
    from blender_nst.local_events import Started
    from blender_nst.session.checks.scene_checks import SessionError

    try:
        job = RenderJob.read(job_path)
        set_engine(job, options.PYTHON_VARIABLE, process.EXTRA_PATH_VARIABLE)
        disable_installed_copy()
        package.register()
        scene = open_scene(job)
        if job.describe:
            describe(scene, job)
            return
        refused_scripts = RefusedScripts(job.blend, allowed=job.allow_scripts)
        configure(scene, job)
        frames = frames_to_render(scene, job)
        if job.composite:
            leave_out_compositor(scene, job)
        write_into(scene, make_scratch(job_path.absolute().parent))
        stop_when_ending()
        session = handlers.open_session(
            scene, on_event, source=job.source, settings=(style_settings(scene, job), job.sequence_settings)
        )
    except (RenderJobError, JobError, SessionError) as error:
        raise HeadlessError(str(error)) from None
    plan = session.plan
    emit(
        Started(
            bpy.app.version_string,
            frames,
            list(frame_size(scene)),
            plan.sequence_settings["frame_rate"],
            plan.pixel_aspect,
            max(len(plan.views), 1),
        )
    )
    engine_state = session.engine_state
    emit(Opened(session.job, bool(engine_state.continues), engine_state.resumed))
    refused_scripts.warn(emit)
    left = session.add_captured_frames(frames) if engine_state.continues else frames
    if left:
        render_from(scene, frames, left[0], job.blend)
    else:
        handlers.finish_session(session)
    refused_scripts.warn(emit)  # what only the render has evaluated
    if len(engine_state.done) != plan.picture_count:
        raise HeadlessError(
            f"{job.blend}: {len(engine_state.done)} of {plan.picture_count} frames were styled"
        )
    if job.composite:
        composite(scene, Path(job.output), frames)


def describe(scene: bpy.types.Scene, job: RenderJob) -> None:
    """Emits the scene's frames, shots and animated settings; raises JobError if there are none to render."""
    from blender_nst.capture.camera import frame_size, shot_starts
    from blender_nst.headless.scene import frames_to_render
    from blender_nst.local_events import Described
    from blender_nst.properties.animation import animated_settings

    frames = frames_to_render(scene, job)
    rate = scene.render.fps / scene.render.fps_base
    shots, size = shot_starts(scene, frames), list(frame_size(scene))
    animated = list(animated_settings(scene))
    emit(Described(frames[0], frames[-1], scene.frame_step, shots, size, rate, animated))


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
    from blender_nst.compositing.second_pass import CompositeError, CompositePass
    from blender_nst.local_events import Composited

    try:
        second_pass = CompositePass(scene, output, frames[0])
        for frame in frames:
            emit(Composited(frame, str(second_pass.composite(frame))))
    except CompositeError as error:
        raise HeadlessError(str(error)) from None


def main() -> NoReturn:
    """Reads the command line, does the job, ends the process."""
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    package = load_package()
    try:
        if len(arguments) != 1:
            raise HeadlessError("headless takes one argument: the job's JSON file")
        run(Path(arguments[0]), package)
    except HeadlessError as error:
        fail(str(error), EXIT_USER)
    except Exception as error:
        traceback.print_exc()  # what is caught before there is a log is seen here alone
        logging.getLogger(f"{PACKAGE}.headless").exception("the job failed")
        fail(f"{type(error).__name__}: {error}", EXIT_OTHER)
    end(EXIT_OK)


if __name__ == "__main__":
    main()
