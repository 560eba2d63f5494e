"""Render handlers: every animation render of a scene that asks for it is captured and stylised.

Blender calls them in this order: `render_init`, then for each frame `render_pre`, `render_post` and, once the
frame's file is written, `render_write`; at last `render_complete` or `render_cancel`. From the user interface
each call comes in a new thread beside the main one. An exception would only print a traceback, so that each
handler catches everything and reports one line; whatever happens here, the render itself goes on.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy  # pyright: ignore[reportMissingImports]
from bpy.app.handlers import persistent  # pyright: ignore[reportMissingImports]

from .camera_note import camera_note
from .engine_process import DIED, EngineError, Message
from .motion_passes import MotionPasses
from .render_session import RenderSession, SessionError, SessionPlan, State

TIMER_BUDGET = 0.01
"""Seconds of the main thread that one timer call may take from the user interface."""


class _Hooks:
    """What the handlers share from one call to the next; there is one render at a time in a Blender."""

    def __init__(self) -> None:
        self.session: RenderSession | None = None
        self.opened_ahead = False
        self.passes: MotionPasses | None = None
        self.listener: Callable[[Message], None] | None = None
        self.still_file: tuple[Path, int] | None = None
        self.last_line = ""


hooks = _Hooks()


def current_session() -> RenderSession | None:
    """The session that renders or stylises, or the last one that did."""
    return hooks.session


def status_line() -> str:
    """What the user interface shows: the last thing that was reported."""
    return hooks.last_line


def open_session(
    scene: bpy.types.Scene,
    listener: Callable[[Message], None] | None = None,
    *,
    more_styles: Sequence[str] = (),
    style_weights: Sequence[float] = (),
    source: Mapping[str, Any] | None = None,
) -> RenderSession:
    """Opens a session ahead of its render and waits for the engine; the next animation render uses it.

    Args:
        listener: gets each of the engine's events as it comes, on another thread; nothing is printed then.
        more_styles, style_weights: see `SessionPlan.from_scene`.
        source: what the frames are rendered from; see `video.protocol.Stylize`.

    Raises:
        SessionError: the scene's settings do not allow it, the engine does not start, or it cannot go on with
            what is in the output folder.
    """
    plan = replace(SessionPlan.from_scene(scene, more_styles, style_weights), source=dict(source or {}))
    session = RenderSession(plan, _report, listener)
    hooks.listener = listener
    try:
        session.start_engine()
        session.wait_ready()
        session.wait_opened()
    except EngineError as error:
        session.end()
        raise SessionError(str(error)) from None
    hooks.session, hooks.opened_ahead = session, True
    return session


def _guarded(function: Callable[..., None]) -> Callable[..., None]:
    @persistent
    @functools.wraps(function)
    def handler(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph | None = None) -> None:
        try:
            function(scene, depsgraph)
        except Exception as error:
            line = f"{type(error).__name__}: {error}"
            session = _rendering()
            if session is not None:
                session.fail(line)
            else:
                _say(line)

    return handler


@_guarded
def on_render_init(scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """Checks the settings before the first frame; the engine is started by the first one that is written."""
    if not scene.nst.enabled:
        return
    session = hooks.session
    if session is not None and session.state is State.STYLISING:
        _say("the render before this one is still being stylised: this one is rendered only")
        return
    if not hooks.opened_ahead:
        _forget_render()  # one that began and, as Blender refused it, never ended
        try:
            hooks.session = RenderSession(SessionPlan.from_scene(scene), _report, hooks.listener)
        except SessionError as error:
            _say(f"not stylised: {error}")
            return
    hooks.opened_ahead = False
    hooks.still_file = _still_file(scene)
    hooks.passes = MotionPasses.turned_on(scene)


@_guarded
def on_frame_change(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph | None = None) -> None:
    """`frame_change_post`: while a render is on, the graph it is given is the render's."""
    session = _rendering()
    if session is not None and session.state is State.RENDERING:
        session.notes[scene.frame_current] = camera_note(scene, depsgraph)


