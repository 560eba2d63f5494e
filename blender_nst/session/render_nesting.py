"""Tells the render handlers' calls for the scene that is rendered from those for scenes inside its frames.

Inside each frame of a scene whose sequencer shows another scene, Blender calls all handlers for that one too,
from `render_init` to `render_complete`. For scenes in the compositor's Render Layers nodes it calls some.
"""

from __future__ import annotations

from enum import Enum


class RenderEvent(Enum):
    """The handlers of `bpy.app.handlers` that a render calls, by name."""

    INIT = "render_init"
    PRE = "render_pre"
    FRAME_CHANGE = "frame_change_post"
    POST = "render_post"
    WRITE = "render_write"
    COMPLETE = "render_complete"
    CANCEL = "render_cancel"


class RenderNesting:
    """Follows the calls of one Blender's render handlers.

    A frame of the outer scene lasts from its `render_pre` to its `render_post`. Between the two nothing else
    can be rendered on its own. Outside of them a `render_init` begins another render, also where none has
    ended: Blender calls nothing more when it refuses to render, for want of a camera for example.
    """

    def __init__(self) -> None:
        self._outer: str | None = None
        self._in_frame = False
        self._inner: list[str] = []

    def is_nested(self, event: RenderEvent, scene: str) -> bool:
        """Whether a handler's call is for a scene inside a frame of another. To be asked of every call."""
        if self._in_frame:
            if event is RenderEvent.INIT:
                self._inner.append(scene)
                return True
            if scene != self._outer or scene in self._inner:
                if event in (RenderEvent.COMPLETE, RenderEvent.CANCEL) and scene in self._inner:
                    self._inner.remove(scene)
                return True
        self._follow(event, scene)
        return False

    def forget(self) -> None:
        """No render is on: another file is loaded."""
        self._outer, self._in_frame = None, False
        self._inner.clear()

    def _follow(self, event: RenderEvent, scene: str) -> None:
        """The outer scene's own calls."""
        match event:
            case RenderEvent.INIT:
                self.forget()
                self._outer = scene
            case RenderEvent.PRE:
                self._in_frame = True
            case RenderEvent.POST:
                self._in_frame = False
            case RenderEvent.COMPLETE | RenderEvent.CANCEL:
                self.forget()
            case _:
                pass
