"""Progress of a session: its share of the whole and the time left, as numbers and as text."""

from __future__ import annotations

from dataclasses import dataclass

from .session import RenderSession, State


@dataclass(frozen=True)
class SessionProgress:
    """`share` is 0 to 1 of the whole; `seconds_left` is None while nothing is known about it."""

    share: float
    seconds_left: float | None
    text: str


def session_progress(session: RenderSession) -> SessionProgress:
    """The progress of a session now."""
    plan, engine = session.plan, session.engine_state
    now = engine.progress
    units = max(1, plan.picture_count * plan.sequence_settings["pass_count"])
    within = now.step / now.steps if now is not None else 0.0
    # A frame is reported as done before the next one begins.
    done, begun = len(engine.done), engine.frames_begun
    finished = max(begun - 1 + within, done) if begun else done
    share = min(1.0, finished / units)
    left = _seconds_left(session, units, finished)
    return SessionProgress(share, left, _text(session, left))


def duration(seconds: float) -> str:
    """A time for people: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90.0:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _seconds_left(session: RenderSession, units: int, finished: float) -> float | None:
    # The first frame has no predecessor and takes longer than those after it.
    engine = session.engine_state
    known = engine.frame_seconds[1:]
    if known:
        return (units - finished) * sum(known) / len(known)
    now = engine.progress
    if now is None or now.steps_per_second <= 0.0:
        return None
    warm = session.plan.sequence_settings["warm_steps"] * max(0, units - engine.frames_begun)
    return (now.steps - now.step + warm) / now.steps_per_second


def _text(session: RenderSession, left: float | None) -> str:
    if session.canceling:
        return "Stopping; finished frames are kept"
    engine = session.engine_state
    if engine.progress is None:
        waiting = session.state is State.RENDERING and session.plan.engine.after_render
        return "Stylized after the render" if waiting else "The style engine is starting"
    done, total, now = len(engine.done), session.plan.picture_count, engine.progress.frame
    between = now in engine.done
    frame = f"{done} of {total} frames done" if between else f"Frame {now}, {done + 1} of {total}"
    return frame if left is None else f"{frame}, {duration(left)} left"
