# Generated from video/worker/log_lines.py by `python -m blender_nst.cli.packaging.generate`: do not edit.
"""A line of a log file: its form, its characters, and the size at which a file is renamed.

Used by all three processes; Blender's side has a generated copy. The standard library alone.
"""

from __future__ import annotations

import logging
import re

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
MAX_BYTES = 1_000_000
"""Size of a log file at which it is renamed to `NAME.1` and a new one is begun."""
BACKUPS = 2
"""Renamed log files that are kept."""

_LONGEST_WORD = 400
_LONGEST_TEXT = 2000
_CUT = "…"
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")

# C0 and C1 control characters, line separators, and what changes the direction of text.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def escape_control(text: str) -> str:
    """The text with control characters written as escapes, such as `\\x1b`; line breaks too.

    A file name may hold a terminal's escape sequences, or a line break that makes it look like a line of the
    log.
    """
    return _CONTROL.sub(lambda match: ascii(match.group())[1:-1], text)


def short_line(text: str) -> str:
    """A message for a person, with its control characters escaped, and cut.

    A word of more than 400 characters, as an endless number or name is one, and a text of more than 2000 lose
    their middle.
    """
    words = _LONG_WORD.sub(lambda match: _cut(match.group(), _LONGEST_WORD), escape_control(text))
    return _cut(words, _LONGEST_TEXT)


def _cut(text: str, longest: int) -> str:
    half = (longest - len(_CUT)) // 2
    return text if len(text) <= longest else f"{text[:half]}{_CUT}{text[-half:]}"


class SafeFormatter(logging.Formatter):
    """One line for a record, its traceback indented below; control characters are escaped."""

    def __init__(self) -> None:
        super().__init__(FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Formats without the text that another formatter may have left in the record."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        lines = [self.formatMessage(record)]
        if record.exc_info and record.exc_info[0] is not None:
            lines += self.formatException(record.exc_info).split("\n")
        return "\n    ".join(escape_control(line) for line in lines)
