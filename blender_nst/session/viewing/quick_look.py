"""A quick look: one picture stylized small, shown while it converges, begun anew by every changed setting.

It has an engine of its own, which is kept for the next look. Everything here runs on the main thread.
"""

from __future__ import annotations

import logging
import time
import uuid
from contextlib import suppress
from enum import Enum
from pathlib import Path

import bpy

from ...awake_time import AwakeTimeout
from ...engine.messages import Cancel, Done, Failed, Finish, FrameDone, Planned, Preview, Progress, Ready
from ...engine.options import EngineOptions, EnginePythonError, engine_options
from ...engine.process import EngineEvent, EngineProcess
from ...engine.supervisor import HEARTBEAT_TIMEOUT, START_TIMEOUT
from ...errors import EngineError
from ...local_events import Died
from ...output_folder import ENGINE_LOG
from ...state import state_of
from ..checks.scene_checks import SessionError
from . import preview
from .look_request import LookRequest

logger = logging.getLogger(__name__)

SETTLED = 0.35
"""Seconds that settings must stay as they are before a look begins anew: a slider that is dragged changes all
the time."""

KEPT = 300.0
"""Seconds after a look for which its engine waits for another one."""

FOLDER = "nst_quick_look"
"""In Blender's folder of temporary files, which goes when Blender ends."""


class LookState(Enum):
    """The life cycle of a look."""

    CLOSED = "closed"
    STARTING = "starting"  # no picture yet
    CONVERGING = "converging"
    SETTLED = "settled"  # the picture is done, or could not be made; a changed setting begins it anew


