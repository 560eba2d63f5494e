"""Shots of a sequence: at which frames a run over it would begin anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from compositor.settings import StyleSettings
from compositor.stylization.working_size import padded_working_size
from video.driver.prepare import FramePrefetcher
from video.errors import SequenceError
from video.frames.framing import FramedSequence
from video.frames.sequence import SourceFrame
from video.settings import SequenceSettings


def detect_shots(
    frames: Iterable[SourceFrame],
    style: StyleSettings,
    sequence: SequenceSettings,
    device: str,
    done: Callable[[int], None] = lambda number: None,
) -> list[int]:
    """The first frames of the shots, the sequence's first among them.

    The frames are prepared as for a run, and nothing is optimized: so these are the very frames at which one
    that goes over all of them begins anew.

    Args:
        device: that the run computes on: `cpu`, `mps` or `cuda`.
        done: called with each frame's number.

    Raises:
        VideoError: see `FramePrefetcher.prepare`.
    """

    def size(height: int, width: int, margin: int) -> tuple[int, int]:
        return padded_working_size(height, width, margin, style, device)

    prefetcher = FramePrefetcher(sequence, size, lambda text: None, style.device)
    shots = []
    for prepared in prefetcher.prepare(FramedSequence(frames, sequence.panorama)):
        if prepared.begins_shot:
            shots.append(prepared.frame.number)
        done(prepared.frame.number)
    return shots


def parse_shots(text: str) -> list[int]:
    """The first frames of shots, as `1,49,97`; raises SequenceError for anything else."""
    try:
        return sorted({int(each) for each in text.split(",")})
    except ValueError:
        raise SequenceError(f"{text!r}: shots are their first frames, as 1,49,97") from None
