"""Records a frame's camera, from which the engine derives the motion of what has no motion vectors.

The camera's own matrix is stale while Blender renders; the evaluated one is in the render's dependency graph,
which `frame_change_post` is given.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import bpy

from ..compat.compositor_trees import tree_of
from ..compat.sequencer import uses_sequencer
from .views import View, eye_matrix, eye_shift, rendered_views, sees_by_one_camera, view_camera

# Radians: such a difference to a full turn cannot be seen.
_FULL_TURN_ERROR = 1e-3

Note = dict[str, Any]
"""As `video.frames.render_passes` describes it."""


def camera_notes(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph | None) -> dict[str, Note]:
    """The notes of the scene's current frame by the suffixes of its views; one of "" without views."""
    views = rendered_views(scene)
    if len(views) > 1:
        return {view.suffix: camera_note(scene, depsgraph, view) for view in views}
    return {"": camera_note(scene, depsgraph, views[0] if views else None)}


def camera_note(
    scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph | None, view: View | None = None
) -> Note:
    """The note of the scene's current frame; without a camera or a graph it has no camera."""
    render = scene.render
    note: Note = {"frame": scene.frame_current, "motion_blur": bool(render.use_motion_blur)}
    note["composited"] = bool(render.use_compositing and tree_of(scene) is not None)
    if uses_sequencer(scene):
        return note  # what its strips show, by cameras of their own
    if render.use_border and not render.use_crop_to_border:
        note["border"], note["size"] = border_box(scene), list(frame_size(scene))
    camera = bound_camera(scene)
    if camera is not None and view is not None:
        camera = view_camera(scene, camera, view)
    if camera is None or depsgraph is None:
        return note
    evaluated = camera.evaluated_get(depsgraph)
    note["panorama"] = looks_all_around(scene, camera)
    if camera.type == "CAMERA" and not sees_by_one_camera(scene, camera):
        return note
    note["camera"] = camera.name_full
    eye = view if render.views_format == "STEREO_3D" and camera.type == "CAMERA" else None
    world = evaluated.matrix_world
    note["world"] = _rows(world if eye is None else eye_matrix(world, evaluated.data.stereo, eye))
    note["sphere"] = _sphere(scene, camera)
    # A panorama has no projection, and a cropped picture shows a part of it.
    if (
        camera.type != "CAMERA"
        or camera.data.type == "PANO"
        or (render.use_border and render.use_crop_to_border)
    ):
        return note
    width, height = frame_size(scene)
    projection = evaluated.calc_matrix_camera(
        depsgraph,
        x=width,
        y=height,
        scale_x=render.pixel_aspect_x,
        scale_y=render.pixel_aspect_y,
    )
    note["projection"] = _rows(projection)
    if eye is not None:
        # Of an orthographic camera the whole picture is shifted, of a perspective one what is at a distance.
        column = 3 if camera.data.type == "ORTHO" else 2
        sign = -1.0 if camera.data.type == "ORTHO" else 1.0
        note["projection"][0][column] += sign * _shift_in_clip_space(scene, evaluated.data, eye)
    return note


def _shift_in_clip_space(scene: bpy.types.Scene, lens: bpy.types.Camera, eye: View) -> float:
    """By how much an eye's picture is shifted, in -1..1 across it: `shift_x` counts the fitted side."""
    render, (width, height) = scene.render, frame_size(scene)
    across, up = width * render.pixel_aspect_x, height * render.pixel_aspect_y
    fits_height = lens.sensor_fit == "VERTICAL" or (lens.sensor_fit == "AUTO" and up > across)
    return 2.0 * eye_shift(lens, eye) * (up / across if fits_height else 1.0)


def frame_size(scene: bpy.types.Scene) -> tuple[int, int]:
    """Width and height of a frame in pixels, in integers as Blender finds them: 29 % of 100 is 29."""
    render = scene.render
    share = render.resolution_percentage
    return render.resolution_x * share // 100, render.resolution_y * share // 100


def border_box(scene: bpy.types.Scene) -> list[int]:
    """Left, top, right and bottom, in pixels from the top left, of the part inside the scene's border."""
    render, (width, height) = scene.render, frame_size(scene)
    left, right = (_whole(each * width) for each in (render.border_min_x, render.border_max_x))
    bottom, top = (_whole(each * height) for each in (render.border_min_y, render.border_max_y))
    return [left, height - top, right, height - bottom]


def _whole(value: float) -> int:
    """The value in whole pixels, rounded to single precision and cut off as by Blender: 28.9999992 is 29."""
    return int(struct.unpack("f", struct.pack("f", value))[0])


def looks_all_around(scene: bpy.types.Scene, camera: bpy.types.Object) -> bool:
    """Whether the left and right edge of the scene's picture meet: a panorama of 360°, by Cycles."""
    render, lens = scene.render, camera.data
    if camera.type != "CAMERA" or lens.type != "PANO" or render.engine != "CYCLES":
        return False
    if render.use_border and render.use_crop_to_border and render.border_max_x - render.border_min_x < 1.0:
        return False
    lens = _panoramic_lens(camera)
    kinds = {
        "EQUIRECTANGULAR": ("longitude_min", "longitude_max"),
        "CENTRAL_CYLINDRICAL": ("central_cylindrical_range_u_min", "central_cylindrical_range_u_max"),
    }
    if lens.panorama_type not in kinds:
        return False
    first, last = (getattr(lens, name) for name in kinds[lens.panorama_type])
    return math.isclose(last - first, 2.0 * math.pi, abs_tol=_FULL_TURN_ERROR)


def _sphere(scene: bpy.types.Scene, camera: bpy.types.Object) -> list[float] | None:
    """What an equirectangular camera sees, as `video.frames.render_passes` describes it."""
    if camera.type != "CAMERA" or camera.data.type != "PANO" or scene.render.engine != "CYCLES":
        return None
    lens = _panoramic_lens(camera)
    if lens.panorama_type != "EQUIRECTANGULAR" or (
        scene.render.use_border and scene.render.use_crop_to_border
    ):
        return None
    return [lens.longitude_min, lens.longitude_max, lens.latitude_min, lens.latitude_max]


def _panoramic_lens(camera: bpy.types.Object) -> Any:
    """What holds the settings of a panoramic camera: until Blender 4.2 or later they were Cycles' own."""
    return camera.data if hasattr(camera.data, "panorama_type") else camera.data.cycles


def bound_camera(scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The camera of the scene's current frame: that of the last marker before it, as Blender chooses it.

    `scene.camera` may already be the next frame's, which the renderer has looked at for its motion vectors.
    """
    return camera_at(scene, scene.frame_current)


def camera_at(scene: bpy.types.Scene, frame: int) -> bpy.types.Object | None:
    """The camera of any frame of the scene, as `bound_camera`."""
    bound = [each for each in scene.timeline_markers if each.camera and not each.camera.hide_render]
    if not bound:
        return scene.camera
    past = [each for each in bound if each.frame <= frame]
    marker = max(past, key=lambda each: each.frame) if past else min(bound, key=lambda each: each.frame)
    return marker.camera


def _rows(matrix: Any) -> list[list[float]]:
    return [[float(value) for value in row] for row in matrix]


def shot_starts(scene: bpy.types.Scene, frames: list[int]) -> list[int]:
    """The first of the frames, and each at which another camera is bound than at the one before."""
    cameras = [camera.name if (camera := camera_at(scene, frame)) else None for frame in frames]
    return [frame for place, frame in enumerate(frames) if place == 0 or cameras[place] != cameras[place - 1]]
