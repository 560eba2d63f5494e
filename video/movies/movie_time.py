"""When the frames of a movie are shown: time stamps read, and the time base in which they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av

# Seconds: time stamps this near to a constant rate are that rate's, rounded to the container's milliseconds.
_ROUNDED = Fraction(1, 1000)
# Ticks a second: the finest time base that is written; that of MPEG where the stamps would need a finer one;
# and the coarsest, in which a day has no more ticks than a container holds.
_FINEST, _MPEG, _COARSEST = 1_000_000, 90_000, 1000
_MOST_TICKS = 2**31 - 1
_LONGEST = Fraction(24 * 60 * 60)
"""Seconds: that a frame is shown for longer is damage, or made up."""


@dataclass(frozen=True)
class Shown:
    """When a frame of a movie is shown.

    Attributes:
        movie: that it is of.
        start, end: seconds by the movie's own clock, which need not begin at 0.
        rate: frames a second, as the movie's header says.
        tick: seconds; the movie's time stamps are multiples of it.
    """

    movie: Path
    start: Fraction
    end: Fraction
    rate: Fraction
    tick: Fraction


@dataclass(frozen=True)
class TimeStamps:
    """Time stamps of a movie's frames, in ticks; the first one is 0.

    Attributes:
        rate: frames a second, the mean of them.
        tick: seconds.
        starts: of the frames.
        end: of the last one.
    """

    rate: Fraction
    tick: Fraction
    starts: tuple[int, ...]
    end: int

    @property
    def constant(self) -> bool:
        """Whether all frames are shown equally long."""
        return self.rate * self.tick == 1

    def duration(self, index: int) -> int:
        """Ticks for which a frame is shown."""
        return (*self.starts, self.end)[index + 1] - self.starts[index]


class MovieClock:
    """Gives each frame of a stream its time, from its time stamp where it has one; times rise.

    Attributes:
        is_lost: whether time stamps were not followed, as nobody can have meant them.
    """

    def __init__(self, stream: av.VideoStream, default_rate: float) -> None:
        self.rate = header_rate(stream, default_rate)
        self.tick = Fraction(stream.time_base or Fraction(1, _MPEG))
        self.is_lost = False
        self._usual = 1 / self.rate
        self._start: Fraction | None = None

    def start(self, frame: av.VideoFrame) -> Fraction:
        """When the next frame begins."""
        stamp = None if frame.pts is None else frame.pts * Fraction(frame.time_base or self.tick)
        before = self._start
        if before is None:
            start = Fraction(0) if stamp is None else stamp
        else:
            late = stamp is not None and stamp - before > _LONGEST
            self.is_lost |= late
            start = before + self._usual if stamp is None or stamp <= before or late else stamp
            self._usual = start - before
        self._start = start
        return start

    def duration(self, frame: av.VideoFrame) -> Fraction:
        """Of the last frame, which none follows."""
        duration = (frame.duration or 0) * Fraction(frame.time_base or self.tick)
        return duration if 0 < duration <= _LONGEST else self._usual


def header_rate(stream: av.VideoStream, default_rate: float) -> Fraction:
    """Frames a second as the header says; the default where it says nothing that can be meant."""
    rate = Fraction(stream.average_rate or 0)
    return exact_rate(float(rate) if 1 / _LONGEST <= rate <= _FINEST else default_rate)


def exact_rate(frame_rate: float) -> Fraction:
    """A rate that is written in a few decimals, or estimated; near a broadcast rate it is that."""
    broadcast = Fraction(round(frame_rate * 1.001) * 1000, 1001)
    if abs(float(broadcast) - frame_rate) < 0.002 and abs(frame_rate - round(frame_rate)) > 0.002:
        return broadcast
    # Slide shows have less than a frame in a thousand seconds.
    return Fraction(frame_rate).limit_denominator(1001) or Fraction(frame_rate).limit_denominator(_FINEST)


def time_stamps(shown: Sequence[Shown]) -> TimeStamps:
    """The time stamps of frames in their order, with a constant rate where they have one.

    Args:
        shown: at least one; where frames in between are left out, the one before is shown on.
    """
    first, last = shown[0], shown[-1]
    starts = [each.start - first.start for each in shown]
    end = last.end - first.start
    rate = _constant_rate([*starts, end], first)
    if rate is not None:
        return TimeStamps(rate, 1 / rate, tuple(range(len(shown))), len(shown))
    exact = math.lcm(*(each.denominator for each in (*starts, end)))
    longest = max(later - earlier for earlier, later in pairwise((*starts, end)))
    bases = (*([exact] if exact <= _FINEST else []), _MPEG, _COARSEST)
    ticks = next((each for each in bases if longest * each <= _MOST_TICKS), _COARSEST)
    stamps = [0]
    for each in (*starts[1:], end):
        stamps.append(max(round(each * ticks), stamps[-1] + 1))
    mean = min(Fraction(len(shown)) / end, Fraction(_FINEST))
    mean = mean.limit_denominator(1001 if mean > 1 else _FINEST)
    return TimeStamps(mean, Fraction(1, ticks), tuple(stamps[:-1]), stamps[-1])


def _constant_rate(times: Sequence[Fraction], shown: Shown) -> Fraction | None:
    """The movie's rate, or a whole part of it, if all frames begin at multiples of its interval.

    The last one may be shown for an interval of the movie's own, where frames are left out.
    """
    *starts, end = times
    mean = starts[-1] / (len(starts) - 1) if len(starts) > 1 else end
    interval = max(round(mean * shown.rate), 1) / shown.rate
    # Both ends of an interval may be rounded.
    allowed = 2 * min(shown.tick, _ROUNDED)
    even = all(abs(later - earlier - interval) <= allowed for earlier, later in pairwise(starts))
    near = all(abs(start - place * interval) <= allowed for place, start in enumerate(starts))
    last = end - starts[-1]
    usual = min(abs(last - interval), abs(last - 1 / shown.rate)) <= allowed
    whole = max(interval.numerator, interval.denominator) <= _MOST_TICKS
    return 1 / interval if even and near and usual and whole else None
