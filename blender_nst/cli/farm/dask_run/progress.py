"""Progress of a run on many workers: frames that are done, workers, the time that is left."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping

from blender_nst.cli.display import Display
from blender_nst.cli.farm.dask_run.task import ChunkProgress


class RunProgress:
    """Counts the frames of all chunks, and shows them.

    A chunk that is begun again goes on behind its last finished frame: nothing is counted twice.
    """

    def __init__(self, work: Mapping[str, int], display: Display, *, as_json: bool) -> None:
        """
        Args:
            work: how many frames are stylized for each chunk, by its name.
        """
        self._work = work
        self._display = display
        self._as_json = as_json
        self._frames = dict.fromkeys(work, 0)
        self._finished: set[str] = set()
        self._workers = 0
        self._begun = time.monotonic()
        display.expect(self.total)

    @property
    def total(self) -> int:
        """How many frames are stylized in all, those of the lead-ins among them."""
        return sum(self._work.values())

    @property
    def done(self) -> int:
        """How many of them are."""
        return sum(self._frames.values())

    @property
    def seconds_left(self) -> float | None:
        """At the pace of this run; None before its first frame."""
        elapsed = time.monotonic() - self._begun
        return (self.total - self.done) * elapsed / self.done if self.done else None

    def set_workers(self, count: int) -> None:
        """So many workers are there."""
        self._workers = count

    def tell(self, progress: ChunkProgress) -> None:
        """A worker has got on with a chunk, whose last frame counts when the chunk is finished."""
        work = self._work[progress.chunk]
        self._reach(progress.chunk, min(int(progress.percent / 100.0 * work + 1e-6), work - 1))
        self._print(progress)

    def finish(self, chunk: str, worker: str) -> None:
        """A chunk is finished."""
        self._finished.add(chunk)
        self._reach(chunk, self._work[chunk])
        self._print(ChunkProgress(chunk, 100.0, worker))

    def _reach(self, chunk: str, frames: int) -> None:
        new = max(0, frames - self._frames[chunk])
        self._frames[chunk] += new
        for _ in range(new):
            self._display.step(self._note())

    def _note(self) -> str:
        workers = f"{self._workers} worker{'' if self._workers == 1 else 's'}"
        return f"{len(self._finished)} of {len(self._work)} chunks, {workers}"

    def _print(self, progress: ChunkProgress) -> None:
        if not self._as_json:
            return
        left = self.seconds_left
        values = {
            "event": "progress",
            "frames": self.done,
            "total": self.total,
            "chunks": len(self._finished),
            "workers": self._workers,
            "seconds_left": None if left is None else round(left, 1),
            "chunk": progress.chunk,
            "percent": progress.percent,
            "worker": progress.worker,
        }
        sys.stdout.write(json.dumps(values) + "\n")
        sys.stdout.flush()
