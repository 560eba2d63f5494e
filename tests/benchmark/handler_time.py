"""Measures the time that the render handlers add to a frame in Blender's own process.

    python handler_time.py                        (a Python that has the bpy module; or in Blender:)
    blender --background --python handler_time.py

Every handler call of an animation render is timed: the PNG, the multilayer EXR with Vector and Z, and the
camera's note are written. No engine is started, as its work is on another device: in its place something
takes every frame at once, or none, as one that does not keep up (the passes are compressed then). Where the
render writes PNGs that show the same as a capture, those are copied.
Prints a line for each size: the median over the frames of the handlers' time, and of the whole frame.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path
from statistics import median
from typing import Any

import bpy

PACKAGE = Path(__file__).parent.parent.parent / "blender_nst"
SIZES = ((480, 270), (1920, 1080))
FRAMES = 12
CASES = ((True, True), (True, False), (False, False))


class Stopwatch:
    """Seconds spent in handlers, by frame, and processor time, which other load changes less."""

    def __init__(self) -> None:
        self.seconds: dict[int, float] = {}
        self.processor: dict[int, float] = {}

    def timed(self, handler: Callable[..., None]) -> Callable[..., None]:
        """The handler, its time added to the scene's frame."""

        @functools.wraps(handler)
        def call(scene: Any, depsgraph: Any = None) -> None:
            begun, used, frame = time.perf_counter(), time.process_time(), scene.frame_current
            handler(scene, depsgraph)
            self.seconds[frame] = self.seconds.get(frame, 0.0) + time.perf_counter() - begun
            self.processor[frame] = self.processor.get(frame, 0.0) + time.process_time() - used

        return call


def load_package() -> None:
    """The extension's source as the package `blender_nst`, switched on."""
    spec = importlib.util.spec_from_file_location(
        "blender_nst", PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["blender_nst"] = package
    spec.loader.exec_module(package)
    package.register()


def measure(
    folder: Path, width: int, height: int, *, keeps_up: bool, png: bool
) -> tuple[float, float, float]:
    """Medians in seconds: the handlers' share of a frame, their processor time, and the whole frame."""
    handlers = importlib.import_module("blender_nst.handlers")
    session_of = importlib.import_module("blender_nst.session.session").RenderSession
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 1, "CPU"
    scene.cycles.use_denoising = False
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.frame_start, scene.frame_end = 1, FRAMES
    scene.render.filepath = str(folder / "own_")
    scene.render.image_settings.file_format = "PNG" if png else "JPEG"
    scene.nst.enabled = True
    scene.nst.output_path = str(folder / f"out_{width}")
    scene.nst.style_path = str(Path(__file__))  # never opened: no engine is started
    watch, finished = Stopwatch(), []

    for own in list(folder.glob("own_*")):
        own.unlink()
    hooked = [name for name in dir(bpy.app.handlers) if isinstance(getattr(bpy.app.handlers, name), list)]
    for name in hooked:
        called = getattr(bpy.app.handlers, name)
        for index, handler in enumerate(called):
            if handler.__module__.startswith("blender_nst") and name != "render_complete":
                called[index] = watch.timed(handler)
    session_of.start_engine = lambda session: "none"
    session_of.drain = lambda *_, **__: False

    def take(session: Any, _: Any, captured: Any) -> None:
        session.sent.append(captured.frame)
        if keeps_up:
            session.engine_state.done.append(captured.frame)

    session_of._send_frame = take
    bpy.app.handlers.render_write.append(lambda *_: finished.append(time.perf_counter()))
    bpy.app.handlers.render_complete.insert(0, lambda *_: handlers.current_session().end())
    try:
        bpy.ops.render.render(animation=True)
    finally:
        bpy.app.handlers.render_write.pop()
        bpy.app.handlers.render_complete.pop(0)
    whole = [after - before for before, after in pairwise(finished)]
    # An engine that does not keep up has taken as many frames uncompressed as may wait.
    settled = range(6, FRAMES + 1)
    spent, used = (median(each[frame] for frame in settled) for each in (watch.seconds, watch.processor))
    return spent, used, median(whole[5:])


def main() -> None:
    """Measures every size."""
    os.environ["BLENDER_NST_PYTHON"] = sys.executable
    load_package()
    print(f"Blender {bpy.app.version_string}, {FRAMES} frames, Cycles, 1 sample", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for (width, height), (keeps_up, png) in product(SIZES, CASES):
            handlers, used, whole = measure(Path(folder), width, height, keeps_up=keeps_up, png=png)
            print(
                f"{width}x{height}, {'an engine that keeps up' if keeps_up else 'a slow engine'},"
                f" {'its picture copied' if png else 'its picture saved'}: handlers"
                f" {1000 * handlers:.0f} ms a frame ({1000 * used:.0f} ms of processor), the whole frame"
                f" {1000 * whole:.0f} ms",
                flush=True,
            )
    sys.stdout.flush()
    os._exit(0)  # a bpy process can hang in Blender's exit handlers


main()
