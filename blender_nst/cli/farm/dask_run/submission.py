"""Submits tasks to the workers, and again to others where a worker died or could not do it."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from blender_nst.cli.farm.dask_run.cluster import SchedulerLostError, worker_infos
from blender_nst.cli.farm.dask_run.progress import RunProgress
from blender_nst.cli.farm.dask_run.task import ChunkOutcome, ChunkProgress, ChunkTask, make_chunk
from blender_nst.cli.farm.exit_codes import ChunkExit

if TYPE_CHECKING:
    from distributed import Client, Future

_TICK = 1.0
_WORKERS_EVERY = 5.0
_LATER = 20.0
"""Seconds: between two looks at what is due, between two looks at the workers, before a chunk is tried again
that may be made later."""


@dataclass
class _Attempts:
    """A task, how often it was submitted, and the workers that could not do it."""

    task: ChunkTask
    count: int = 0
    refused: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Scheduler:
    """Where tasks are submitted to: what the user has called it, and what each task needs of a worker."""

    name: str
    client: Client
    resources: Mapping[str, float]


class Submission:
    """All tasks of a run."""

    def __init__(
        self,
        client: Client,
        scheduler: str,
        resources: Mapping[str, float],
        progress: RunProgress,
        say: Callable[[str], None],
        *,
        attempts: int,
    ) -> None:
        """
        Args:
            scheduler: as the user has named it.
            resources: that each task needs.
            say: called with what goes on, a line each.
            attempts: how often a chunk is tried.
        """
        self._scheduler = _Scheduler(scheduler, client, resources)
        self._progress = progress
        self._say = say
        self._attempts = attempts
        # Futures that have ended and progress that was told, from threads of Dask's.
        self._inbox: queue.Queue[Callable[[], None]] = queue.Queue()
        self._open: dict[str, Future[ChunkOutcome]] = {}
        self._due: list[tuple[float, _Attempts]] = []
        self._failed: dict[str, ChunkOutcome] = {}
        self._workers: Mapping[str, Mapping[str, Any]] = {}
        self._looked = 0.0

    def run(self, tasks: Sequence[ChunkTask]) -> dict[str, ChunkOutcome]:
        """Returns when all are finished or have failed for good; those that have, by the chunk's name.

        Raises:
            SchedulerLostError: the scheduler does not answer any more.
        """
        client = self._scheduler.client
        topics = {each.topic for each in tasks}
        for topic in topics:
            client.subscribe_topic(topic, self._take_progress)
        try:
            self._look_at_workers()
            if not self._workers:
                self._say("no worker is there yet; waiting for the first one")
            for task in tasks:
                self._submit(_Attempts(task))
            while self._open or self._due:
                self._wait()
        finally:
            # Without a scheduler there is nothing left to cancel.
            with suppress(OSError, RuntimeError, ValueError):
                client.cancel(list(self._open.values()))
                for topic in topics:
                    client.unsubscribe_topic(topic)
        return self._failed

    def _submit(self, attempts: _Attempts) -> None:
        """The longest ones go first, so that none of them is left alone at the end."""
        attempts.count += 1
        task = attempts.task
        others = [address for address in self._workers if address not in attempts.refused]
        future = self._scheduler.client.submit(
            make_chunk,
            task,
            key=f"chunk {task.name} {uuid4().hex}",
            resources=dict(self._scheduler.resources) or None,
            workers=others if attempts.refused and others else None,
            # They may be gone when it is the task's turn.
            allow_other_workers=bool(attempts.refused and others),
            priority=task.work,
            pure=False,
        )
        self._open[task.name] = future
        future.add_done_callback(lambda done: self._inbox.put(lambda: self._end(attempts, done)))

    def _wait(self) -> None:
        with suppress(queue.Empty):
            self._inbox.get(timeout=_TICK)()
        now = time.monotonic()
        if now - self._looked >= _WORKERS_EVERY:
            self._look_at_workers()
        due = [attempts for when, attempts in self._due if when <= now]
        self._due = [each for each in self._due if each[0] > now]
        for attempts in due:
            self._submit(attempts)

    def _look_at_workers(self) -> None:
        self._workers = worker_infos(self._scheduler.client, self._scheduler.name)
        self._looked = time.monotonic()
        self._progress.set_workers(len(self._workers))

    def _take_progress(self, event: tuple[float, Any]) -> None:
        message = event[1]
        if isinstance(message, dict):
            self._inbox.put(lambda: self._progress.tell(ChunkProgress(**message)))

    def _end(self, attempts: _Attempts, future: Future[ChunkOutcome]) -> None:
        """A future has ended: the chunk is finished, is tried again, or has failed."""
        name = attempts.task.name
        if self._open.get(name) is not future:
            return
        del self._open[name]
        try:
            outcome = _outcome(future)
        except (CancelledError, OSError):
            # Of all tasks, when the connection is lost.
            raise SchedulerLostError(self._scheduler.name) from None
        if outcome.code == ChunkExit.DONE:
            self._progress.finish(name, outcome.worker)
        elif outcome.code == ChunkExit.BAD_INPUT or attempts.count >= self._attempts:
            self._failed[name] = outcome
            self._say(f"chunk {name} has failed on {outcome.worker}: {outcome.reason}")
        else:
            self._try_again(attempts, outcome)

    def _try_again(self, attempts: _Attempts, outcome: ChunkOutcome) -> None:
        self._say(f"chunk {attempts.task.name} is tried again, after {outcome.worker}: {outcome.reason}")
        if outcome.code == ChunkExit.OTHER_MACHINE:
            attempts.refused.add(outcome.worker)
        pause = _LATER if outcome.code == ChunkExit.LATER else 0.0
        self._due.append((time.monotonic() + pause, attempts))


def _outcome(future: Future[ChunkOutcome]) -> ChunkOutcome:
    """What a task has returned; or, of what it raised: all workers that took it died, or cannot know it.

    Raises:
        CancelledError, OSError: the scheduler is gone.
    """
    error = future.exception()
    if error is None:
        return future.result()
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return ChunkOutcome(ChunkExit.OTHER_MACHINE, reason, "a worker")
