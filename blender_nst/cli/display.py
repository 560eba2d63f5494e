"""Shows a run to a person (progress bars) or to a program (`--json`: the events, a JSON object a line)."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

from blender_nst.diagnostics.log_lines import escape_control, short_line
from video.protocol import messages
from video.protocol.event_log import log_event
from video.protocol.json_lines import encode

logger = logging.getLogger(__name__)

_SPEED_PERIOD = 3600.0
"""Seconds that the time left is estimated from; a frame can take minutes."""


def shown(text: str) -> Text:
    """A text as a table may have it: neither control characters nor markup of its own."""
    return Text(escape_control(text))


class Display(Protocol):
    """What every command tells about its run. Used as a context manager around it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def expect(
        self,
        total: int | None,
        *,
        rendering: bool = False,
        unit: str = "frame",
        doing: str = "stylizing",
        views: int = 1,
    ) -> None:
        """So many frames (or other units) will come, each in so many views.

        `rendering` if Blender renders them during this run.
        """
        ...

    def say(self, text: str) -> None:
        """One line about what is going on."""
        ...

    def step(self, note: str) -> None:
        """One of the expected units is done, without an event of its own."""
        ...

    def fetching(self, what: str, share: float) -> None:
        """A download that the user asked for is done to this share, 0 to 1."""
        ...

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Results in rows."""
        ...

    def rendered(self, number: int) -> None:
        """Blender has rendered a frame."""
        ...

    def composited(self, number: int) -> None:
        """Blender has composited a styled frame."""
        ...

    def event(self, event: messages.Event) -> None:
        """The engine has something to tell."""
        ...


def make_display(as_json: bool) -> Display:
    """The display that the option `--json` asks for."""
    return JsonDisplay() if as_json else BarDisplay()


class BarDisplay:
    """Bars on standard error: rendering, all frames with the time left, the steps of the frame at hand."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True, min_width=9)),
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=8)),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TimeRemainingColumn(elapsed_when_finished=True, table_column=Column(no_wrap=True, min_width=7)),
            TextColumn(
                "{task.fields[note]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")
            ),
            console=self._console,
            expand=True,
            speed_estimate_period=_SPEED_PERIOD,
        )
        self._total: int | None = None
        self._unit = "frame"
        self._download: TaskID | None = None
        self._rendering: TaskID | None = None
        self._frames: TaskID | None = None
        self._steps: TaskID | None = None
        self._compositing: TaskID | None = None
        self._current: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Bars that were never begun would still leave an empty line.
        if self._frames is not None or self._download is not None:
            self._bars.stop()

    def expect(
        self,
        total: int | None,
        *,
        rendering: bool = False,
        unit: str = "frame",
        doing: str = "stylizing",
        views: int = 1,
    ) -> None:
        self._total, self._unit = total, unit
        self._bars.start()
        if rendering:
            self._rendering = self._bars.add_task("rendering", total=total, note="")
        pictures = None if total is None else total * views
        self._frames = self._bars.add_task(doing, total=pictures, note="")

    def say(self, text: str) -> None:
        logger.info("%s", text)
        self._print(text)

    def _print(self, text: str) -> None:
        self._console.print(short_line(text), markup=False, highlight=False, soft_wrap=True)

    def step(self, note: str) -> None:
        if self._frames is not None:
            self._bars.update(self._frames, advance=1, note=escape_control(note))

    def fetching(self, what: str, share: float) -> None:
        if self._download is None:
            self._bars.start()
            self._download = self._bars.add_task("fetching", total=100, note="")
        self._bars.update(self._download, completed=round(100.0 * share), note=escape_control(what))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = Table(*(Column(shown(heading), overflow="fold") for heading in headings))
        for row in rows:
            table.add_row(*map(shown, row))
        self._console.print(table)

    def rendered(self, number: int) -> None:
        if self._rendering is not None:
            self._bars.update(self._rendering, advance=1, note=f"frame {number}")

    def composited(self, number: int) -> None:
        if self._compositing is None:
            self._compositing = self._bars.add_task("compositing", total=self._total, note="")
        self._bars.update(self._compositing, advance=1, note=f"frame {number}")

    def event(self, event: messages.Event) -> None:
        log_event(logger, event)
        if isinstance(event, messages.Progress):
            self._step(event)
        elif isinstance(event, (messages.Warned, messages.Planned)):
            self._print(event.text)
        elif isinstance(event, messages.Opened) and event.frames:
            self._print(f"goes on; finished frames kept: {len(event.frames)} (--restart begins anew)")
        elif isinstance(event, messages.FrameDone) and self._frames is not None:
            error = "" if event.warp_error is None else f", warp {event.warp_error:.5f}"
            note = f"style {event.losses.get('style', 0.0):.4f}{error}"
            self._bars.update(self._frames, advance=1, note=note)

    def _step(self, event: messages.Progress) -> None:
        note = f"{event.steps_per_second:.1f} steps/s, loss {event.losses['total']:.3f}"
        if self._steps is None:
            self._steps = self._bars.add_task("", total=event.steps, note="")
        if self._current != event.frame:
            self._current = event.frame
            self._bars.reset(self._steps, total=event.steps, description=f"{self._unit} {event.frame}")
        self._bars.update(self._steps, completed=event.step, note=note)


class LinesDisplay:
    """What displays of plain lines have in common: there is nothing to start, to stop or to draw."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def expect(
        self,
        total: int | None,
        *,
        rendering: bool = False,
        unit: str = "frame",
        doing: str = "stylizing",
        views: int = 1,
    ) -> None:
        return None

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        return None

    def step(self, note: str) -> None:
        return None


class JsonDisplay(LinesDisplay):
    """Every event as a line of JSON on standard output; what is said to people goes to standard error."""

    def fetching(self, what: str, share: float) -> None:
        sys.stdout.write(json.dumps({"event": "fetching", "what": what, "share": round(share, 3)}) + "\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        logger.info("%s", text)
        sys.stderr.write(short_line(text) + "\n")

    def rendered(self, number: int) -> None:
        sys.stdout.write(f'{{"event": "rendered", "frame": {number}}}\n')
        sys.stdout.flush()

    def composited(self, number: int) -> None:
        sys.stdout.write(f'{{"event": "composited", "frame": {number}}}\n')
        sys.stdout.flush()

    def event(self, event: messages.Event) -> None:
        log_event(logger, event)
        sys.stdout.write(encode(event))
        sys.stdout.flush()
