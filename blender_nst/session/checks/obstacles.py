"""What keeps a render or a batch from being stylized: each obstacle in one line, with the way out of it.

Panels show them before a render begins, operators ask about them, and the render handlers refuse by them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import bpy

from ... import addon
from ...capture.style_picture import ImageKey
from ...engine.options import PYTHON_VARIABLE, EnginePythonError, engine_options, preferences
from ..active import active_session
from ..plan import region_commands, style_files
from .readable_pictures import is_readable
from .scene_checks import (
    SessionError,
    absolute_path,
    check_kept,
    check_length,
    check_values,
    check_writable,
    view_suffixes,
)


class Purpose(Enum):
    """What is to be stylized."""

    ANIMATION = "an animation render"
    STILL = "a single render"
    FILES = "frames that are on disk"
    LOOK = "a quick look, which writes nothing"

    @property
    def renders(self) -> bool:
        """Whether the scene is rendered for it."""
        return self in (Purpose.ANIMATION, Purpose.STILL)


@dataclass(frozen=True)
class WayOut:
    """An operator that removes an obstacle, and what its button says."""

    operator: str
    label: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Obstacle:
    """Why nothing would be stylized, as a sentence without a full stop."""

    message: str
    ways_out: tuple[WayOut, ...] = ()


ADD_STYLE = WayOut("nst.style_add", "Add a Style Picture")
CHOOSE_LOOK = WayOut("nst.look", "Choose a Look")
INSTALL = WayOut("preferences.addon_show", "Install the Engine", {"module": addon.ID})
SAVE = WayOut("wm.save_mainfile", "Save the File")
CHOOSE_FOLDER = WayOut("nst.choose_output", "Choose Another Folder")
CANCEL = WayOut("nst.cancel", "Stop It")


def _views(scene: bpy.types.Scene, purpose: Purpose) -> Obstacle | None:
    if purpose.renders:
        return _refused(lambda: view_suffixes(scene))
    return None


def _values(scene: bpy.types.Scene, _purpose: Purpose) -> Obstacle | None:
    return _refused(lambda: check_values(scene))


def _length(scene: bpy.types.Scene, purpose: Purpose) -> Obstacle | None:
    if purpose is not Purpose.ANIMATION:
        return None
    return _refused(
        lambda: check_length(len(range(scene.frame_start, scene.frame_end + 1, scene.frame_step)))
    )


def _engine(_scene: bpy.types.Scene, _purpose: Purpose) -> Obstacle | None:
    try:
        engine_options()
    except EnginePythonError:
        chosen = preferences()
        named = os.environ.get(PYTHON_VARIABLE) or (chosen.engine_python if chosen is not None else "")
        what = f"{named}: the style engine is not there" if named else "The style engine is not installed"
        return Obstacle(what, (INSTALL,))
    return None


def _styles(scene: bpy.types.Scene, purpose: Purpose) -> Obstacle | None:
    if not scene.nst.styles:
        if purpose is Purpose.LOOK and scene.nst_regions.entries:
            return Obstacle("A quick look shows the styles of the whole picture: there is none", (ADD_STYLE,))
        if any(region.has_style for region in scene.nst_regions.entries):
            return None
        return Obstacle("There is no style picture", (ADD_STYLE, CHOOSE_LOOK))
    try:
        broken = _unreadable(lambda images: style_files(scene, Path(), images))
    except SessionError as error:
        return Obstacle(_sentence(error), (_save_or(ADD_STYLE, error),))
    return Obstacle(f"{broken[0]}: the picture cannot be read", (ADD_STYLE,)) if broken else None


def _unreadable(styles: Callable[[dict[Path, ImageKey]], list[Path]]) -> list[Path]:
    """Those of the style pictures that cannot be read; what Blender itself holds can be."""
    images: dict[Path, ImageKey] = {}
    return [path for path in styles(images) if path not in images and not is_readable(path)]


def _regions(scene: bpy.types.Scene, purpose: Purpose) -> Obstacle | None:
    if purpose is Purpose.LOOK:
        return None  # it leaves them out
    try:
        broken = _unreadable(
            lambda images: [
                Path(region.style) for region in region_commands(scene, Path(), images) if region.style
            ]
        )
    except SessionError as error:
        return Obstacle(_sentence(error))
    return Obstacle(f"{broken[0]}: the picture of a region cannot be read") if broken else None


def _output(scene: bpy.types.Scene, purpose: Purpose) -> Obstacle | None:
    if purpose is Purpose.LOOK:
        return None
    try:
        folder = absolute_path(scene.nst.output_path, "output folder")
        check_writable(folder)
        check_kept(scene, folder)
    except SessionError as error:
        return Obstacle(_sentence(error), (_save_or(CHOOSE_FOLDER, error),))
    return None


def _session(_scene: bpy.types.Scene, purpose: Purpose) -> Obstacle | None:
    if purpose.renders or not active_session().busy:
        return None  # a render is stylized after what is at work
    return Obstacle("Other frames are still being stylized: wait for them, or stop it", (CANCEL,))


CHECKS: tuple[Callable[[bpy.types.Scene, Purpose], Obstacle | None], ...] = (
    _session,
    _engine,
    _styles,
    _regions,
    _output,
    _views,
    _values,
    _length,
)
"""In the order in which an artist meets them. A check reads; it changes nothing, in any thread."""


_OF_SCENE = (_styles, _regions, _values)


def scene_obstacles(scene: bpy.types.Scene) -> list[Obstacle]:
    """Of those, what is wrong with the scene itself, wherever it is stylized."""
    return [found for check in _OF_SCENE if (found := check(scene, Purpose.ANIMATION)) is not None]


def obstacles(scene: bpy.types.Scene, purpose: Purpose) -> list[Obstacle]:
    """Everything that keeps a scene's render or batch from being stylized; empty where nothing does."""
    return [found for check in CHECKS if (found := check(scene, purpose)) is not None]


def _refused(check: Callable[[], object]) -> Obstacle | None:
    try:
        check()
    except SessionError as error:
        return Obstacle(_sentence(error))
    return None


def _save_or(way_out: WayOut, error: SessionError) -> WayOut:
    return SAVE if error.needs_saved_file else way_out


def _sentence(error: SessionError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]
