"""Render handlers: every animation render of a scene that asks for it is captured and stylized.

Blender calls them in this order: `render_init`, then for each frame `render_pre`, `render_post` and, once the
frame's file is written, `render_write`; at last `render_complete` or `render_cancel`. Its calls for scenes
that are rendered inside a frame, as strips of the sequencer, do nothing. From the user interface each call
comes in a new thread beside the main one. An exception would only print a traceback, so that each handler
catches everything, logs it with its traceback and reports one line; whatever happens here, the render itself
goes on.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .capture.camera import camera_notes
from .capture.log import ORPHAN_PATIENCE, CaptureError
from .capture.still_file import still_file
from .capture.view_layer_passes import TemporaryPasses
from .diagnostics.guard import one_line
from .errors import EngineError
from .properties.animation import own_settings
from .properties.regions import needed_passes
from .session.active import (
    active_session,
    current_session,
    forget_status,
    new_session,
    say,
    wait_for,
)
from .session.checks.refused_render import RefusedRender, is_ready
from .session.checks.scene_checks import SessionError
from .session.plan import SessionPlan, clear_restart
from .session.render_nesting import RenderEvent, RenderNesting
from .session.session import RenderSession, SessionEvent
from .state import SwitchedOffError, state_of

__all__ = ["current_session", "open_session", "request_still", "shown_frame"]

logger = logging.getLogger(__name__)


class RenderHooks:
    """What the handlers share from one call to the next; there is one render at a time in a Blender."""

    def __init__(self) -> None:
        self.nesting = RenderNesting()
        self.opened_ahead = False
        self.passes: TemporaryPasses | None = None
        self.still_file: tuple[Path, int] | None = None
        self.still_plan: SessionPlan | None = None
        self.frames_rendered = 0
        self.shown: tuple[str, int] | None = None
        self.begun_at = 0.0


def _hooks() -> RenderHooks:
    return state_of(RenderHooks)


def open_session(
    scene: bpy.types.Scene,
    on_event: Callable[[SessionEvent], None] | None = None,
    *,
    source: Mapping[str, Any] | None = None,
    settings: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {}),
) -> RenderSession:
    """Opens a session ahead of its render and waits for the engine; the next animation render uses it.

    Args:
        on_event: called with each event as it comes, on another thread; then nothing is printed.
        source: what the frames are rendered from; see `engine.messages.Stylize`.
        settings: style and sequence settings as the protocol has them, in place of the scene's.

    Raises:
        SessionError: the scene's settings do not allow it, the engine does not start, or it cannot go on with
            what is in the output folder.
    """
    plan = SessionPlan.from_scene(scene, settings=settings)
    plan = replace(plan, source=dict(source or {}), put_aside=plan.restart)
    active_session().on_event = on_event
    session = new_session(plan)
    try:
        session.manifest.hold(ORPHAN_PATIENCE)
        session.start_engine()
        session.wait_opened()
    except (CaptureError, EngineError) as error:
        session.end()
        raise SessionError(str(error)) from None
    _hooks().opened_ahead = True
    return session


def request_still(plan: SessionPlan) -> None:
    """The next single render is stylized by this plan (of `for_still`), whatever the scene says."""
    _hooks().still_plan = plan


def shown_frame() -> tuple[str, int] | None:
    """The scene's name and the frame that the Render Result holds, if it was rendered in this Blender."""
    return _hooks().shown


def _guarded(function: Callable[..., None], event: RenderEvent | None = None) -> Callable[..., None]:
    @persistent
    @functools.wraps(function)
    def handler(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph | None = None) -> None:
        with suppress(SwitchedOffError):
            try:
                if event is None or not _hooks().nesting.is_nested(event, scene.name_full):
                    function(scene, depsgraph)
            except SwitchedOffError:
                raise
            except Exception as error:
                logger.exception("render handler %s", function.__name__)
                line = one_line(error)
                session = _rendering()
                if session is not None:
                    session.fail(line)
                else:
                    say(line, error=True)

    return handler


def _handles(event: RenderEvent) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a function a render handler: called for the scene that is rendered, and for none inside of it."""
    return functools.partial(_guarded, event=event)


@_handles(RenderEvent.INIT)
def on_render_init(scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """Checks the settings before the first frame; the engine is started by the first one that is written."""
    hooks = _hooks()
    hooks.frames_rendered, hooks.shown, hooks.begun_at = 0, None, time.time()
    still_plan = hooks.still_plan
    if still_plan is None and not scene.nst.enabled:
        return
    if not hooks.opened_ahead:
        if still_plan is None and not is_ready(scene):
            return
        _restore_passes()
        active_session().forget_render()  # one that began and, as Blender refused it, never ended
        try:
            active_session().begin_render(still_plan or SessionPlan.from_scene(scene))
        except SessionError as error:
            say(f"not stylized: {error}", error=True)
            return
        clear_restart(scene)
    hooks.opened_ahead = False
    hooks.still_file = still_file(scene)
    hooks.passes = TemporaryPasses(scene, needed_passes(scene))
    hooks.passes.enable()


@_handles(RenderEvent.PRE)
def on_render_pre(_scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """Nothing but that a frame begins, see `RenderNesting`."""


@_handles(RenderEvent.FRAME_CHANGE)
def on_frame_change(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph | None = None) -> None:
    """`frame_change_post`: while a render is on, the graph it is given is the render's."""
    state_of(RefusedRender).restore()
    session = _rendering()
    if session is not None:
        session.notes[scene.frame_current] = camera_notes(scene, depsgraph)
        session.own_settings[scene.frame_current] = own_settings(scene, session.plan.animated, depsgraph)