class QuickLook:
    """This Blender's look: there is one at a time.

    Attributes:
        scene: the name of the scene whose settings are looked at.
        error: why the last settings gave no picture, one line.
        planned: at what size and on what device the engine works.
        first_seconds: from the beginning, or from the change of a setting, to the first picture of it.
        begun: how often the look has begun, with new settings each time.
    """

    def __init__(self) -> None:
        self.state = LookState.CLOSED
        self.scene = ""
        self.error = ""
        self.planned = ""
        self.progress: Progress | None = None
        self.first_seconds: float | None = None
        self.begun = 0
        self.engine: EngineProcess | None = None
        self._options: EngineOptions | None = None
        self._answered = False
        """Whether the engine has: the heartbeat of one that is starting does not say that it will."""
        self._timeout: AwakeTimeout | None = None
        """Until when the engine must say something, if it works for the look."""
        self._picture = Path()
        self._request: LookRequest | None = None
        self._changed: tuple[LookRequest, float] | None = None
        self._job = ""
        self._begun_at = 0.0
        self._idle_since = 0.0
        self._seen_open = False

    @property
    def open(self) -> bool:
        """Whether there is a look."""
        return self.state is not LookState.CLOSED

    @property
    def at_work(self) -> bool:
        """Whether the engine works for it."""
        return self.state in (LookState.STARTING, LookState.CONVERGING)

    def begin(self, scene: bpy.types.Scene, picture: Path, begun_at: float) -> None:
        """Opens a look at a picture that was rendered.

        Args:
            begun_at: when it was asked for, by `time.monotonic`.

        Raises:
            SessionError: the settings do not allow it, or no engine starts.
        """
        self.scene, self._picture = scene.name, picture
        self._begin(_request(scene), begun_at)

    def tick(self, *, disturbed: str = "") -> bool:
        """Takes the engine's events, and begins anew where settings have changed; to be called often.

        Args:
            disturbed: why the look must end now: what else wants the machine.

        Returns:
            Whether something is to be drawn anew.
        """
        if not self.open:
            self._let_go(at_once=bool(disturbed))
            ended, self._seen_open = self._seen_open, False
            return ended
        self._seen_open = True
        scene = bpy.data.scenes.get(self.scene)
        if disturbed or scene is None:
            self.end()
            return True
        changed = self._drain()
        return self._follow_settings(scene) or changed

    def stop(self) -> None:
        """Ends the look; its picture stays, and the engine waits for the next one."""
        self._cancel_job()
        self.state, self._idle_since = LookState.CLOSED, time.monotonic()
        self.progress, self._changed, self.error = None, None, ""

    def end(self) -> None:
        """Ends the look and its engine."""
        self.stop()
        self._let_go(at_once=True)

    def _begin(self, request: LookRequest, begun_at: float) -> None:
        self._cancel_job()
        self._job = uuid.uuid4().hex[:8]
        self._request, self._changed, self._begun_at = request, None, begun_at
        self.state, self.error, self.planned = LookState.STARTING, "", ""
        self.progress, self.first_seconds = None, None
        self.begun += 1
        folder = look_folder()
        try:
            engine = self._running_engine(folder)
            for command in request.commands(self._job, self._picture, folder / "out"):
                engine.send(command)
            engine.send(Finish(self._job))
        except (EngineError, EnginePythonError) as error:
            self._let_go(at_once=True)
            self.state = LookState.CLOSED
            raise SessionError(str(error)) from None

    def _running_engine(self, folder: Path) -> EngineProcess:
        """The engine that was kept, or a new one where there is none, or the preferences have changed."""
        options = engine_options()
        if self.engine is not None and self.engine.alive and options == self._options:
            if self._answered:
                self._timeout = AwakeTimeout(HEARTBEAT_TIMEOUT, self.engine.pid)
            return self.engine
        self._let_go(at_once=True)
        folder.mkdir(parents=True, exist_ok=True)
        self._options = options
        self.engine = EngineProcess(
            options.python,
            folder / ENGINE_LOG,
            environment=options.environment,
            memory_limit=options.memory_limit,
        )
        self._answered, self._timeout = False, AwakeTimeout(START_TIMEOUT, self.engine.pid)
        return self.engine

    def _let_go(self, *, at_once: bool) -> None:
        """Ends an engine that is not needed any more."""
        if self.engine is None:
            return
        died = not self.engine.alive
        if at_once or died or time.monotonic() > self._idle_since + KEPT:
            self.engine.close()
            self.engine = None
            return
        while (event := self.engine.next_event()) is not None:
            self._hear(self.engine, event)  # heartbeats, and what a look that was stopped has still to say

    def _cancel_job(self) -> None:
        if self.at_work and self.engine is not None:
            with suppress(EngineError):
                self.engine.send(Cancel(self._job))

    def _drain(self) -> bool:
        any_event, previews = False, []
        while self.engine is not None and (event := self.engine.next_event()) is not None:
            self._hear(self.engine, event)
            if getattr(event, "job", None) in (self._job, None):
                any_event = self._on_event(event, previews) or any_event
        if previews:
            self._show(previews[-1])  # older ones are in the same file
        return self._end_silent_engine() or any_event or bool(previews)

    def _hear(self, engine: EngineProcess, event: EngineEvent) -> None:
        """The engine lives: it gets its time anew, once it has answered."""
        self._answered = self._answered or isinstance(event, Ready)
        if self._answered:
            self._timeout = AwakeTimeout(HEARTBEAT_TIMEOUT, engine.pid)

    def _end_silent_engine(self) -> bool:
        """Ends an engine that hangs while the look waits for it; returns whether it did."""
        if self.engine is None or self._timeout is None or not (self._timeout.has_passed() and self.at_work):
            return False
        seconds = HEARTBEAT_TIMEOUT if self._answered else START_TIMEOUT
        self.state = LookState.SETTLED
        self.error = (
            f"the style engine has not answered for {seconds:.0f} s and was ended: see {self.engine.log}"
        )
        logger.warning("quick look: %s", self.error)
        self._let_go(at_once=True)
        return True

    def _on_event(self, event: EngineEvent, previews: list[Path]) -> bool:
        match event:
            case Preview() | FrameDone():
                previews.append(Path(event.path))
                self.state = LookState.CONVERGING
            case Progress():
                self.progress = event
            case Planned():
                self.planned = event.text
            case Done():
                self.state = LookState.SETTLED
            case Failed():
                self.state, self.error = LookState.SETTLED, event.error
                logger.warning("quick look: %s", event.error)
            case Died():
                self.state, self.error, self.engine = LookState.SETTLED, event.error, None
            case _:
                return False
        return True

    def _show(self, picture: Path) -> None:
        preview.show_of_look(picture, self._picture)
        if self.first_seconds is None:
            self.first_seconds = time.monotonic() - self._begun_at
            logger.info("quick look: the first picture after %.2f s", self.first_seconds)

    def _follow_settings(self, scene: bpy.types.Scene) -> bool:
        """Begins anew once changed settings have stayed as they are for a moment."""
        now = time.monotonic()
        try:
            wanted = _request(scene)
        except SessionError as error:
            changed = self.error != str(error)
            self._give_up(str(error))
            return changed
        if wanted == self._request:
            self._changed = None
            return False
        if self._changed is None or self._changed[0] != wanted:
            self._changed = (wanted, now)
            return False
        if now < self._changed[1] + SETTLED:
            return False
        try:
            self._begin(wanted, self._changed[1])
        except SessionError as error:
            self._give_up(str(error))
        return True

    def _give_up(self, error: str) -> None:
        """The settings give no picture, until they change."""
        self._cancel_job()
        self.state, self.error, self._request = LookState.SETTLED, error, None


def _request(scene: bpy.types.Scene) -> LookRequest:
    try:
        return LookRequest.from_scene(scene, engine_options())
    except EnginePythonError as error:
        raise SessionError(str(error)) from None


def quick_look() -> QuickLook:
    """This Blender's look."""
    return state_of(QuickLook)


def look_folder() -> Path:
    """Where a look writes."""
    return Path(bpy.app.tempdir) / FOLDER
