"""Views of a scene, as its two eyes: which are rendered, what their files are called, and their cameras.

Blender gives Python no matrices of a stereoscopic camera: they are derived from its settings here, as in
Blender's `BKE_camera_multiview_model_matrix` and `BKE_camera_multiview_shift_x`. The tests compare them with
where each eye sees the points of the render's Position pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import bpy
from mathutils import Matrix

LEFT, RIGHT = "left", "right"
_STEREO_FIELDS = (
    "display_mode",
    "anaglyph_type",
    "interlace_type",
    "use_interlace_swap",
    "use_sidebyside_crosseyed",
    "use_squeezed_frame",
)


@dataclass(frozen=True)
class View:
    """One of several views; `suffix` is that of its files, and in a multi-view scene of its camera."""

    name: str
    suffix: str


def scene_views(scene: bpy.types.Scene) -> list[View]:
    """The views whose files have suffixes, in Blender's order; none if every frame has one picture."""
    views = rendered_views(scene)
    return views if len(views) > 1 else []


def rendered_views(scene: bpy.types.Scene) -> list[View]:
    """The views that are rendered of every frame, in Blender's order; none without stereoscopy."""
    render = scene.render
    if not render.use_multiview:
        return []
    stereo = render.views_format == "STEREO_3D"
    return [
        View(view.name, view.file_suffix)
        for view in render.views
        if view.use and (not stereo or view.name in (LEFT, RIGHT))
    ]


def own_file(scene: bpy.types.Scene, path: Path) -> Path:
    """The file, the first of several views', that the render writes where the scene's settings name this.

    A view that is the only one has its suffix in pictures since Blender 4.5, and in movies unless it is
    Stereo 3D by Blender 5.2: of the file with it and the one without, the one that was written last.
    """
    views = rendered_views(scene)
    if not views:
        return path
    with_suffix = path.with_name(f"{path.stem}{views[0].suffix}{path.suffix}")
    if len(views) > 1:
        return with_suffix if scene.render.image_settings.views_format == "INDIVIDUAL" else path
    return max(path, with_suffix, key=_written)


def _written(path: Path) -> int:
    """When a file was written last, in nanoseconds; 0 if it is not there, or an empty placeholder."""
    try:
        status = path.stat()
    except OSError:
        return 0
    return status.st_mtime_ns if status.st_size else 0


def stereo_format(scene: bpy.types.Scene) -> dict[str, str | bool]:
    """How the scene's own pictures hold both eyes, by the fields of `Stereo3dFormat`; empty if not at all."""
    settings = scene.render.image_settings
    if [view.name for view in scene_views(scene)] != [LEFT, RIGHT] or settings.views_format != "STEREO_3D":
        return {}
    return {name: getattr(settings.stereo_3d_format, name) for name in _STEREO_FIELDS}


def view_camera(scene: bpy.types.Scene, camera: bpy.types.Object, view: View) -> bpy.types.Object:
    """The camera of a view: in a multi-view scene the one whose name ends like the view's files."""
    if scene.render.views_format == "STEREO_3D":
        return camera
    ends = [each.file_suffix for each in scene.render.views if camera.name.endswith(each.file_suffix)]
    if not ends:
        return camera
    base = camera.name[: len(camera.name) - len(max(ends, key=len))]
    return scene.objects.get(base + view.suffix) or camera


def sees_by_one_camera(scene: bpy.types.Scene, camera: bpy.types.Object) -> bool:
    """Whether a view's picture is that of one camera; with spherical stereo every column has its own."""
    lens = camera.data
    stereo = scene.render.use_multiview and scene.render.views_format == "STEREO_3D"
    return not (stereo and lens.type in ("PANO", "PERSP") and lens.stereo.use_spherical_stereo)


def eye_matrix(world: Matrix, stereo: bpy.types.CameraStereoData, view: View) -> Matrix:
    """An eye of a stereoscopic camera, from its own space to the world's.

    Args:
        world: the camera's evaluated matrix.
    """
    is_left, distance = view.name != RIGHT, stereo.interocular_distance
    if stereo.pivot == ("LEFT" if is_left else "RIGHT"):
        return world.normalized()
    share = 0.5 if stereo.pivot == "CENTER" else 1.0
    offset = Matrix.Translation((-distance * (share if is_left else -share), 0.0, 0.0))
    if stereo.convergence_mode != "TOE":
        return world.normalized() @ offset
    angle = math.atan(distance * 0.5 / stereo.convergence_distance)
    turned = Matrix.Rotation(-angle if is_left else angle, 4, "Y")
    if stereo.pivot == "CENTER":
        return world.normalized() @ offset @ turned
    return world.normalized() @ turned @ offset @ turned


def eye_shift(lens: bpy.types.Camera, view: View) -> float:
    """By how much an eye's `shift_x` differs from its camera's: both look at the plane of convergence."""
    stereo, is_left = lens.stereo, view.name == LEFT
    if stereo.convergence_mode != "OFFAXIS" or lens.type == "PANO":
        return 0.0
    if stereo.pivot == ("LEFT" if is_left else "RIGHT"):
        return 0.0
    shift = stereo.interocular_distance / lens.sensor_width * (lens.lens / stereo.convergence_distance)
    return shift * (0.5 if stereo.pivot == "CENTER" else 1.0) * (1.0 if is_left else -1.0)
