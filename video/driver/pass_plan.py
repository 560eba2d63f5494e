"""Plans of the passes over a sequence: what the first pass and the further ones do differently.

The driver takes every pass through the same loop. The plan says in which order the frames come, which of them
an earlier run has finished, what the optimization starts from, and where a finished frame goes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compositor.image_ops.light import without_light
from video.coherence.warm_start import WarmStart
from video.driver.checkpoint import Checkpoint
from video.driver.finish import FinishedFrame
from video.driver.prepare import PreparedFrame
from video.frames.sequence import SourceFrame
from video.motion.shot_light import ShotLight
from video.resume.frame_store import FrameStore
from video.resume.journal_file import Entry
from video.settings import SequenceSettings

Size = tuple[int, int]


@dataclass(frozen=True)
class PassPlan(ABC):
    """One pass over the frames.

    Positions count the frames in the order of the pass, indices in the order of the sequence.

    Attributes:
        checkpoint: of the run.
        number: of the pass, from 0.
        is_last: no further pass replaces the frames of this one, so that they are reported when done.
        resumed_count: so many frames of the pass an earlier run has finished.
    """

    checkpoint: Checkpoint
    number: int
    is_last: bool
    resumed_count: int

    @property
    def adapts_style_gain(self) -> bool:
        """Whether the style gain follows the style loss; it stays at its initial value otherwise."""
        return self.number == 0

    @abstractmethod
    def frames(self) -> Iterable[SourceFrame]:
        """The frames in the order of the pass."""

    @abstractmethod
    def index(self, position: int) -> int:
        """The place in the sequence of the frame at a position of the pass."""

    @abstractmethod
    def is_cold_start(self, entry: Entry) -> bool:
        """Whether a finished frame had no warm start when it came in this pass's order."""

    @abstractmethod
    def resumed(self, position: int, prepared: PreparedFrame, working_size: Size) -> Entry | None:
        """The entry of a frame that an earlier run has finished; None if it is still to be done.

        Raises:
            JournalError: the earlier run had another frame there.
        """

    @abstractmethod
    def shot_content(self, position: int, prepared: PreparedFrame) -> np.ndarray:
        """The first content image of the shot that a cold-started frame belongs to; FileError if it is lost.

        The style pictures are matched to its colors, in the light of the shot's reference.
        """

    @abstractmethod
    def warm_start_image(self, position: int, warm_start: WarmStart | None) -> np.ndarray | None:
        """(h, w, 3), what the optimization starts from at full size; None for a cold start.

        Raises:
            FileError: the frame's result of the pass before is lost.
        """

    @abstractmethod
    def store_resumed(self, frame: SourceFrame, entry: Entry) -> None:
        """Stores what later passes need of a frame that an earlier run has finished in this pass."""

    @abstractmethod
    def store(self, position: int, fingerprint: Mapping[str, str], finished: FinishedFrame) -> None:
        """Stores a finished frame in the checkpoint; raises FileError if the disk does not take it."""

    @abstractmethod
    def check_length(self, count: int) -> None:
        """Raises JournalError if the pass had `count` frames and an earlier run more."""

    @abstractmethod
    def known_lights(self) -> Sequence[ShotLight]:
        """By position, the light of the frames for which an earlier run or pass has found it."""

    def resumed_cold_starts(self) -> Sequence[bool]:
        """By position, of the frames that an earlier run has finished: see `is_cold_start`."""
        entries = self.checkpoint.journal.entries
        positions = range(self.resumed_count)
        return [self.is_cold_start(entries[self.index(position)]) for position in positions]


@dataclass(frozen=True)
class FirstPass(PassPlan):
    """The frames as they come, each from a cold start or from the warped results before it."""

    source: Iterable[SourceFrame]

    def frames(self) -> Iterable[SourceFrame]:
        return self.source

    def index(self, position: int) -> int:
        return position

    def is_cold_start(self, entry: Entry) -> bool:
        return entry.begins_shot

    def resumed(self, position: int, prepared: PreparedFrame, working_size: Size) -> Entry | None:
        number, fingerprint = prepared.frame.number, prepared.fingerprint
        return self.checkpoint.journal.resumed(position, number, fingerprint, working_size)

    def shot_content(self, position: int, prepared: PreparedFrame) -> np.ndarray:
        return without_light(prepared.frame.image, prepared.light.factor)

    def warm_start_image(self, position: int, warm_start: WarmStart | None) -> np.ndarray | None:
        return None if warm_start is None else warm_start.start

    def store_resumed(self, frame: SourceFrame, entry: Entry) -> None:
        if self.checkpoint.frame_store is not None:
            self.checkpoint.frame_store.add(frame, begins_shot=entry.begins_shot, again=True)

    def store(self, position: int, fingerprint: Mapping[str, str], finished: FinishedFrame) -> None:
        self.checkpoint.add(position, fingerprint, finished)

    def known_lights(self) -> Sequence[ShotLight]:
        return [entry.light for entry in self.checkpoint.journal.entries[: self.resumed_count]]

    def check_length(self, count: int) -> None:
        # A complete run may be asked again for fewer frames.
        if not self.is_last:
            self.checkpoint.journal.check_length(count)


@dataclass(frozen=True)
class FurtherPass(PassPlan):
    """The same frames again, backwards by turns, from their own results and their neighbors'.

    Ruder, Dosovitskiy, Brox 2016, section 4.4: what only later frames show gets back to earlier ones.
    """

    frame_store: FrameStore

    def frames(self) -> Iterable[SourceFrame]:
        return (self.frame_store.frame(index) for index in self._order())

    def index(self, position: int) -> int:
        return self._order()[position]

    def is_cold_start(self, entry: Entry) -> bool:
        return entry.cold_start

    def resumed(self, position: int, prepared: PreparedFrame, working_size: Size) -> Entry | None:
        if position >= self.resumed_count:
            return None
        return self.checkpoint.journal.entries[self.index(position)]

    def shot_content(self, position: int, prepared: PreparedFrame) -> np.ndarray:
        index = self.index(position)
        light = self.checkpoint.journal.entries[self.frame_store.begin_of_shot(index)].light
        return without_light(self.frame_store.shot_content(index), light.factor)

    def warm_start_image(self, position: int, warm_start: WarmStart | None) -> np.ndarray | None:
        own = self.checkpoint.optimized(self.number - 1, self.index(position))
        return own if warm_start is None else warm_start.blended_with(own)

    def store_resumed(self, frame: SourceFrame, entry: Entry) -> None:
        """Nothing: the first pass has stored the frame."""

    def store(self, position: int, fingerprint: Mapping[str, str], finished: FinishedFrame) -> None:
        self.checkpoint.replace(self.number, position, finished)

    def known_lights(self) -> Sequence[ShotLight]:
        return [self.checkpoint.journal.entries[index].light for index in self._order()]

    def check_length(self, count: int) -> None:
        """Nothing: the first pass has checked it."""

    def _order(self) -> Sequence[int]:
        return self.checkpoint.order(self.number, len(self.frame_store))


def pass_plans(
    source: Iterable[SourceFrame], checkpoint: Checkpoint, settings: SequenceSettings
) -> Iterator[PassPlan]:
    """The plans of a run's passes; each is to be asked for when the pass before it is done.

    A run that is complete has the first alone, which finds every frame finished.
    """
    frame_store, last = checkpoint.frame_store, settings.pass_count - 1
    yield FirstPass(checkpoint, 0, frame_store is None, checkpoint.done(0), source)
    if frame_store is not None:
        for number in range(1, settings.pass_count):
            yield FurtherPass(checkpoint, number, number == last, checkpoint.done(number), frame_store)
