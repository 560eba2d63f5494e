"""Progress of chunks in the forms that render farms parse."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from enum import StrEnum

from blender_nst.cli.display import BarDisplay, Display, LinesDisplay
from blender_nst.diagnostics.log_lines import short_line
from video.protocol import messages
from video.protocol.event_log import log_event

logger = logging.getLogger(__name__)


class ProgressForm(StrEnum):
    """What is printed while a chunk is made."""

    BARS = "bars"
    PLAIN = "plain"
    OPENJD = "openjd"
    JSON = "json"


class Line(StrEnum):
    """What a line of progress says."""

    PROGRESS = "progress"
    STATUS = "status"
    FAIL = "fail"


def _plain(line: Line, text: str) -> str:
    return f"Progress: {text} %" if line is Line.PROGRESS else short_line(text)


def _openjd(line: Line, text: str) -> str:
    """As Open Job Description's "How Jobs Are Run" defines messages on standard output."""
    return f"openjd_{line.value}: {short_line(text)}"


def _json(line: Line, text: str) -> str:
    return json.dumps({"event": line.value, line.value: float(text) if line is Line.PROGRESS else text})


_FORMS: dict[ProgressForm, Callable[[Line, str], str]] = {
    ProgressForm.PLAIN: _plain,
    ProgressForm.OPENJD: _openjd,
    ProgressForm.JSON: _json,
}


def make_progress(form: ProgressForm) -> Display:
    """The display of a form."""
    return BarDisplay() if form is ProgressForm.BARS else ProgressLines(_FORMS[form])


class ProgressLines(LinesDisplay):
    """Lines on standard output: the share that is done in percent, what is going on, why it failed.

    Chunks follow each other: `expect` is called for each, `expect_in_all` once before them.
    """

    def __init__(self, line: Callable[[Line, str], str]) -> None:
        self._line = line
        self._total = 0
        self._done = 0
        self._before = 0
        self._shown = -1.0

    def expect_in_all(self, total: int) -> None:
        """So many frames will be stylized, those of the lead-ins among them."""
        self._total = total

    def skip(self, frames: int) -> None:
        """So many of these frames are done."""
        self._before += frames
        self._done = 0
        self._show(0.0)

    def fail(self, text: str) -> None:
        """Nothing more will come, for this reason."""
        self._print(Line.FAIL, " ".join(text.split()))

    def expect(
        self,
        total: int | None,
        *,
        rendering: bool = False,
        unit: str = "frame",
        doing: str = "stylizing",
        views: int = 1,
    ) -> None:
        self._done = 0

    def say(self, text: str) -> None:
        logger.info("%s", text)
        self._print(Line.STATUS, " ".join(text.split()))

    def fetching(self, what: str, share: float) -> None:
        return None

    def rendered(self, number: int) -> None:
        return None

    def composited(self, number: int) -> None:
        return None

    def event(self, event: messages.Event) -> None:
        log_event(logger, event)
        match event:
            case messages.Progress():
                self._show(event.step / max(event.steps, 1))
            case messages.FrameDone():
                self._done += 1
                self._show(0.0)
                self.say(f"frame {event.frame} is done")
            case messages.Warned():
                self.say(event.text)
            case _:
                pass

    def _show(self, of_frame: float) -> None:
        share = (self._before + self._done + of_frame) / self._total if self._total else 0.0
        percent = round(100.0 * min(share, 1.0), 1)
        # Several passes go over the same frames, and report them in the last one.
        if percent > self._shown:
            self._shown = percent
            self._print(Line.PROGRESS, f"{percent:.1f}")

    def _print(self, line: Line, text: str) -> None:
        sys.stdout.write(self._line(line, text) + "\n")
        sys.stdout.flush()
