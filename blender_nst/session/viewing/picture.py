"""The picture that a quick look stylizes: the Render Result, or what a 3D viewport shows.

All of it is done on the main thread; nothing is written but a file in the given folder.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import gpu

from ...capture.camera import bound_camera, frame_size
from ...capture.frame import CaptureError, capture_picture, save_as_displayed
from ...capture.whole_file import whole_file

VIEWPORT_SIDE = 640
"""Pixels of the longer side of a viewport's picture: enough beside a look, and drawn at once."""

_DRAWN_OFFSCREEN = ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT", "BLENDER_WORKBENCH")
"""Render engines whose rendered viewport can be drawn into a picture; of others the materials are."""


def take_picture(context: bpy.types.Context, folder: Path, *, rendered: bool) -> Path:
    """Saves the picture into a folder.

    Args:
        rendered: whether the Render Result is of the scene.

    Raises:
        CaptureError: there is nothing to take, or the file cannot be written.
    """
    scene = context.scene
    if rendered:
        return capture_picture(scene, folder)
    viewport = _viewport(context)
    if viewport is not None:
        return _draw_viewport(context, *viewport, folder / "viewport.png")
    if bound_camera(scene) is None:
        raise CaptureError(
            f"scene {scene.name!r} has no camera and no 3D Viewport is open: open one, or render the frame"
        )
    # Without a viewport by the camera, into the Render Result; nothing is in there.
    with _reduced(scene):
        bpy.ops.render.opengl(view_context=False)
    path = folder / "viewport.png"
    save_as_displayed(scene, "Render Result", path)
    return path


def _viewport(context: bpy.types.Context) -> tuple[Any, bpy.types.Region] | None:
    """The largest 3D Viewport of the scene's windows, and its region."""
    found = [
        (area.spaces.active, region)
        for window in context.window_manager.windows
        if window.scene == context.scene
        for area in window.screen.areas
        if area.type == "VIEW_3D"
        for region in area.regions
        if region.type == "WINDOW" and region.width > 1
    ]
    return max(found, key=lambda each: each[1].width * each[1].height, default=None)


def _draw_viewport(context: bpy.types.Context, view: Any, region: bpy.types.Region, path: Path) -> Path:
    """Draws the scene as the viewport shades it: through the scene's camera, or as the viewport looks."""
    scene, camera = context.scene, bound_camera(context.scene)
    width, height = _fitted(frame_size(scene) if camera is not None else (region.width, region.height))
    if camera is None:
        matrices = view.region_3d.view_matrix, view.region_3d.window_matrix
    else:
        depsgraph, render = context.evaluated_depsgraph_get(), scene.render
        seen = camera.evaluated_get(depsgraph)
        matrices = (
            seen.matrix_world.normalized().inverted(),
            seen.calc_matrix_camera(
                depsgraph, x=width, y=height, scale_x=render.pixel_aspect_x, scale_y=render.pixel_aspect_y
            ),
        )
    offscreen: Any = gpu.types.GPUOffScreen(width, height)
    try:
        with _as_a_picture(view, scene), offscreen.bind():
            offscreen.draw_view3d(
                scene, context.view_layer, view, region, *matrices, do_color_management=True
            )
            frame: Any = gpu.state.active_framebuffer_get()
            buffer = frame.read_color(0, 0, width, height, 4, 0, "FLOAT")
    except RuntimeError as error:
        raise CaptureError(f"the 3D Viewport cannot be drawn: {' '.join(str(error).split())}") from None
    finally:
        offscreen.free()
    buffer.dimensions = width * height * 4
    _write(array("f", buffer), (width, height), path)
    return path


@contextmanager
def _as_a_picture(view: Any, scene: bpy.types.Scene) -> Iterator[None]:
    """Context: the viewport without what is no part of the scene, shaded by what draws at once."""
    overlays, shading = view.overlay.show_overlays, view.shading.type
    try:
        view.overlay.show_overlays = False
        if shading == "RENDERED" and scene.render.engine not in _DRAWN_OFFSCREEN:
            view.shading.type = "MATERIAL"
        yield
    finally:
        view.overlay.show_overlays = overlays
        if view.shading.type != shading:
            view.shading.type = shading


def _write(pixels: array[float], size: tuple[int, int], path: Path) -> None:
    """Writes RGBA in 0..1, rows from below, as an opaque PNG."""
    pixels[3::4] = array("f", [1.0]) * (size[0] * size[1])
    image = bpy.data.images.new(".Neural Style viewport", *size, alpha=False)
    try:
        with whole_file(path) as unfinished:
            image.pixels.foreach_set(pixels)
            image.filepath_raw, image.file_format = str(unfinished), "PNG"
            image.save()
    except (OSError, RuntimeError) as error:
        raise CaptureError(f"{path}: cannot be written: {' '.join(str(error).split())}") from None
    finally:
        bpy.data.images.remove(image)


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    factor = min(1.0, VIEWPORT_SIDE / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


@contextmanager
def _reduced(scene: bpy.types.Scene) -> Iterator[None]:
    """Context: the scene renders no more than `VIEWPORT_SIDE`."""
    render, before = scene.render, scene.render.resolution_percentage
    longest = max(render.resolution_x, render.resolution_y) * before / 100
    try:
        render.resolution_percentage = max(1, min(before, int(before * VIEWPORT_SIDE / longest)))
        yield
    finally:
        render.resolution_percentage = before
