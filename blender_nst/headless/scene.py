"""Opens a .blend for the command line and sets up the scene in memory, see `headless/main.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ..compat.compositor_trees import tree_of
from ..compat.sequencer import uses_sequencer
from ..compositing.second_pass import CompositeError, check_single_view
from ..properties.animation import animated_settings
from ..properties.regions import RegionError, set_regions
from ..properties.styles import add_style
from .job import RenderJob


class JobError(Exception):
    """The scene cannot be rendered as the job asks; one line that says why."""


def open_scene(job: RenderJob) -> bpy.types.Scene:
    """Opens the .blend and applies the job's overrides to the scene in memory.

    Raises:
        JobError: the file or the scene is not there, or Blender cannot open it.
    """
    blend = Path(job.blend)
    if not blend.is_file():
        raise JobError(f"{blend}: there is no such .blend file")
    try:
        bpy.ops.wm.open_mainfile(filepath=str(blend), load_ui=False, use_scripts=job.allow_scripts)
    except RuntimeError as error:
        raise JobError(f"{blend}: Blender cannot open it: {' '.join(str(error).split())}") from None
    scene = bpy.context.scene
    if job.scene is not None:
        scene = bpy.data.scenes.get(job.scene)
        if scene is None:
            there_are = ", ".join(bpy.data.scenes.keys())
            raise JobError(f"{blend}: there is no scene {job.scene!r}; there are: {there_are}")
        bpy.context.window.scene = scene
    if job.frames is not None:
        scene.frame_start, scene.frame_end, scene.frame_step = job.frames
    if job.resolution_percentage is not None:
        scene.render.resolution_percentage = job.resolution_percentage
    if job.samples is not None:
        _set_samples(scene, job.samples)
    return scene


def configure(scene: bpy.types.Scene, job: RenderJob) -> None:
    """Sets styles, regions and folder of the scene; raises JobError for a region that is none.

    The engine's settings go to it as the job has them, see `handlers.open_session`.
    """
    nst = scene.nst
    nst.enabled = True
    if not job.scene_styles:
        nst.styles.clear()
    for number, style in enumerate(job.styles):
        add_style(nst, style, job.style_weights[number] if job.style_weights else 1.0)
    nst.output_path = job.output
    nst.restart = job.restart
    try:
        if job.regions:
            set_regions(scene, job.regions)
    except RegionError as error:
        raise JobError(str(error)) from None


def style_settings(scene: bpy.types.Scene, job: RenderJob) -> dict[str, Any]:
    """The job's style settings without those of which the scene's animation gives each frame its own."""
    left_to_scene = set(job.animated) & set(animated_settings(scene))
    return {name: value for name, value in job.style_settings.items() if name not in left_to_scene}


def frames_to_render(scene: bpy.types.Scene, job: RenderJob) -> list[int]:
    """The numbers of the frames; raises JobError if Blender could not render any."""
    frames = list(range(scene.frame_start, scene.frame_end + 1, scene.frame_step))
    if not frames:
        first, last = scene.frame_start, scene.frame_end
        raise JobError(f"{job.blend}: the frame range {first} to {last} has no frames")
    has_camera = scene.camera is not None or any(marker.camera for marker in scene.timeline_markers)
    if not has_camera and not uses_sequencer(scene):
        raise JobError(f"{job.blend}: scene {scene.name!r} has no camera to render through")
    return frames


def leave_out_compositor(scene: bpy.types.Scene, job: RenderJob) -> None:
    """Leaves the compositor to the second pass; raises JobError if that cannot be run."""
    try:
        check_single_view(scene)
    except CompositeError as error:
        raise JobError(f"{job.blend}: {error}") from None
    if tree_of(scene) is None:
        raise JobError(f"{job.blend}: scene {scene.name!r} has no compositor nodes to run over styled frames")
    scene.render.use_compositing = False


def _set_samples(scene: bpy.types.Scene, samples: int) -> None:
    if scene.render.engine == "CYCLES":
        scene.cycles.samples = samples
    elif scene.render.engine.startswith("BLENDER_EEVEE"):
        scene.eevee.taa_render_samples = samples
    else:
        raise JobError(f"samples cannot be set for the render engine {scene.render.engine}")
