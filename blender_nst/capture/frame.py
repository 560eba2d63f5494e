"""Saves a rendered frame for the style engine: the picture as a PNG, and its passes as a multilayer EXR.

Beside the passes goes a note of the camera and of the view transform, see `video.frames.render_passes`.

`Render Result.save_render` writes in the format of the scene's image settings, so those are changed for a
moment and put back. No datablock is made or removed: Blender 5.2 crashes when a handler removes one. Nor is
anything drawn meanwhile, see `drawing_pause`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from ..compat.drawing_pause import no_drawing
from ..compat.set_property import set_property_retrying
from ..output_folder import CONTENT, PASSES, numbered_file
from .camera import Note
from .view_probe import probe_image, probe_levels, probe_name
from .views import rendered_views, scene_views
from .whole_file import unfinished_path, whole_file

# In the order in which they must be set: each may reset those after it. media_type came with Blender 5.0,
# use_exr_interleave with 5.0 or later; where one is missing it is skipped.
_IMAGE_SETTINGS = (
    "media_type",
    "file_format",
    "color_mode",
    "color_depth",
    "color_management",
    "exr_codec",
    "use_exr_interleave",
    "compression",
    "views_format",
)

_PNG = {
    "media_type": "IMAGE",
    "file_format": "PNG",
    "color_management": "FOLLOW_SCENE",
    "compression": 15,
}
_EXR = {
    "media_type": "MULTI_LAYER_IMAGE",
    "file_format": "OPEN_EXR_MULTILAYER",
    "color_depth": "32",
    "color_management": "FOLLOW_SCENE",
    "exr_codec": "ZIP",
}
# A quarter of the time. The engine packs the file when it is done with the frame. Blender 5.0 and later would
# write a part for each pass, as earlier ones cannot, which takes twice as long as all of them together.
_UNCOMPRESSED_EXR = _EXR | {"exr_codec": "NONE", "use_exr_interleave": True}


class CaptureError(Exception):
    """A frame could not be saved; the message names the file."""


@dataclass(frozen=True)
class CapturedFrame:
    """A frame's files on disk. `passes` is None where there are none.

    `content` is a picture, or a movie of which `movie_frame`, counted from 1, is meant. `view` is the suffix
    of the view that it shows, of several. `own_settings` are values of settings for this frame alone.
    """

    frame: int
    content: Path
    passes: Path | None
    movie_frame: int | None = None
    view: str = ""
    own_settings: Mapping[str, float] = field(default_factory=dict)


def content_path(output: Path, frame: int, view: str = "") -> Path:
    """The picture of a frame, numbered as Blender numbers files: content_0001.png, content_-0003_L.png."""
    return numbered_file(output, CONTENT, frame, f"{view}.png")


def passes_path(output: Path, frame: int, view: str = "") -> Path:
    """Where the multilayer EXR of a frame goes."""
    return numbered_file(output, PASSES, frame, f"{view}.exr")


def picture_mode(scene: bpy.types.Scene) -> str:
    """RGBA where the film is transparent or the render's own PNGs have alpha, as those of a new file have."""
    settings = scene.render.image_settings
    own = settings.color_mode if settings.file_format == "PNG" else "RGB"
    return "RGBA" if scene.render.film_transparent or own == "RGBA" else "RGB"


def capture_frame(
    scene: bpy.types.Scene,
    output: Path,
    *,
    with_passes: bool = True,
    note: Note | None = None,
    bits: int = 8,
    uncompressed: bool = False,
    written_since: float | None = None,
) -> CapturedFrame:
    """Saves the frame that was just rendered. To be called in `render_post` or `render_write`, on any thread.

    The PNG has the scene's view transform (display-referred, of 8 or 16 bits), with alpha as `picture_mode`
    says. The EXR is scene-linear in full float; the note about its camera and view lies beside it as
    JSON. All appear under their names only when they are complete.

    Args:
        uncompressed: save the passes without compression, seven times as large: for an engine that takes and
            packs them at once.
        written_since: when the render began (seconds since the epoch), if it writes its own files: a PNG of
            this frame that it has just written is copied instead of made once more.

    Raises:
        CaptureError: a file cannot be written.
    """
    frame = scene.frame_current
    content, passes = content_path(output, frame), passes_path(output, frame)
    wanted = _PNG | {"color_mode": picture_mode(scene), "color_depth": str(bits)}
    own = None if written_since is None else _own_picture(scene, wanted, written_since)
    if own is None or not _copied(own, content):
        _save(scene, "Render Result", content, wanted)
    if with_passes:
        _save(scene, "Render Result", passes, _UNCOMPRESSED_EXR if uncompressed else _EXR)
        if note is not None:
            _write_note_and_probe(scene, passes, note)
    return CapturedFrame(frame, content, passes if with_passes else None)


