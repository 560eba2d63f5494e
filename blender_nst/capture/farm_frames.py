"""Renders frames for a farm: each is saved as the style engine reads it, which need not be on this machine.

A frame that is there, whole, is not rendered again, so that a task that was killed goes on from there. The
folder is the one job's: frames of another state of the scene are not told from its own.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any

import bpy

from ..properties.regions import needed_passes
from .camera import Note, camera_notes
from .frame import CaptureError, capture_frame, content_path, passes_path
from .render_output import write_into
from .view_layer_passes import TemporaryPasses
from .views import scene_views

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


class FarmFramesError(Exception):
    """Frames cannot be rendered; one line that says why."""


def parse_frames(text: str) -> list[int]:
    """The frames of a list as Flamenco writes it, `1-3,9`, ascending; raises FarmFramesError for another."""
    frames: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise FarmFramesError(f"{text!r}: write frames as 1-3,9")
        first = int(match[1])
        frames |= set(range(first, int(match[2] or first) + 1))
    return sorted(frames)


def render_frames(scene: bpy.types.Scene, frames: Sequence[int], folder: Path, *, bits: int = 8) -> int:
    """Renders the frames that are not there yet; in background alone, as the scene's output is changed.

    Args:
        folder: gets the folders `content` and `passes`.
        bits: of the pictures, 8 or 16.

    Returns:
        How many were rendered.

    Raises:
        FarmFramesError: Blender cannot render, or a frame cannot be saved.
    """
    if scene_views(scene):
        raise FarmFramesError(f"scene {scene.name!r} has several views, which a farm cannot stylize")
    missing = [frame for frame in frames if not _is_there(folder, frame)]
    # No session of this machine's: the engine may be elsewhere.
    scene.nst.enabled = False
    passes = TemporaryPasses(scene, needed_passes(scene))
    capture = _Capture(folder, bits)
    with tempfile.TemporaryDirectory(prefix="blender-nst-") as scratch, ExitStack() as undone:
        write_into(scene, Path(scratch))
        undone.callback(passes.restore)
        passes.enable()
        for handlers, handler in capture.handlers():
            handlers.append(handler)
            undone.callback(handlers.remove, handler)
        for _, run in groupby(enumerate(missing), lambda pair: pair[1] - pair[0]):
            numbers = [frame for _, frame in run]
            _render(scene, numbers[0], numbers[-1])
            if capture.error is not None:
                raise FarmFramesError(capture.error)
    lacking = [frame for frame in frames if not _is_there(folder, frame)]
    if lacking:
        raise FarmFramesError(f"{content_path(folder, lacking[0])}: Blender has not rendered this frame")
    return len(missing)


class _Capture:
    """Saves the frames of a render, by Blender's render handlers.

    Attributes:
        error: why a frame could not be saved; Blender only prints what a handler raises.
    """

    def __init__(self, folder: Path, bits: int) -> None:
        self._folder = folder
        self._bits = bits
        self._notes: dict[int, Note] = {}
        self.error: str | None = None

    def handlers(self) -> list[tuple[list[Any], Callable[..., None]]]:
        """The lists of Blender's, and what goes into each."""
        on = bpy.app.handlers
        return [(on.frame_change_post, self._on_frame_change), (on.render_write, self._on_write)]

    def _on_frame_change(self, scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph | None = None) -> None:
        self._notes[scene.frame_current] = camera_notes(scene, depsgraph)[""]

    def _on_write(self, scene: bpy.types.Scene, _depsgraph: object = None) -> None:
        note = self._notes.pop(scene.frame_current, None)
        try:
            saved = capture_frame(
                scene, self._folder, note=note or camera_notes(scene, None)[""], bits=self._bits
            )
        except CaptureError as error:
            self.error = self.error or str(error)
            return
        # Flamenco shows the file that such a line names.
        sys.stdout.write(f"Saved: '{saved.content}'\n")
        sys.stdout.flush()


def _is_there(folder: Path, frame: int) -> bool:
    """Whether a frame was saved whole: its note is written last."""
    passes = passes_path(folder, frame)
    return all(each.is_file() for each in (content_path(folder, frame), passes, passes.with_suffix(".json")))


def _render(scene: bpy.types.Scene, first: int, last: int) -> None:
    scene.frame_step = 1
    # In this order: Blender keeps the end behind the start.
    scene.frame_end, scene.frame_start = max(last, scene.frame_end), first
    scene.frame_end = last
    try:
        bpy.ops.render.render(animation=True, scene=scene.name)
    except RuntimeError as error:
        raise FarmFramesError(f"Blender cannot render: {' '.join(str(error).split())}") from None
