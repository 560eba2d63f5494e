"""Lead-in: the frames before a chunk that are stylized too, and thrown away, so that it begins warm."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from video.errors import SequenceError
from video.frames.sequence import FrameRange

_SHOT = "shot"
_MAX_FRAMES = 10_000


@dataclass(frozen=True)
class LeadIn:
    """How many frames lead in; None is all since the beginning of the shot, which gives the very frames
    of a run over the whole sequence.
    """

    frames: int | None

    def __str__(self) -> str:
        return _SHOT if self.frames is None else str(self.frames)


@dataclass(frozen=True)
class ChunkSpan:
    """The frames of a chunk.

    Attributes:
        own: what it delivers.
        run: what it stylizes: its own frames, and those that lead in (with several passes: and out).
    """

    own: FrameRange
    run: FrameRange

    @property
    def name(self) -> str:
        """Of the chunk's folder: `0001-0024`, `0001-0023x2`, `-0003-0004`, `0007`, `0007-0007x2`."""
        own = self.own
        single = own.last == own.first and own.step == 1
        ends = [_padded(own.first)] + ([] if single else [_padded(own.last)])
        return "-".join(ends) + (f"x{own.step}" if own.step != 1 else "")

    @property
    def discarded(self) -> int:
        """How many frames are stylized and thrown away."""
        return len(self.run.numbers()) - len(self.own.numbers())


def parse_lead_in(text: str) -> LeadIn:
    """`4`, or `shot`; raises SequenceError for anything else."""
    if text.strip() == _SHOT:
        return LeadIn(None)
    if not re.fullmatch(r"\s*\d{1,9}\s*", text) or int(text) > _MAX_FRAMES:
        raise SequenceError(f"{text[:40]!r} is no lead-in; write a number of frames, or {_SHOT}")
    return LeadIn(int(text))


def chunk_span(
    own: FrameRange,
    lead_in: LeadIn,
    available: FrameRange,
    *,
    shots: Sequence[int] = (),
    passes: int = 1,
) -> ChunkSpan:
    """The frames that a chunk has to stylize.

    Nothing goes over a cut, so that no lead-in begins before its shot. A further pass goes backwards, and
    carries what later frames show to earlier ones: with several passes as many frames lead out.

    Args:
        available: the frames that there are.
        shots: the first frames of the shots, ascending, where they are known; needed for a lead-in of the
            whole shot.
        passes: how often the frames are gone through.
    """
    step = own.step
    starts = [each for each in shots if available.first < each <= available.last]
    shot = (
        starts[bisect_right(starts, own.first) - 1] if starts and starts[0] <= own.first else available.first
    )
    after = next((each for each in starts if each > own.last), available.last + 1)
    before = (own.first - shot) // step
    behind = max(0, (after - 1 - own.last) // step) if passes > 1 else 0
    if lead_in.frames is not None:
        before, behind = min(before, lead_in.frames), min(behind, lead_in.frames)
    first = own.first - step * max(0, before)
    return ChunkSpan(own, FrameRange(first, own.last + step * behind, step))


def _padded(number: int) -> str:
    return f"-{-number:04d}" if number < 0 else f"{number:04d}"
