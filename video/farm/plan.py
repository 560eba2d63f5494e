"""Plan of a farm's run: shots and chunks, what they cost, how long they take on how many machines."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from compositor.settings import StyleSettings
from video.farm.chunk_record import ChunkRecord
from video.farm.lead_in import ChunkSpan, LeadIn, chunk_span
from video.frames.sequence import FrameRange
from video.settings import SequenceSettings

_PYRAMID = 0.5
"""Time of a cold start's step, most of which are at smaller scales, over that of one at full size."""


@dataclass(frozen=True)
class FrameTime:
    """Seconds that a frame takes: one that starts from its predecessor, and one without."""

    warm: float
    cold: float

    @classmethod
    def of_warm(cls, warm: float, style: StyleSettings, sequence: SequenceSettings) -> FrameTime:
        """By that of a warm frame alone, and the steps of both."""
        return cls(warm, warm * max(1.0, _PYRAMID * style.steps / sequence.warm_steps))

    @classmethod
    def measured(cls, records: Iterable[ChunkRecord]) -> FrameTime | None:
        """By the frames of chunks that are finished; None without a warm one."""
        entries = [entry for record in records for entry in record.entries]
        warm = [entry.seconds for entry in entries if not entry.cold_start]
        cold = [entry.seconds for entry in entries if entry.cold_start]
        return cls(fmean(warm), fmean(cold) if cold else fmean(warm)) if warm else None

    def of_chunk(self, span: ChunkSpan, passes: int = 1) -> float:
        """Seconds that a chunk takes."""
        return self.cold + self.warm * (passes * len(span.run.numbers()) - 1)


@dataclass(frozen=True)
class PlannedChunk:
    """A chunk, the first frame of its shot, and the seconds that it will take; None where that is unknown."""

    span: ChunkSpan
    shot: int
    seconds: float | None

    @property
    def is_seam(self) -> bool:
        """Whether the frame before its first one is another chunk's, of the same shot."""
        return self.span.own.first != self.shot


@dataclass(frozen=True)
class FarmPlan:
    """All chunks of a run, in order."""

    shots: list[int]
    chunks: list[PlannedChunk]

    @property
    def frames(self) -> int:
        """How many there are."""
        return sum(len(each.span.own.numbers()) for each in self.chunks)

    @property
    def seams(self) -> list[int]:
        """The first frames of chunks that begin within a shot."""
        return [each.span.own.first for each in self.chunks if each.is_seam]

    @property
    def discarded_share(self) -> float:
        """Of all the frames that are stylized: those that are thrown away."""
        discarded = sum(each.span.discarded for each in self.chunks)
        return discarded / (self.frames + discarded)

    @property
    def seconds(self) -> float | None:
        """Of work in all; None where it is unknown."""
        known = [each.seconds for each in self.chunks if each.seconds is not None]
        return sum(known) if len(known) == len(self.chunks) else None

    def elapsed(self, workers: int) -> float | None:
        """Seconds until the last chunk is done, if each machine takes the next one when it is free."""
        if self.seconds is None:
            return None
        free_at = [0.0] * min(workers, len(self.chunks))
        for each in self.chunks:
            heapq.heapreplace(free_at, free_at[0] + (each.seconds or 0.0))
        return max(free_at)


def plan_chunks(
    frames: FrameRange,
    shots: Sequence[int],
    size: int | None,
    lead_in: LeadIn,
    *,
    passes: int = 1,
    time: FrameTime | None = None,
) -> FarmPlan:
    """Cuts each shot into chunks of nearly the same length, of `size` frames at most; without it into one.

    Args:
        frames: all that there are.
        shots: the first frames of the shots.
        time: of a frame, where it is known.
    """
    numbers = frames.numbers()
    starts = sorted({frames.first, *(each for each in shots if frames.first < each <= frames.last)})
    chunks: list[PlannedChunk] = []
    by_shot: dict[int, list[int]] = {}
    for number in numbers:
        by_shot.setdefault(starts[bisect_right(starts, number) - 1], []).append(number)
    for own in by_shot.values():
        count = 1 if size is None else -(-len(own) // size)
        ends = [round(place * len(own) / count) for place in range(count + 1)]
        for begin, end in pairwise(ends):
            chosen = FrameRange(own[begin], own[end - 1], frames.step)
            span = chunk_span(chosen, lead_in, frames, shots=starts, passes=passes)
            chunks.append(PlannedChunk(span, own[0], None if time is None else time.of_chunk(span, passes)))
    return FarmPlan([own[0] for own in by_shot.values()], chunks)
