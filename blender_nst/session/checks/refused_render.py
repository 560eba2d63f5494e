"""Stops a render that would not be stylized before its first frame, where that is wanted."""

from __future__ import annotations

import threading

import bpy

from ...compat.render_kind import RenderKind, begun_render_kind
from ...compat.set_property import set_property_retrying
from ...engine.options import preferences
from ...state import state_of
from ..active import say
from .obstacles import Purpose, obstacles

_TOO_SMALL = {"resolution_x": 4, "resolution_y": 4, "resolution_percentage": 1}
"""Less than a pixel. Blender reads the size behind `render_init` and refuses: `Image too small`."""


class RefusedRender:
    """A render that is stopped, and what was said about it.

    No handler can cancel a render: an exception is only printed. But what a frame needs is read when the
    handlers of `render_init` have returned, so that a size which Blender refuses ends the render before any
    work and any file.
    """

    def __init__(self) -> None:
        self.question: tuple[str, RenderKind] | None = None
        """Scene and kind of a render in the window, until someone is asked about it."""
        self.unstyled_wanted = False
        """The next render may go without style: someone was asked."""
        self._scene_name = ""
        self._size: dict[str, int] = {}

    def stop(self, scene: bpy.types.Scene) -> None:
        """Has Blender refuse the render that begins; to be called in `render_init`."""
        self.restore()
        self._scene_name = scene.name
        self._size = {name: getattr(scene.render, name) for name in _TOO_SMALL}
        for name, value in _TOO_SMALL.items():
            set_property_retrying(scene.render, name, value)

    def restore(self) -> None:
        """Gives the scene its size back; Blender changes the frame, and ends a still, when it has refused."""
        size, self._size = self._size, {}
        scene = bpy.data.scenes.get(self._scene_name) if size else None
        if scene is not None:
            for name, value in size.items():
                set_property_retrying(scene.render, name, value)


def allow_unstyled() -> None:
    """The next render goes on, whatever keeps it from being stylized."""
    state_of(RefusedRender).unstyled_wanted = True


def take_question() -> tuple[str, RenderKind] | None:
    """Scene and kind of a render that was stopped and that nobody has been asked about yet."""
    refused = state_of(RefusedRender)
    question, refused.question = refused.question, None
    if question is not None:
        refused.restore()
    return question


def _stop_unstyled(scene: bpy.types.Scene, kind: RenderKind | None) -> bool:
    """Stops a render that has begun and would not be stylized, and returns whether it does.

    In the window, where handlers are called on the render's thread, it stops and someone is asked. A script's
    or the command line's render stops by the preference. One of unknown kind, which may be a single picture
    that is not to be stylized, goes on.
    """
    refused = state_of(RefusedRender)
    wanted, refused.unstyled_wanted = refused.unstyled_wanted, False
    if wanted or kind is None or (kind is RenderKind.STILL and not scene.nst.stills):
        return False
    in_window = threading.current_thread() is not threading.main_thread()
    chosen = preferences()
    if not in_window and not (chosen is not None and chosen.stop_unstyled):
        return False
    refused.stop(scene)
    refused.question = (scene.name, kind) if in_window else None
    return True


def is_ready(scene: bpy.types.Scene) -> bool:
    """Whether nothing keeps a render from being stylized; it may be stopped where something does."""
    kind = begun_render_kind()
    still = kind is RenderKind.STILL
    found = obstacles(scene, Purpose.STILL if still else Purpose.ANIMATION)
    if not found:
        state_of(RefusedRender).unstyled_wanted = False
        return True
    stopped = _stop_unstyled(scene, kind)
    if not still or scene.nst.stills:
        why = found[0].message
        say(f"not rendered: {why}" if stopped else f"not stylized: {why}", error=True)
    return False
