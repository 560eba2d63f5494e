"""Pipelining: prefetches the next frame and finishes the last one on threads beside the optimization.

Each thread has one piece of work at a time, which keeps the order of the frames and bounds the memory. An
error is raised where the piece of work is asked for, as if it were done there and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Generic, TypeVar

T = TypeVar("T")


class _End:
    """Marks the end of the items."""


@contextmanager
def prefetch_one(
    items: Iterable[T], *, waiting: Callable[[], AbstractContextManager[None]], interrupt: Callable[[], None]
) -> Iterator[Iterator[T]]:
    """Prefetches: each item is made on another thread while the one before is in use, one ahead, no more.

    Args:
        waiting: entered while the next item is asked for and not there yet.
        interrupt: called when no further item is wanted: if `items` is waiting for something, it must end.
    """
    with ThreadPoolExecutor(1, "prefetch") as thread:
        try:
            yield _prefetched(thread, iter(items), waiting)
        finally:
            interrupt()


def _prefetched(
    thread: ThreadPoolExecutor, items: Iterator[T], waiting: Callable[[], AbstractContextManager[None]]
) -> Iterator[T]:
    end = _End()
    upcoming = thread.submit(next, items, end)
    while True:
        with nullcontext() if upcoming.done() else waiting():
            item = upcoming.result()
        if isinstance(item, _End):
            return
        upcoming = thread.submit(next, items, end)
        yield item


class BackgroundTask(Generic[T]):
    """Runs one piece of work at a time on another thread, while this one continues.

    Args:
        done: called with what the work has returned, on the thread that has handed it over.
    """

    def __init__(self, done: Callable[[T], None]) -> None:
        self._done = done
        self._thread = ThreadPoolExecutor(1, "finish")
        self._work: Future[T] | None = None

    def __enter__(self) -> BackgroundTask[T]:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.finish()
        finally:
            self._thread.shutdown()

    def hand_over(self, work: Callable[[], T]) -> None:
        """Starts the work; waits first for what was handed over before."""
        self.finish()
        self._work = self._thread.submit(work)

    def poll(self) -> None:
        """Calls `done` if the work is; raises what the work has raised."""
        if self._work is not None and self._work.done():
            self.finish()

    def finish(self) -> None:
        """Waits for the work and calls `done`; raises what the work has raised."""
        work, self._work = self._work, None
        if work is not None:
            self._done(work.result())
