"""This Blender's session and those that wait for it, and its last reported line."""

from __future__ import annotations

import itertools
import logging
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import bpy

from ..capture.frame import CapturedFrame
from ..capture.lock import LockedError, wait_unlocked
from ..diagnostics.extension_log import follow_run
from ..diagnostics.log_lines import short_line
from ..engine.messages import Cancelled, Done, Failed, FrameDone, Opened, Planned, Progress, Warned
from ..errors import EngineError
from ..local_events import Died, Rendered
from ..state import state_of
from . import measured_speed
from .checks.scene_checks import SessionError
from .plan import SessionPlan
from .progress import run_result
from .session import RenderSession, SessionEvent, State
from .viewing import preview

logger = logging.getLogger(__name__)

_PATIENCE = 6.0
"""Seconds to wait for a folder: the engine of the session before is killed if it does not end in five."""


class ActiveSession:
    """The current session and its last reported line, for the render handlers, operators and the timer."""

    def __init__(self) -> None:
        self.session: RenderSession | None = None
        self.waiting: list[RenderSession] = []
        """Renders that began while another session was at work, in the order in which they are stylized."""
        self._changing = threading.RLock()
        """Held while a session begins: renders do so on a thread of their own."""
        self.on_event: Callable[[SessionEvent], None] | None = None
        """Called with every event, if the command line runs this Blender; then nothing is printed."""
        self.last_line = ""
        self.last_is_error = False
        self.last_scene = ""
        """The scene that the line is about, where a session has said it."""
        self.drawn_line = ""

    def begin(self, plan: SessionPlan) -> RenderSession:
        """A session in the place of the last one, which has ended."""
        follow_run(plan.output)
        self.session = RenderSession(plan, self.report, self.on_event)
        self.last_line, self.last_is_error, self.last_scene = "", False, plan.scene
        preview.follow_new_session()
        return self.session

    def begin_render(self, plan: SessionPlan) -> RenderSession:
        """A session for a render that begins; it waits where another is at work.

        Raises:
            SessionError: another program is at work in the output folder.
        """
        with self._changing:
            if not self.busy:
                try:
                    wait_unlocked(plan.output, _PATIENCE)
                except LockedError as error:
                    raise SessionError(str(error)) from None
                return self.begin(plan)
            session = RenderSession(plan, self.report, self.on_event, waits=True)
            self.waiting.append(session)
            return session

    def change_plan(self, session: RenderSession, plan: SessionPlan) -> RenderSession:
        """A session of another plan in the place of one that renders and has captured nothing yet.

        One that waits gets a folder of its own where another session works in the plan's.
        """
        with self._changing:
            if session not in self.waiting:
                changed = self.begin(plan)
            else:
                others = [each for each in (self.session, *self.waiting) if each is not session]
                taken = [each.plan.output for each in others if each is not None]
                plan = replace(plan, output=unused_folder(plan.output, taken))
                changed = RenderSession(plan, self.report, self.on_event, waits=True)
                self.waiting[self.waiting.index(session)] = changed
            changed.notes, changed.own_settings = session.notes, session.own_settings
            return changed

    def begin_next(self) -> RenderSession | None:
        """Has the first of those that wait go on, if none is at work; None where there is none."""
        with self._changing:
            while self.waiting and not self.at_work:
                session = self.waiting.pop(0)
                if session.state is not State.ENDED:
                    follow_run(session.plan.output)
                    self.session = session
                    preview.follow_new_session()
                    session.stop_waiting()
                    return session
            return None

    @property
    def at_work(self) -> bool:
        """Whether the session renders or stylizes."""
        return self.session is not None and self.session.state is not State.ENDED

    @property
    def busy(self) -> bool:
        """Whether a session is at work, or waits."""
        return self.at_work or any(each.state is not State.ENDED for each in self.waiting)

    @property
    def rendering(self) -> RenderSession | None:
        """The session whose render is on: the one at work or one that waits."""
        sessions = [each for each in (self.session, *self.waiting) if each is not None]
        return next((each for each in sessions if each.state is State.RENDERING), None)

    def forget_render(self) -> None:
        """Drops the session of a render that began and, as Blender refused it, never ended."""
        with self._changing:
            session = self.rendering
            if session is not None:
                session.end()
            self.waiting = [each for each in self.waiting if each is not session]
            if not self.at_work:
                self.session = None

    def end(self) -> None:
        """Ends all sessions; their finished frames are kept."""
        with self._changing:
            for each in self.waiting:
                each.end()
            self.waiting.clear()
            session, self.session = self.session, None
        if session is not None:
            session.end()
            if session.engine is not None:
                session.engine.join()

    def report(self, event: SessionEvent) -> None:
        """Turns a session's event into a line for people."""
        if self.on_event is not None and isinstance(event, (Rendered, Failed, Died)):
            # The engine's other events have been passed on already, in the reading thread.
            self.on_event(event)
        match event:
            case Rendered():
                self.say(f"frame {event.frame} rendered, {event.count} of {event.total}")
            case Progress():
                self.last_line = f"Frame {event.frame}: step {event.step} of {event.steps}"
            case Warned() | Planned():
                self.say(event.text)
            case FrameDone():
                self.say(f"frame {event.frame} stylized in {event.seconds:.1f} s")
            case Done():
                result = None if self.session is None else run_result(self.session)
                counted = f"{_counted('frame', event.frames)} stylized"
                self.say(counted if result is None else result.text)
                if self.session is not None:
                    _remember_speed(self.session)
            case Opened() if event.frames:
                self.say(f"goes on with {_counted('finished frame', event.frames)}")
            case Cancelled():
                self.say(f"cancelled; {_counted('finished frame', event.frames)} kept")
            case Failed() | Died():
                self.say(event.error, error=True)
        if self.session is not None:
            self.last_scene = self.session.plan.scene

    def say(self, line: str, *, error: bool = False) -> None:
        """Shows a line in the panel, and prints it."""
        logger.log(logging.WARNING if error else logging.INFO, "%s", line)
        line = short_line(line)
        self.last_line, self.last_is_error = line[:1].upper() + line[1:], error
        self.last_scene = ""
        if self.on_event is None:
            # A Blender without a console may have no usable standard output.
            with suppress(OSError, ValueError, AttributeError):
                print(f"Blender NST: {line}")
                sys.stdout.flush()


