"""A run's way back: what it leaves on disk to go on from, and what the next run finds there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from video.driver.finish import FinishedFrame, FrameFinisher, UnfinishedFrame
from video.results import FrameResult
from video.resume.frame_store import FrameStore
from video.resume.journal import Entry, Journal
from video.resume.result_store import ResultStore
from video.settings import SequenceSettings

Results = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""`optimized`, `styled` and `detailed` of a frame."""


class Checkpoint:
    """The journal of a run together with the arrays that it needs to go on.

    Args:
        styled_path: the styled file of a frame number.
        warning: called when finished frames cannot be built upon and are made again.
        total: how many frames there will be, where that is known: when all are done none is built upon.
    """

    def __init__(
        self,
        journal: Journal,
        output: Path,
        settings: SequenceSettings,
        styled_path: Callable[[int], Path],
        warning: Callable[[str], None],
        *,
        total: int | None = None,
    ) -> None:
        self.journal = journal
        self._settings = settings
        self._passes = settings.pass_count
        self._total = total
        self._kept = ResultStore(output)
        self._styled_path = styled_path
        self._remembered: dict[tuple[int, int], Results] = {}
        # What stands in the folder and is not in the journal belongs to no run any more.
        if not journal.entries:
            self._kept.clear()
        else:
            self._build_upon(warning)
        self.frame_store = (
            FrameStore(self._kept.folder) if self._passes > 1 and not self.is_complete else None
        )

    @property
    def is_complete(self) -> bool:
        """Whether all passes are done over all frames that there are so far."""
        return self.journal.is_complete(self._passes)

    @property
    def finished_frames(self) -> list[int]:
        """The frames that no pass will touch again."""
        if not self.is_complete and self.journal.pass_number < self._passes - 1:
            return []
        order = self.order(self.journal.pass_number, len(self.journal.entries))
        return sorted(self.journal.entries[index].frame for index in order[: self.journal.done])

    def order(self, pass_number: int, count: int) -> Sequence[int]:
        """The places of the frames in the order in which a pass goes through them, backwards by turns."""
        return range(count) if pass_number % 2 == 0 else range(count - 1, -1, -1)

    def done(self, pass_number: int) -> int:
        """How many frames of a pass are done."""
        if pass_number != self.journal.pass_number:
            return len(self.journal.entries) if pass_number < self.journal.pass_number else 0
        return self.journal.done

    def remembered(self, pass_number: int, index: int) -> Results | None:
        """A finished frame's results, once, if the frame that the pass goes on with will look at them."""
        return self._remembered.pop((pass_number, index), None)

    def optimized(self, pass_number: int, index: int) -> np.ndarray:
        """The result of a pass before the last; raises FileError if it is lost."""
        return self._kept.optimized(pass_number, index)

    def keep(
        self, finisher: FrameFinisher, index: int, picture: Mapping[str, str], unfinished: UnfinishedFrame
    ) -> FinishedFrame:
        """Puts a frame of the first pass on disk, what the next ones need of it, and then into the journal.

        Args:
            index: the frame's place in the run.
            picture: see `Entry`.

        Raises:
            FileError, FrameError: the disk does not take it; the journal does not know the frame then.
        """
        alone = unfinished.warm_start is None
        if self.frame_store is not None:
            self.frame_store.add(unfinished.frame, begins_shot=alone)
        finished = finisher.finish(unfinished)
        entry = Entry.of(finished.result, picture, begins_shot=alone, alone=alone)
        self._add(0, index + 1, entry, finished, index=index)
        return finished

    def replace(
        self,
        finisher: FrameFinisher,
        pass_number: int,
        position: int,
        before: Entry,
        unfinished: UnfinishedFrame,
    ) -> FinishedFrame:
        """The same for the frame at a position of a further pass; `before` is its entry so far."""
        finished = finisher.finish(unfinished)
        alone = unfinished.warm_start is None
        entry = Entry.of(finished.result, before.picture, begins_shot=before.begins_shot, alone=alone)
        index = self.order(pass_number, len(self.journal.entries))[position]
        self._add(pass_number, position + 1, entry, finished, index=index)
        return finished

    def close(self, *, complete: bool) -> None:
        """The run is over; `complete` if no further frame will come, and nothing has to be kept for it."""
        if complete or self._passes > 1:
            self._kept.clear()

    def resumed_result(self, entry: Entry) -> FrameResult:
        """The result that an entry of the journal stands for."""
        path = self._styled_path(entry.frame)
        return FrameResult(entry.frame, path, entry.report, entry.seconds, entry.warp_error, resumed=True)

    def _add(self, pass_number: int, done: int, entry: Entry, finished: FinishedFrame, *, index: int) -> None:
        """A frame is on disk, and `done` ones of the pass with it."""
        path = self._styled_path(entry.frame)
        kept = self._kept.keep(
            pass_number,
            index,
            path,
            finished.styled,
            finished.optimized,
            detailed=finished.detailed,
            always=self._passes > 1,
        )
        entry = replace(entry, kept=kept)
        if pass_number == 0:
            self.journal.add(entry)
        else:
            self.journal.replace(pass_number, done, index, entry)
            self._kept.drop(pass_number - 1, index)
        if self._passes == 1:
            self._kept.drop(0, index - self._settings.memory)

    def _build_upon(self, warning: Callable[[str], None]) -> None:
        entries = self.journal.entries
        count = self._usable()
        if count < len(entries):
            warning(
                f"{self._styled_path(entries[count].frame)} or what the frames after it start from is gone:"
                f" frame {entries[count].frame} and the ones after it are stylized again"
            )
            self.journal.cut(count)

    def _usable(self) -> int:
        """How many of the journal's frames can be built upon; loads what the next one remembers."""
        entries, journal = self.journal.entries, self.journal
        count = self._leading(self._is_there)
        if journal.pass_number > 0:
            everything = count == len(entries)
            if everything and not self.is_complete:
                order = self.order(journal.pass_number, len(entries))
                before, after = order[: journal.done], order[journal.done :]
                everything = (
                    all(self._kept.has_optimized(journal.pass_number, index) for index in before)
                    and all(self._kept.has_optimized(journal.pass_number - 1, index) for index in after)
                    and self._remember(before, journal.pass_number)
                )
            return len(entries) if everything else 0
        if self._passes > 1:
            count = min(count, self._leading(lambda index: self._kept.has_optimized(0, index)))
        everything = self._passes == 1 and count == self._total
        if count > 0 and not everything and not self._remember(range(count), 0):
            # A frame that begins a shot remembers nothing.
            count = max(index for index in range(count) if entries[index].begins_shot)
        return count

    def _leading(self, is_good: Callable[[int], bool]) -> int:
        bad = (index for index in range(len(self.journal.entries)) if not is_good(index))
        return next(bad, len(self.journal.entries))

    def _is_there(self, index: int) -> bool:
        path = self._styled_path(self.journal.entries[index].frame)
        return path.is_file() and path.stat().st_size > 0

    def _remember(self, done: Sequence[int], pass_number: int) -> bool:
        """Loads the results that the frame after those that are done will look at; whether all are there."""
        self._remembered.clear()
        for index in list(done)[: -self._settings.memory - 1 : -1]:
            entry = self.journal.entries[index]
            results = self._kept.load(pass_number, index, self._styled_path(entry.frame), entry.kept)
            if results is None:
                self._remembered.clear()
                return False
            self._remembered[pass_number, index] = results
            if entry.alone:
                break
        return True
