"""Keeps what native decoders print about damaged files off the terminal: the error says it in one line."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

_one_at_a_time = threading.RLock()


class _OthersOnly:
    """A text stream that drops what the thread that made it prints, and passes on what others do."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self._thread else self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


# CPython 3.11 does not hold on to sys.stdout while it prints: one that is let go in the middle of another
# thread's print() ends the process. So the last ones are kept, for longer than a print takes.
_let_go: deque[_OthersOnly] = deque(maxlen=1000)


class _Past:
    """Standard error where it leads now, whatever it will lead to; open for as long as somebody holds it."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self._descriptor = os.dup(2)

    def __del__(self) -> None:
        os.close(self._descriptor)

    def write(self, text: str) -> int:
        os.write(self._descriptor, text.encode(self.encoding, "replace"))
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


@contextmanager
def suppress_native_output() -> Iterator[None]:
    """Drops what is printed inside: to standard output by this thread, to standard error by native code.

    While it lasts, which is while one file is decoded, native code of the whole process has no standard
    error. What other threads print in Python comes through.
    """
    with _one_at_a_time:
        sys.stderr.flush()
        errors = _Past() if _leads_to_native(sys.stderr) else sys.stderr
        before, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            _let_go.append(_OthersOnly(sys.stdout))
            with redirect_stdout(_let_go[-1]), redirect_stderr(_OthersOnly(errors)):
                yield
        finally:
            os.dup2(before, 2)
            os.close(before)
            os.close(nowhere)


def _leads_to_native(stream: Any) -> bool:
    try:
        return stream.fileno() == 2
    except (OSError, ValueError, AttributeError):
        return False
