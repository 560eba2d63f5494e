"""Progress of a session (its share of the whole, the time left), and at its end what it has made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .measured_speed import expected_later_frame
from .session import RenderSession, State

_DEFAULT_RATE = 24.0
"""Frames a second where neither the settings nor the scene name a rate."""


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


@dataclass(frozen=True)
class RunResult:
    """What a session has made.

    Attributes:
        folder: the output folder.
        frames: the styled frames' files, in the order of their numbers; one at least.
        count: of frames; each may have several views.
        step: from one frame's number to the next.
        movie: of all of them; None where none was asked for.
        seconds: from the engine's start to the last frame.
        frame_rate: in frames a second.
    """

    folder: Path
    frames: list[Path]
    count: int
    step: int
    movie: Path | None
    seconds: float
    frame_rate: float

    @property
    def text(self) -> str:
        """One line: `3 frames stylized, with styled.mp4, in 12 s: /home/ada/out`."""
        count = "1 frame" if self.count == 1 else f"{self.count} frames"
        if self.movie is None:
            return f"{count} stylized in {duration(self.seconds)}: {self.folder}"
        return f"{count} stylized, with {self.movie.name}, in {duration(self.seconds)}: {self.folder}"


def run_result(session: RenderSession) -> RunResult | None:
    """What a session that is over has made; None where it runs or has made nothing."""
    engine = session.engine_state
    if session.state is not State.ENDED or not engine.files or not session.ended_at:
        return None
    numbers = sorted(set(engine.done))
    return RunResult(
        session.plan.output,
        [path for _, path in sorted(zip(engine.done, engine.files, strict=True))],
        len(numbers),
        numbers[1] - numbers[0] if len(numbers) > 1 else 1,
        engine.movie,
        session.ended_at - session.started_at,
        float(session.plan.sequence_settings["frame_rate"] or _DEFAULT_RATE),
    )


def duration(seconds: float) -> str:
    """A time for people: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90.0:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _seconds_left(session: RenderSession, units: int, finished: float) -> float | None:
    # The first frame has no predecessor and takes longer than those after it.
    engine = session.engine_state
    known = engine.frame_seconds if engine.resumed else engine.frame_seconds[1:]
    if known:
        return (units - finished) * sum(known) / len(known)
    now = engine.progress
    if now is None or now.steps_per_second <= 0.0:
        return None
    later = expected_later_frame(session)
    if later is None:
        later = session.plan.sequence_settings["warm_steps"] / now.steps_per_second
    if engine.frame_seconds:
        return (units - finished) * later
    return (now.steps - now.step) / now.steps_per_second + later * max(0, units - engine.frames_begun)


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
