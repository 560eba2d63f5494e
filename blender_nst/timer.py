"""Timers of the main thread beside a user interface: for the engines' events and for saved frames."""

from __future__ import annotations

import logging

import bpy
from bpy.app.handlers import persistent

from .compat.drawing_pause import DrawingPause
from .diagnostics.guard import one_line
from .session.active import active_session, redraw, running_session
from .session.session import State
from .session.source_facts import KnownSources
from .session.viewing import preview
from .session.viewing.quick_look import quick_look
from .state import state_of
from .ui.viewing.watch import watch_everywhere

logger = logging.getLogger(__name__)

TIMER_BUDGET = 0.01
"""Seconds of the main thread that one timer call may take from the user interface."""
PAUSE_INTERVAL = 0.02
"""Seconds between two calls while a render is on: without drawing, a frame waits so long to be saved."""


@persistent
def drain_on_timer() -> float:
    """Takes the engine's events on the main thread; returns seconds until the next call.

    Blender would never call a timer again that has raised an exception.
    """
    try:
        return _drain()
    except Exception as error:
        logger.exception("timer of the session")
        session = running_session()
        if session is not None:
            session.fail(one_line(error))
        return 0.5


def _drain() -> float:
    active, sources = active_session(), state_of(KnownSources)
    session = running_session() or active.begin_next()
    # A render that was refused says so on its own thread, where nothing can be drawn.
    changed = sources.changed or active.drawn_line != active.last_line
    active.drawn_line, sources.changed = active.last_line, False
    if session is not None and session.drain(TIMER_BUDGET):
        preview.update(session)
        changed = True
    look = quick_look()
    changed = look.tick(disturbed=_what_disturbs_a_look()) or changed
    if changed:
        redraw("PROPERTIES", "IMAGE_EDITOR")
    if look.open or (session is not None and session.state is State.STYLIZING):
        # Of a session whose render is over, or whose file was closed: from here on Escape is free.
        watch_everywhere()
    return 0.5 if session is None and not look.open else 0.1


def pause_on_timer() -> float:
    """Has the main thread wait while a render's thread saves a frame; returns seconds until the next call."""
    state_of(DrawingPause).wait()
    return PAUSE_INTERVAL if active_session().rendering is not None else 0.5


def _what_disturbs_a_look() -> str:
    """What a quick look makes room for; empty for nothing."""
    if active_session().busy:
        return "frames are being stylized"
    return "a render is going on" if bpy.app.is_job_running("RENDER") else ""


def register() -> None:
    """Hooks the timers, where there is a user interface."""
    if not bpy.app.background:
        # Here and not when a render begins: that happens in another thread, where timers must not be touched.
        for timer in (drain_on_timer, pause_on_timer):
            bpy.app.timers.register(timer, persistent=True)


def unregister() -> None:
    """Unhooks the timers; a running session ends, its finished frames are kept."""
    for timer in (drain_on_timer, pause_on_timer):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)
    quick_look().end()
    active_session().end()
