"""What is going on, a session or a quick look, for what watches it: text, share, what Escape does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..active import running_session
from ..progress import session_progress
from ..session import State
from .quick_look import LookState, QuickLook, quick_look


@dataclass(frozen=True)
class Work:
    """Work that is going on.

    Attributes:
        text: how far it is, in one line.
        share: 0 to 1 of the whole.
        stop: what Escape does; None while Escape is a render's own.
        takes_escape: whether nobody else hears the key then.
        shows_count: whether the mouse shows the share in percent.
    """

    text: str
    share: float
    stop: Callable[[], None] | None
    takes_escape: bool = True
    shows_count: bool = True


def current_work() -> Work | None:
    """What is going on: a session goes before a look."""
    session = running_session()
    if session is not None:
        progress = session_progress(session)
        stop = session.cancel if session.state is State.STYLIZING else None
        return Work(f"{progress.text}    Esc: stop, keep what is finished", progress.share, stop)
    look = quick_look()
    if look.open:
        text = f"{look_text(look)}    Esc: end the look"
        return Work(text, look_share(look), look.stop, takes_escape=look.at_work, shows_count=False)
    return None


def look_text(look: QuickLook) -> str:
    """How far a look is."""
    if look.state is LookState.SETTLED:
        return "Quick Look: not possible" if look.error else "Quick Look: done"
    if look.progress is None:
        return "Quick Look: begins"
    return f"Quick Look: step {look.progress.step} of {look.progress.steps}"


def look_share(look: QuickLook) -> float:
    """The share of a look's steps that is done."""
    if look.state is LookState.SETTLED:
        return 0.0 if look.error else 1.0
    return 0.0 if look.progress is None else look.progress.step / max(1, look.progress.steps)
