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

# C0 and C1 control characters, line separators, and what changes the direction of text.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def escape_control(text: str) -> str:
    """The text with control characters written as escapes, such as `\\x1b`; line breaks too.

    A file name may hold a terminal's escape sequences, or a line break that makes it look like a line of the
    log.
    """
    return _CONTROL.sub(lambda match: ascii(match.group())[1:-1], text)


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
