"""Keeps what native decoders print about damaged files off the terminal: the error says it in one line."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

_one_at_a_time = threading.RLock()
_DESCRIPTORS = {"stdout": 1, "stderr": 2}


class _OthersOnly:
    """A text stream that drops what one thread prints, and passes on what others do."""

    def __init__(self) -> None:
        self.stream: Any = None
        self.thread: int | None = None

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self.thread else self.stream.write(text)

    def flush(self) -> None:
        self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


# The same two for ever: CPython 3.11 does not hold on to sys.stdout while it prints, so that a stream that is
# freed in the middle of another thread's print() ends the process.
_OTHERS_ONLY = {name: _OthersOnly() for name in _DESCRIPTORS}


class _Duplicate:
    """A stream to where a descriptor leads now, whatever it will lead to; open for as long as it is held."""

    encoding = "utf-8"

    def __init__(self, descriptor: int) -> None:
        self._descriptor = os.dup(descriptor)

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
    """Drops what native code prints inside, and what this thread does.

    While it lasts, which is while one file is decoded, native code of the whole process has no standard
    streams: libpng prints to standard error, OpenJPH to standard output. What other threads print in Python
    comes through. One thread at a time is inside.
    """
    with _one_at_a_time, _suppressed("stdout"), _suppressed("stderr"):
        yield


@contextmanager
def _suppressed(name: Literal["stdout", "stderr"]) -> Iterator[None]:
    descriptor, stream, others = _DESCRIPTORS[name], getattr(sys, name), _OTHERS_ONLY[name]
    if stream is others:  # already, by this thread
        yield
        return
    stream.flush()
    before, nowhere = os.dup(descriptor), os.open(os.devnull, os.O_WRONLY)
    others.stream = _Duplicate(descriptor) if _leads_to_native(stream, descriptor) else stream
    others.thread = threading.get_ident()
    try:
        os.dup2(nowhere, descriptor)
        setattr(sys, name, others)
        yield
    finally:
        setattr(sys, name, stream)
        os.dup2(before, descriptor)
        # Another thread may still be printing to it.
        others.thread = None
        os.close(before)
        os.close(nowhere)


def _leads_to_native(stream: Any, descriptor: int) -> bool:
    try:
        return stream.fileno() == descriptor
    except (OSError, ValueError, AttributeError):
        return False
