"""Runs over one of several views of the frames, and what a further view takes from the first one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from compositor.image_ops.light import without_light
from video.errors import FrameError
from video.frames.framing import framed
from video.frames.sequence import SourceFrame
from video.resume.journal_file import Entry
from video.settings import Panorama

Results = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""`optimized`, `styled` and `detailed` of a frame."""


@dataclass
class StyledView:
    """The frames of a view with their results, by frame number.

    Args:
        entries: of the journal of the run that has styled it.
        kept: `optimized`, `styled` and `detailed` of the frame at a place in the sequence, which the run has
            kept; raises FileError if they are lost.
        read: reads a frame of it again.
        panorama: see `video.frames.framing`.
    """

    entries: Sequence[Entry]
    kept: Callable[[int], Results]
    read: Callable[[int], SourceFrame]
    panorama: Panorama

    @cached_property
    def _places(self) -> dict[int, int]:
        return {entry.frame: index for index, entry in enumerate(self.entries)}

    def entry(self, number: int) -> Entry:
        """What the journal has of a frame; raises FrameError if the view has none of this number."""
        return self.entries[self._place(number)]

    def frame(self, number: int) -> SourceFrame:
        """The unstyled frame; raises FrameError if it cannot be read."""
        return framed(self.read(number), self.panorama)

    def results(self, number: int) -> Results:
        """The frame's results; raises FileError if they are lost."""
        return self.kept(self._place(number))

    def shot_content(self, number: int) -> np.ndarray:
        """The first image of the shot that a frame belongs to, without its light.

        The style pictures are matched to its colors: to one image for all views.
        """
        entries = self.entries
        begin = next(index for index in range(self._place(number), -1, -1) if entries[index].begins_shot)
        return without_light(self.frame(entries[begin].frame).image, entries[begin].light.factor)

    def _place(self, number: int) -> int:
        place = self._places.get(number)
        if place is None:
            raise FrameError(number, "is not among the frames of the first view; all views have the same")
        return place


@dataclass(frozen=True)
class ViewRun:
    """A run over one of several views of the frames, as over one eye.

    Attributes:
        suffix: of the view's files, as Blender has it: `_L`.
        results: the folder of the styled frames, the movie and the contact sheet of all views.
        styled: the first view, whose run is over; None for its own.
        needed_from: from this index on the results of all frames are kept, for the other views; None for
            those.
    """

    suffix: str
    results: Path
    styled: StyledView | None = None
    needed_from: int | None = None