def capture_views(
    scene: bpy.types.Scene,
    output: Path,
    *,
    notes: Mapping[str, Note] | None = None,
    bits: int = 8,
    uncompressed: bool = False,
    written_since: float | None = None,
) -> list[CapturedFrame]:
    """As `capture_frame`, all views of a frame, in their order; the one of a scene without views.

    Args:
        notes: by the views' suffixes, see `camera_notes`.
    """
    notes = notes or {}
    suffixes = [view.suffix for view in scene_views(scene)]
    if not suffixes:
        alone = notes.get("")
        return [
            capture_frame(
                scene,
                output,
                note=alone,
                bits=bits,
                uncompressed=uncompressed,
                written_since=written_since,
            )
        ]
    frame = scene.frame_current
    wanted = _PNG | {"color_mode": picture_mode(scene), "color_depth": str(bits)}
    _save(scene, "Render Result", content_path(output, frame), wanted, suffixes)
    exr = _UNCOMPRESSED_EXR if uncompressed else _EXR
    _save(scene, "Render Result", passes_path(output, frame), exr, suffixes)
    for suffix in suffixes:
        if suffix in notes:
            _write_note_and_probe(scene, passes_path(output, frame, suffix), notes[suffix])
    return [
        CapturedFrame(
            frame, content_path(output, frame, suffix), passes_path(output, frame, suffix), view=suffix
        )
        for suffix in suffixes
    ]


def capture_picture(scene: bpy.types.Scene, folder: Path) -> Path:
    """Saves the Render Result alone, of several views the first one, hardly compressed: for a quick look.

    Raises:
        CaptureError: the file cannot be written.
    """
    suffixes = [view.suffix for view in scene_views(scene)]
    wanted = _PNG | {"color_mode": picture_mode(scene), "color_depth": "8", "compression": 0}
    _save(scene, "Render Result", folder / "picture.png", wanted, suffixes)
    return _of_view(folder / "picture.png", suffixes[0] if suffixes else "")


def save_as_displayed(scene: bpy.types.Scene, image: str, path: Path) -> None:
    """Saves an image as an opaque PNG of what the scene's view transform shows of it.

    Raises:
        CaptureError: the file cannot be written.
    """
    _save(scene, image, path, _PNG | {"color_mode": "RGB", "color_depth": "8", "compression": 0})


def _own_picture(scene: bpy.types.Scene, wanted: Mapping[str, Any], since: float) -> Path | None:
    """The render's own file of the frame, if it shows what a capture would, to the last bit."""
    render = scene.render
    # The compression is the user's choice; nothing else may differ.
    own = {name: getattr(render.image_settings, name, value) for name, value in wanted.items()}
    if own | {"compression": wanted["compression"]} != wanted or render.use_stamp or render.use_multiview:
        return None
    path = Path(os.path.normpath(render.frame_path(frame=scene.frame_current)))
    try:
        found = path.stat()
    except OSError:
        return None
    return path if found.st_size > 0 and found.st_mtime >= since else None


def _copied(own: Path, path: Path) -> bool:
    try:
        with whole_file(path) as unfinished:
            shutil.copyfile(own, unfinished)
    except OSError:
        return False
    return True


def _save(
    scene: bpy.types.Scene,
    image: str,
    path: Path,
    image_settings: Mapping[str, Any],
    views: Sequence[str] = (),
) -> None:
    """Saves an image; with views one file for each, whose suffix Blender puts before the ending."""
    unfinished = unfinished_path(path)
    files = {_of_view(unfinished, view): _of_view(path, view) for view in views or [""]}
    if views:
        # Set first: not every format has the scene's own value.
        image_settings = {"views_format": "INDIVIDUAL", **image_settings}
    try:
        with ExitStack() as whole, _changed(scene.render.image_settings, image_settings):
            for each, final in files.items():
                whole.enter_context(whole_file(final, each))
            try:
                with no_drawing(background=bpy.app.background):
                    bpy.data.images[image].save_render(str(unfinished), scene=scene)
            except RuntimeError:
                # Blender looks for a file without a view's suffix, and misses it.
                written = (
                    all(each.is_file() for each in files) if views else _without_suffix(scene, unfinished)
                )
                if not written:
                    raise
    except (OSError, RuntimeError, KeyError) as error:
        raise CaptureError(f"{path}: the rendered frame cannot be saved: {_one_line(error)}") from None


def _without_suffix(scene: bpy.types.Scene, unfinished: Path) -> bool:
    """Takes a single view's suffix, which some Blenders write, from its picture; False if there is none."""
    views = rendered_views(scene)
    if len(views) != 1 or not _of_view(unfinished, views[0].suffix).is_file():
        return False
    _of_view(unfinished, views[0].suffix).replace(unfinished)
    return True


def _of_view(path: Path, view: str) -> Path:
    return path.with_name(f"{path.stem}{view}{path.suffix}")


def _write_note_and_probe(scene: bpy.types.Scene, passes: Path, note: Note) -> None:
    probe = passes.with_name(probe_name(scene))
    if not probe.is_file():
        _save(scene, probe_image(scene).name, probe, _PNG | {"color_mode": "RGB", "color_depth": "16"})
    view = {"probe": probe.name, "levels": probe_levels(scene)}
    _write_note(passes.with_suffix(".json"), note | {"view": view})


def _write_note(path: Path, note: Note) -> None:
    try:
        with whole_file(path) as unfinished:
            unfinished.write_text(json.dumps(note), "utf-8")
    except OSError as error:
        raise CaptureError(f"{path}: the camera cannot be noted: {_one_line(error)}") from None


@contextmanager
def _changed(settings: bpy.types.ImageFormatSettings, values: Mapping[str, Any]) -> Iterator[None]:
    # An enum reads as "" where the file holds a value that its format does not have: such cannot be set.
    before = [(name, value) for name in _IMAGE_SETTINGS if (value := getattr(settings, name, "")) != ""]
    try:
        for name, value in values.items():
            if hasattr(settings, name):
                set_property_retrying(settings, name, value)
        yield
    finally:
        for name, value in before:
            set_property_retrying(settings, name, value)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).removeprefix("Error: ")
