"""The timer behind the engine's buttons: brings an installation, a check and a measurement up to date."""

from __future__ import annotations

import logging
from contextlib import suppress

import bpy

from ...engine.benchmark import benchmark
from ...engine.check import engine_check
from ...engine.installation import installation
from ...engine.installer import InstallState
from ...engine.options import EnginePythonError, engine_options
from ...session.active import redraw
from ...session.measured_speed import AUTO, remember_steps, speed_of

logger = logging.getLogger(__name__)

_INTERVAL = 0.2
"""Seconds between two looks."""


def watch_engine() -> None:
    """Begins to look, unless that has begun."""
    if not bpy.app.timers.is_registered(_watch):
        bpy.app.timers.register(_watch, first_interval=_INTERVAL, persistent=True)


def stop_watching() -> None:
    """Ends what was begun here."""
    for timer in (_watch, _check_now):
        if bpy.app.timers.is_registered(timer):
            bpy.app.timers.unregister(timer)


def check_soon() -> None:
    """Has the engine checked after the drawing that asks for it, unless that was begun."""
    if not bpy.app.timers.is_registered(_check_now):
        bpy.app.timers.register(_check_now)


def look_for_gpu_soon() -> None:
    """Begins to look for a GPU, and draws the preferences again when that is known."""
    if installation().has_gpu is None:
        installation().look_for_gpu()
        watch_engine()


def _check_now() -> None:
    with suppress(RuntimeError):  # the engine is gone meanwhile, which the next drawing says
        bpy.ops.nst.engine_check()


def begin_measuring(*, anew: bool = False) -> bool:
    """Begins to measure how fast the checked engine is, where that is not known; returns whether it does.

    Args:
        anew: even where it is known, as with an engine that was just installed.
    """
    try:
        options = engine_options()
    except EnginePythonError:
        return False
    device = engine_check().device if options.device == AUTO else options.device
    if not device or (speed_of(device) is not None and not anew):
        return False
    benchmark().start(options)
    return benchmark().running


def keep_measured(wait: float = 0.0) -> None:
    """Keeps what a measurement has found, if it has, waiting up to `wait` seconds for it."""
    found = benchmark().take(wait)
    if found is not None:
        remember_steps(found)
        redraw("PROPERTIES")


def _watch() -> float | None:
    """Timer: brings an installation and a check up to date, until they have ended."""
    try:
        return _watch_once()
    except Exception:
        logger.exception("timer of the preferences")
        return None


def _watch_once() -> float | None:
    installer, check = installation().installer, engine_check()
    was_installing, was_checking = installation().running, check.running
    if installer is not None:
        installer.drain()
    if was_installing and installer is not None and installer.state is InstallState.DONE:
        _check_now()
    check.drain()
    if was_checking and not check.running and not check.error:
        begin_measuring(anew=installer is not None and installer.state is InstallState.DONE)
    keep_measured()
    redraw("PREFERENCES")
    busy = (installation().running, check.running, benchmark().running, installation().looking)
    return _INTERVAL if any(busy) else None