@_guarded
def on_render_write(scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """Captures the frame, if it is one of an animation.

    Up to `render_post` a still (F12) and an animation look the same to a handler. Only what is written to
    disk gets here, which F12 never is; a script's `write_still` shows by the file that it writes.
    """
    session = _rendering()
    if session is None or (not session.sent and _is_written_still(scene)):
        return
    if not session.sent and not scene.render.use_overwrite:
        # Blender passes over frames whose files are there, without a word: what was captured of them is used.
        session.add_captured_frames(range(scene.frame_start, scene.frame_current, scene.frame_step))
    session.add_rendered_frame(scene)
    if bpy.app.background:
        session.drain(0.05)


@_guarded
def on_render_end(_scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """`render_complete`, `render_cancel`: no more frames come. In background, waits for the styled ones."""
    _restore_passes()
    session = _rendering()
    if session is not None:
        finish_session(session)


def finish_session(session: RenderSession) -> None:
    """No more frames come. In background, waits for the styled ones."""
    session.finish()
    if bpy.app.background:
        while session.state is not State.ENDED:
            session.drain(1.0, wait=0.5)


@persistent
def drain_on_timer() -> float:
    """Takes the engine's events on the main thread; returns seconds until the next call."""
    session = hooks.session
    if session is None or session.state is State.ENDED:
        return 1.0
    if session.drain(TIMER_BUDGET):
        _redraw_properties()
    return 0.1


_HANDLERS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("render_init", on_render_init),
    ("frame_change_post", on_frame_change),
    ("render_write", on_render_write),
    ("render_complete", on_render_end),
    ("render_cancel", on_render_end),
)


def register() -> None:
    """Hooks the handlers, and in the user interface the timer."""
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)
    if not bpy.app.background:
        # Here and not when a render begins: that happens in another thread, where timers must not be touched.
        bpy.app.timers.register(drain_on_timer, persistent=True)


def unregister() -> None:
    """Unhooks everything; a session that is on its way ends, its finished frames are kept."""
    for name, handler in _HANDLERS:
        registered = getattr(bpy.app.handlers, name)
        if handler in registered:
            registered.remove(handler)
    if bpy.app.timers.is_registered(drain_on_timer):
        bpy.app.timers.unregister(drain_on_timer)
    engine = hooks.session.engine if hooks.session is not None else None
    _forget_render()
    if engine is not None:
        engine.join()


def _forget_render() -> None:
    _restore_passes()
    if hooks.session is not None:
        hooks.session.end()
        hooks.session = None


def _restore_passes() -> None:
    if hooks.passes is not None:
        hooks.passes.restore()
        hooks.passes = None


def _rendering() -> RenderSession | None:
    session = hooks.session
    return session if session is not None and session.state is State.RENDERING else None


def _still_file(scene: bpy.types.Scene) -> tuple[Path, int]:
    """The file that `write_still` would write, and when it was written last (0 for never)."""
    path = bpy.path.abspath(scene.render.filepath)
    if scene.render.use_file_extension and not path.lower().endswith(scene.render.file_extension):
        path += scene.render.file_extension
    file = Path(path)
    return file, file.stat().st_mtime_ns if file.is_file() else 0


def _is_written_still(scene: bpy.types.Scene) -> bool:
    return hooks.still_file is not None and _still_file(scene) != hooks.still_file


def _report(event: Message) -> None:
    if hooks.listener is not None and event["event"] in ("rendered", "failed", DIED):
        # The engine's own events have reached the listener already, in the reading thread.
        hooks.listener(event)
    match event["event"]:
        case "rendered":
            _say(f"frame {event['frame']} rendered, {event['count']} of {event['total']}")
        case "progress":
            hooks.last_line = f"Frame {event['frame']}: step {event['step']} of {event['steps']}"
        case "notice":
            _say(event["text"])
        case "frame_done":
            _say(f"frame {event['frame']} stylised in {event['seconds']:.1f} s")
        case "done":
            _say(f"{len(event['frames'])} frames stylised")
        case "opened" if event["frames"]:
            _say(f"goes on with {len(event['frames'])} finished frames")
        case "cancelled":
            _say(f"cancelled; {len(event['frames'])} frames are finished and kept")
        case "failed" | "died":
            _say(event["error"])


def _say(line: str) -> None:
    hooks.last_line = line[:1].upper() + line[1:]
    if hooks.listener is None:
        print(f"Blender NST: {line}")
        sys.stdout.flush()


def _redraw_properties() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PROPERTIES":
                area.tag_redraw()
