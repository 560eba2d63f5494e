"""Standard streams that end no run: closed, full, hung up, or of an encoding that lacks characters."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_STANDARD_STREAMS = 3


class StandardStream:
    """A text stream that notes the first failure, and drops what is written after it.

    Attributes:
        failure: why nothing can be written any more; None while everything was.
    """

    def __init__(self, stream: Any, descriptor: int) -> None:
        self._stream = stream
        self._descriptor = descriptor
        self.failure: str | None = None
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def write(self, text: str) -> int:
        """Writes, or drops, a text."""
        if self._stream is None:
            # Closed before this program was started: a failure only where there is something to say.
            self.failure = self.failure or "it is closed"
        elif self.failure is None:
            try:
                return self._stream.write(text)
            except (OSError, ValueError) as error:
                self._fail(error)
        return len(text)

    def flush(self) -> None:
        """Writes what is held back."""
        if self._stream is not None and self.failure is None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._fail(error)

    def isatty(self) -> bool:
        """Whether it leads to a terminal."""
        return self._stream is not None and self._stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _fail(self, error: Exception) -> None:
        self.failure = (error.strerror if isinstance(error, OSError) else None) or str(error)
        # What is still held back would fail again when the process ends.
        with suppress(OSError, ValueError, AttributeError):
            if self._stream.fileno() == self._descriptor:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._descriptor)
                os.close(nowhere)


def open_closed_descriptors() -> None:
    """Leads standard streams that are closed nowhere.

    The next file would get the number of a closed one, and what a library prints would be written into it.
    """
    for descriptor in range(_STANDARD_STREAMS):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest number that is free, which is this one.
            os.open(os.devnull, os.O_RDWR)


@contextmanager
def standard_streams() -> Iterator[StandardStream]:
    """Context: neither standard output, which it gives, nor standard error ends the process."""
    open_closed_descriptors()
    before = sys.stdout, sys.stderr
    output = StandardStream(sys.stdout, 1)
    sys.stdout, sys.stderr = output, StandardStream(sys.stderr, 2)
    try:
        yield output
    finally:
        output.flush()
        sys.stdout, sys.stderr = before
