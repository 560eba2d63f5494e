"""Why a scene cannot be submitted to a farm."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import bpy

from ...capture.views import scene_views
from ...compat.sequencer import uses_sequencer
from ...engine.options import EnginePythonError, engine_python
from ...session.checks.obstacles import scene_obstacles
from ...session.checks.scene_checks import SessionError, absolute_path, check_writable
from .chunk_options import ChunkOptionsError, advanced_options, all_options
from .settings import FarmEngine


def farm_obstacle(scene: bpy.types.Scene) -> str:
    """The first reason, as a sentence without a full stop; empty where there is none."""
    return next(_obstacles(scene), "")


def farm_folder(scene: bpy.types.Scene) -> str:
    """The absolute path of the farm's folder; raises SessionError where there is none."""
    return str(absolute_path(scene.nst_farm.output_root, "farm folder"))


def _obstacles(scene: bpy.types.Scene) -> Iterator[str]:
    if not bpy.data.filepath:
        yield "The file is not saved: a farm renders the file on disk"
    elif bpy.data.is_dirty and not bpy.app.background:  # without a window every file is
        yield "Save the file first: a farm renders the file on disk"
    if scene.frame_step != 1:
        yield "A farm renders every frame: set the frame step to 1"
    has_camera = scene.camera is not None or any(marker.camera for marker in scene.timeline_markers)
    if not has_camera and not uses_sequencer(scene):
        yield "The scene has no camera to render through"
    if scene_views(scene):
        yield "The scene has several views, which a farm cannot stylize"
    yield from (obstacle.message for obstacle in scene_obstacles(scene))
    yield from _ENGINES[FarmEngine[scene.nst_farm.engine]](scene)
    yield from _refused(lambda: check_writable(absolute_path(scene.nst_farm.output_root, "farm folder")))


def _flamenco(scene: bpy.types.Scene) -> Iterator[str]:
    yield from _refused(lambda: advanced_options(scene))


def _openjd(scene: bpy.types.Scene) -> Iterator[str]:
    yield from _refused(lambda: all_options(scene))
    yield from _refused(engine_python)


_ENGINES: dict[FarmEngine, Callable[[bpy.types.Scene], Iterator[str]]] = {
    FarmEngine.FLAMENCO: _flamenco,
    FarmEngine.OPENJD: _openjd,
}


def _refused(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except (ChunkOptionsError, EnginePythonError, SessionError) as error:
        text = str(error)
        yield text[:1].upper() + text[1:]