@_handles(RenderEvent.POST)
def on_render_post(scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """Notes that the Render Result is now this frame."""
    hooks = _hooks()
    hooks.frames_rendered += 1
    hooks.shown = (scene.name, scene.frame_current)


@_handles(RenderEvent.WRITE)
def on_render_write(scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """Captures the frame, if it is one of an animation.

    Up to `render_post` a still (F12) and an animation look the same to a handler. Only what is written to
    disk gets here, which F12 never is; a script's `write_still` shows by the file that it writes.
    """
    session = _rendering()
    if session is None or (not session.captured and _is_written_still(scene)):
        return
    if session.waits and not session.captured:
        session = _begin_waiting(session, session.plan)
    if not session.captured and not scene.render.use_overwrite:
        # Blender skips frames whose files are there and calls no handler: what was captured of them is used.
        session.add_captured_frames(range(scene.frame_start, scene.frame_current, scene.frame_step))
    session.add_rendered_frame(scene, _hooks().begun_at)
    if bpy.app.background:
        session.drain(0.05)


@_handles(RenderEvent.COMPLETE)
def on_render_complete(scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """The render is whole. If no frame of it was one of an animation, it was a still."""
    session, hooks = _rendering(), _hooks()
    if session is not None and not session.captured and hooks.frames_rendered:
        if hooks.still_plan is None and scene.nst.stills:
            session = _begin_waiting(session, session.plan.for_still())
        elif session.waits:
            session = _begin_waiting(session, session.plan)
        if hooks.still_plan is not None or scene.nst.stills:
            session.add_rendered_frame(scene)
    _end_render()


@_handles(RenderEvent.CANCEL)
def on_render_cancel(_scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """The render was stopped: the frames that it has are still stylized."""
    _end_render()


@_guarded
def on_load(_scene: object, _depsgraph: object = None) -> None:
    """Another file is loaded: a render of this one is over. What was captured of it is still stylized."""
    hooks = _hooks()
    hooks.nesting.forget()
    hooks.passes = None  # its scene is gone
    hooks.shown = None
    session = _rendering()
    if session is not None and not hooks.opened_ahead:
        session.finish()


@_guarded
def on_loaded(_scene: object, _depsgraph: object = None) -> None:
    """Another file is open."""
    forget_status()


def _end_render() -> None:
    """No more frames come. In background, waits for the styled ones."""
    _hooks().still_plan = None
    state_of(RefusedRender).restore()
    _restore_passes()
    session = _rendering()
    if session is not None:
        finish_session(session)


def finish_session(session: RenderSession) -> None:
    """No more frames come. In background, waits for the styled ones."""
    session.finish()
    if bpy.app.background:
        wait_for(session)


_HANDLERS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("render_init", on_render_init),
    ("render_pre", on_render_pre),
    ("frame_change_post", on_frame_change),
    ("render_post", on_render_post),
    ("render_write", on_render_write),
    ("render_complete", on_render_complete),
    ("render_cancel", on_render_cancel),
    ("load_pre", on_load),
    ("load_post", on_loaded),
)


def register() -> None:
    """Hooks the handlers."""
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    """Unhooks them; a running render goes on without being stylized."""
    for name, handler in _HANDLERS:
        registered = getattr(bpy.app.handlers, name)
        if handler in registered:
            registered.remove(handler)
    _restore_passes()


def _begin_waiting(session: RenderSession, plan: SessionPlan) -> RenderSession:
    """A session of this plan in the place of one that has captured nothing; says so where it waits."""
    session = active_session().change_plan(session, plan)
    if session.waits:
        say(f"other frames are being stylized: this render's are after them, into {session.plan.output}")
    return session


def _restore_passes() -> None:
    hooks = _hooks()
    if hooks.passes is not None:
        hooks.passes.restore()
        hooks.passes = None


def _rendering() -> RenderSession | None:
    return active_session().rendering


def _is_written_still(scene: bpy.types.Scene) -> bool:
    before = _hooks().still_file
    return before is not None and still_file(scene) != before