def active_session() -> ActiveSession:
    """This Blender's one session at a time."""
    return state_of(ActiveSession)


def current_session() -> RenderSession | None:
    """The session that renders or stylizes, or the last one that did."""
    return active_session().session


def running_session() -> RenderSession | None:
    """The session that renders or stylizes."""
    session = active_session().session
    return session if session is not None and session.state is not State.ENDED else None


def status_line() -> tuple[str, bool]:
    """What the user interface shows: the last line that was reported, and whether it is an error."""
    active = active_session()
    return active.last_line, active.last_is_error


def status_scene() -> str:
    """The scene that the status line is about; empty where it is about none, or about the one at hand."""
    return active_session().last_scene


def forget_status() -> None:
    """Another file is open: what the last session has said is about none of its scenes."""
    active = active_session()
    if running_session() is None:
        active.session, active.last_line, active.last_is_error, active.last_scene = None, "", False, ""


def new_session(plan: SessionPlan) -> RenderSession:
    """A session in the place of the last one, which has ended."""
    return active_session().begin(plan)


def say(line: str, *, error: bool = False) -> None:
    """Shows a line in the panel, and prints it."""
    active_session().say(line, error=error)


def stylize_files(plan: SessionPlan, frames: Sequence[CapturedFrame]) -> RenderSession:
    """Begins to stylize frames that are on disk; the timer drains the engine's events.

    Raises:
        SessionError: another session is running, or the engine cannot be started.
    """
    if active_session().busy:
        raise SessionError("other frames are still being stylized: wait for them, or cancel")
    session = new_session(plan)
    try:
        session.stylize_files(frames)
    except EngineError as error:
        session.end()
        raise SessionError(str(error)) from None
    return session


def unused_folder(folder: Path, taken: Collection[Path]) -> Path:
    """The folder, or where it is taken the first `NAME_2`, `NAME_3`… beside it that is not there."""
    if folder not in taken:
        return folder
    numbered = (folder.with_name(f"{folder.name}_{number}") for number in itertools.count(2))
    return next(each for each in numbered if each not in taken and not each.exists())


def wait_for(session: RenderSession) -> None:
    """Blocks until a session, and all before it, have ended; for Blender without a window."""
    while session.state is not State.ENDED:
        (running_session() or active_session().begin_next() or session).drain(1.0, wait=0.5)


def _remember_speed(session: RenderSession) -> None:
    try:
        measured_speed.remember(session)
    except Exception:  # statistics never end a run
        logger.warning("the speed was not remembered", exc_info=True)


def _counted(what: str, frames: Sequence[int]) -> str:
    return f"{len(frames)} {what}" + ("" if len(frames) == 1 else "s")


def redraw(*area_types: str) -> None:
    """Draws the areas of some types again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in area_types:
                area.tag_redraw()
