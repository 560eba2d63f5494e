"""Frame lists as render farms write them: `7,8`, `1-24`, `-3-4`, `1-24x2`, `1-3,9`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from video.errors import SequenceError
from video.frames.sequence import FrameRange, parse_range

_MAX_FRAMES = 1_000_000


def parse_frame_list(text: str) -> tuple[FrameRange, ...]:
    """The ranges of a list, ascending; frames that follow each other are one range, however written.

    `7,8` is 7-8, since some farms write a chunk of two frames so; `1-3,9` are two ranges. A step is kept:
    `1-24x2` is every second frame. OpenJD's `1-24:2` is the same.

    Raises:
        SequenceError: no such list, or a frame comes twice.
    """
    ranges = sorted((_range(part) for part in text.split(",")), key=lambda each: each.first)
    if sum(len(each.numbers()) for each in ranges) > _MAX_FRAMES:
        raise SequenceError(f"{text!r}: these are more than {_MAX_FRAMES} frames")
    numbers = [number for each in ranges for number in each.numbers()]
    if len(set(numbers)) != len(numbers):
        raise SequenceError(f"{text!r}: a frame comes twice")
    joined: list[FrameRange] = []
    for each in ranges:
        before = joined[-1] if joined else None
        if before is not None and before.last >= each.first:
            raise SequenceError(f"{text!r}: two ranges overlap; write them one after the other")
        if before is not None and before.step == each.step == 1 and before.last + 1 == each.first:
            joined[-1] = FrameRange(before.first, each.last)
        else:
            joined.append(each)
    return tuple(joined)


def listed_frames(numbers: Iterable[int]) -> str:
    """Frame numbers as a list, `1-3,9`; the inverse of `parse_frame_list`."""
    groups = groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0])
    ranges = [[number for _, number in group] for _, group in groups]
    return ",".join(str(each[0]) if len(each) == 1 else f"{each[0]}-{each[-1]}" for each in ranges)


def _range(part: str) -> FrameRange:
    found = parse_range(part.replace(":", "x"))
    # The last frame is one that the steps get to. That of a single frame is the step of its lead-in.
    return FrameRange(found.first, found.numbers()[-1], found.step)
