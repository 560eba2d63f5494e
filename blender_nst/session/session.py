"""One render, or one batch of files, through the engine: what was captured and sent, what came back."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import bpy

from ..capture.camera import Note, camera_notes
from ..capture.frame import CapturedFrame, CaptureError, capture_views
from ..capture.log import CapturedFramesManifest
from ..engine.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Finish,
    FrameDone,
    Opened,
    Planned,
    Preview,
    Progress,
    Ready,
    Warned,
)
from ..engine.process import EngineEvent
from ..engine.supervisor import SupervisedEngine
from ..errors import EngineError
from ..local_events import Died, Rendered
from ..properties.animation import OwnSettings, own_settings
from .commands import frame_command, start_engine, stylize_command
from .engine_state import EngineState, State, error_with_frame
from .plan import SessionPlan

SessionEvent = EngineEvent | Rendered
"""What a session reports."""

MAX_UNCOMPRESSED = 4
"""Frames that may wait for the engine with their passes uncompressed; beyond, passes are compressed."""


@dataclass(eq=False)
class RenderSession:
    """One render, or one batch of files, that is sent to the engine.

    The render's thread calls `add_rendered_frame` and `finish`; another may drain the engine's events with
    `drain`, and is then the only one that changes `engine_state`.

    Args:
        report: called with the session's events, by whoever drains them.
        on_event: called with each of the engine's events as it comes, in a reading thread.

    Raises:
        SessionError: a style that is an image of Blender cannot be written to a file.
    """

    plan: SessionPlan
    report: Callable[[SessionEvent], None]
    on_event: Callable[[SessionEvent], None] | None = None
    job: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    state: State = State.RENDERING
    engine: SupervisedEngine | None = None
    engine_state: EngineState = field(default_factory=EngineState)
    captured: list[CapturedFrame] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    error: str | None = None
    canceling: bool = False
    waits: bool = False
    """Whether the engine works for another session: frames are captured, and stylized after that one's."""
    started_at: float = 0.0
    ended_at: float = 0.0
    """Times of a clock, in seconds: when the engine was started, and when the session was over."""
    notes: dict[int, dict[str, Note]] = field(default_factory=dict)
    """Of the frames that are being rendered, by number and view."""
    own_settings: dict[int, OwnSettings] = field(default_factory=dict)
    """The same of settings that are animated."""
    _changing: threading.RLock = field(default_factory=threading.RLock)
    """Held while `state` changes: the render's thread and the main thread may both want to end it."""

    def __post_init__(self) -> None:
        self.plan = self.plan.with_written_images()
        self.manifest = CapturedFramesManifest(self.plan.output)
        self._from_files = False

    def start_engine(self) -> SupervisedEngine:
        """Starts the engine and opens the job; does nothing if that was done.

        Raises:
            EngineError: the process cannot be started.
        """
        if self.engine is not None:
            return self.engine
        plan = self.plan
        engine = self.engine = start_engine(plan, self.on_event, self._resume_hint)
        self.started_at = time.monotonic()
        engine.send(stylize_command(plan, self.job, complete=self._from_files))
        return engine

    def wait_opened(self) -> None:
        """Blocks until the engine has answered and opened the job; raises EngineError if it does not.

        One that takes too long is ended by its supervisor.
        """
        while self.engine_state.continues is None:
            self.drain(0.1, wait=0.5)
            if self.state is State.ENDED:
                raise EngineError(self.error or "the style engine has not opened the job")

    def add_captured_frames(self, frames: Sequence[int]) -> list[int]:
        """Hands over the first of these frames, as far as an earlier render of this run has captured them.

        Returns:
            The frames that are still to be rendered.

        Raises:
            EngineError: the engine cannot be started, or is gone.
        """
        engine = self._engine_for_rendered()
        for position, frame in enumerate(frames):
            captured = self.manifest.captured(frame, self.plan.views)
            if not captured:
                return list(frames[position:])
            own = {
                name: each for name, each in captured[0].own_settings.items() if name in self.plan.animated
            }
            self.captured += [replace(each, own_settings=own) for each in captured]
            self._send_captured(engine)
            self._report_rendered(frame)
        return []

    def add_rendered_frame(self, scene: bpy.types.Scene, written_since: float | None = None) -> None:
        """Captures the frame that was just rendered and hands it to the engine. On the render's thread.

        Args:
            written_since: see `capture_views`.
        """
        if self.state is not State.RENDERING:
            return
        try:
            self.manifest.hold()
            engine = self._engine_for_rendered()
            captured = capture_views(
                scene,
                self.plan.output,
                notes=self._notes(scene),
                bits=self.plan.content_bits,
                uncompressed=engine is not None and self._waiting_frames < MAX_UNCOMPRESSED,
                written_since=written_since,
            )
            own = self._own_settings(scene)
            self.manifest.add(captured[0].frame, own)
            self.captured += [replace(each, own_settings=own) for each in captured]
            self._send_captured(engine)
        except CaptureError as error:
            self.fail(str(error))
            return
        except EngineError as error:
            self.fail(str(error), died=True)
            return
        self._report_rendered(captured[0].frame)

    def finish(self) -> None:
        """The render is over, whole or cancelled: what was captured is still stylized."""
        with self._changing:
            if self.state is not State.RENDERING:
                return
            if not self.captured:
                self.end()
                return
            self.state = State.WAITING if self.waits else State.STYLIZING
        if self.state is State.STYLIZING:
            self._send_rest()

    def stop_waiting(self) -> None:
        """The engine is free: what was captured is stylized, without waiting for it."""
        with self._changing:
            self.waits = False
            if self.state is not State.WAITING:
                return  # it still renders: its next frame starts the engine
            self.state = State.STYLIZING
        self._feed()

    def stylize_files(self, frames: Sequence[CapturedFrame]) -> None:
        """Stylizes frames that are on disk, without waiting; raises EngineError where no engine starts."""
        self._from_files = True
        self.start_engine()
        self.captured = list(frames)
        self.state = State.STYLIZING
        self._feed()

    def cancel(self) -> None:
        """Asks the engine to stop between two steps, keeping what is finished; a second call ends it."""
        with self._changing:
            if self.engine is None or self.canceling or self.state is State.ENDED:
                self.end()
                return
            self.canceling = True
            self.state = State.STYLIZING
        with suppress(EngineError):
            self.engine.send(Cancel(self.job))

    def drain(self, budget: float, *, wait: float = 0.0) -> bool:
        """Takes the engine's events for `budget` seconds at most, waiting up to `wait` for the first one.

        Returns:
            Whether there was any.
        """
        if self.engine is None or self.state is State.ENDED:
            return False
        event = self.engine.next_event(wait)
        any_event = event is not None
        deadline = time.monotonic() + budget
        while event is not None:
            self._on_event(event)
            late = time.monotonic() > deadline
            event = None if late or self.state is State.ENDED else self.engine.next_event()
        return any_event

    def fail(self, error: str, *, died: bool = False) -> None:
        """Ends the session with one clear line; `died` if the engine's process is gone."""
        with self._changing:
            if self.state is State.ENDED:
                return
            self.error = error
            self.end()
        kind = Died if died else Failed
        self.report(kind(error, job=self.job, frames=list(self.engine_state.done)))

    def end(self) -> None:
        """Ends the engine's process, without waiting for it; the session is over."""
        with self._changing:
            self.state = State.ENDED
        self.manifest.release()
        if self.engine is not None:
            self.engine.close()

    @property
    def _waiting_frames(self) -> int:
        """How many frames the engine has been sent and has not finished."""
        return len(self.sent) - len(self.engine_state.done)

    @property
    def _resume_hint(self) -> str:
        """What a person does to go on with what is kept; empty for the command line, which says it itself."""
        if self.on_event is not None:
            return ""
        return "press Resume" if self._from_files else "render again"

    def _engine_for_rendered(self) -> SupervisedEngine | None:
        """The engine that takes frames as they are rendered; None where it gets them after the render."""
        return None if self.waits or self.plan.engine.after_render else self.start_engine()

    def _feed(self) -> None:
        """Sends the rest from a thread: an engine that starts reads nothing, many frames fill the pipe."""
        threading.Thread(target=self._send_rest, name="NST frames", daemon=True).start()

    def _send_captured(self, engine: SupervisedEngine | None) -> None:
        """Sends what was captured and not yet sent; nothing without an engine."""
        if engine is not None:
            for captured in self.captured[len(self.sent) :]:
                engine.send(frame_command(self.job, captured))
                self.sent.append(captured.frame)

    def _send_rest(self) -> None:
        try:
            engine = self.start_engine()
        except EngineError as error:
            self.fail(str(error), died=True)
            return
        # An engine that no longer listens has ended, and its last event says so.
        with suppress(EngineError):
            self._send_captured(engine)
            engine.send(Finish(self.job))

    def _on_opened(self, event: Opened) -> None:
        self.report(event)
        try:
            if not event.continues and not self._from_files:
                # What an earlier run has captured belongs to another scene, or to other settings of it.
                self.manifest.restrict(each.frame for each in self.captured)
        except CaptureError as error:
            self.fail(str(error))
        self.engine_state.update(event)

    def _report_rendered(self, frame: int) -> None:
        self.report(Rendered(frame, len({each.frame for each in self.captured}), self.plan.total))

    def _notes(self, scene: bpy.types.Scene) -> dict[str, Note]:
        """The notes of the frame that was just rendered; Blender may have begun the next one already."""
        notes = self.notes.pop(scene.frame_current, None)
        return camera_notes(scene, None) if notes is None else notes

    def _own_settings(self, scene: bpy.types.Scene) -> OwnSettings:
        """The animated settings of the frame that was just rendered."""
        own = self.own_settings.pop(scene.frame_current, None)
        return own_settings(scene, self.plan.animated) if own is None else own

    def _on_event(self, event: EngineEvent) -> None:
        match event:
            case Opened():
                self._on_opened(event)
            case Preview():
                self.engine_state.update(event)
            case Ready() | Planned() | Warned() | Progress() | FrameDone():
                self.engine_state.update(event)
                self.report(event)
            case Done() | Cancelled():
                self.ended_at = time.monotonic()
                self.engine_state.update(event)
                self.end()
                self.report(event)
            case Failed():
                self.fail(error_with_frame(event))
            case Died():
                self.fail(event.error, died=True)
