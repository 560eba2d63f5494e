"""Checkpoint of a run: the journal and the arrays that a later run resumes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from video.driver.finish import FinishedFrame
from video.results import FrameResult
from video.resume.frame_store import FrameStore
from video.resume.journal import Entry, Journal
from video.resume.result_store import ResultStore
from video.settings import SequenceSettings

Results = tuple[np.ndarray, np.ndarray, np.ndarray | None]
"""`optimized`, `styled` and `detailed` of a frame."""


class Checkpoint:
    """Says what an earlier run has finished, and stores what this one finishes.

    Everything that belongs to a frame is on disk before the journal names the frame, so that a run which is
    killed at any moment loses the frames in progress alone.

    Args:
        journal: of the output folder, opened.
        output: the output folder.
        styled_path: the styled file of a frame number.
        warning: called when finished frames cannot be resumed from and are made again.
        total: how many frames there will be, where that is known: when all are done nothing is loaded.
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
        self._results = ResultStore(output)
        self._styled_path = styled_path
        self._preloaded: dict[tuple[int, int], Results] = {}
        # What lies in the folder and is not in the journal belongs to no run any more.
        if not journal.entries:
            self._results.clear()
        else:
            self._discard_unusable(warning)
        self.frame_store = (
            FrameStore(self._results.folder) if self._passes > 1 and not self.is_complete else None
        )

    @property
    def is_complete(self) -> bool:
        """Whether all passes are done over all frames that there are so far."""
        return self.journal.is_complete(self._passes)

    @property
    def finished_frames(self) -> list[int]:
        """The numbers of the frames that no pass will replace again."""
        if not self.is_complete and self.journal.pass_number < self._passes - 1:
            return []
        order = self.order(self.journal.pass_number, len(self.journal.entries))
        return sorted(self.journal.entries[index].frame for index in order[: self.journal.done])

    def order(self, pass_number: int, count: int) -> Sequence[int]:
        """The indices of `count` frames in the order of a pass: forwards and backwards by turns."""
        return range(count) if pass_number % 2 == 0 else range(count - 1, -1, -1)

    def done(self, pass_number: int) -> int:
        """How many frames of a pass are done."""
        if pass_number != self.journal.pass_number:
            return len(self.journal.entries) if pass_number < self.journal.pass_number else 0
        return self.journal.done

    def take_preloaded(self, pass_number: int, index: int) -> Results | None:
        """The results of a finished frame that the first frame to do warps; None for any other frame."""
        return self._preloaded.pop((pass_number, index), None)

    def optimized(self, pass_number: int, index: int) -> np.ndarray:
        """The engine's result of a frame in a pass before the last; raises FileError if it is lost."""
        return self._results.optimized(pass_number, index)

    def add(self, index: int, fingerprint: Mapping[str, str], finished: FinishedFrame) -> None:
        """Stores a frame of the first pass.

        Args:
            index: the frame's place in the sequence.
            fingerprint: see `Entry`.

        Raises:
            FileError: the disk does not take it; the journal does not name the frame then.
        """
        cold_start = finished.cold_start
        if self.frame_store is not None:
            self.frame_store.add(finished.frame, begins_shot=cold_start)
        entry = Entry.of(
            finished.result,
            fingerprint,
            begins_shot=cold_start,
            cold_start=cold_start,
            light=finished.light,
        )
        self._store(0, index + 1, entry, finished, index=index)

    def replace(self, pass_number: int, position: int, finished: FinishedFrame) -> None:
        """Stores the frame at a position of a further pass in place of its earlier result.

        Raises:
            FileError: as `add`.
        """
        index = self.order(pass_number, len(self.journal.entries))[position]
        before = self.journal.entries[index]
        entry = Entry.of(
            finished.result,
            before.fingerprint,
            begins_shot=before.begins_shot,
            cold_start=finished.cold_start,
            light=before.light,
        )
        self._store(pass_number, position + 1, entry, finished, index=index)

    def close(self) -> None:
        """Removes the stored arrays that no later run can use.

        Those of a single pass's last frames stay, also of a complete run: a longer one goes on from them.
        """
        if self._passes > 1:
            self._results.clear()

    def resumed_result(self, entry: Entry) -> FrameResult:
        """The result of a frame that an earlier run has finished."""
        path = self._styled_path(entry.frame)
        return FrameResult(entry.frame, path, entry.report, entry.seconds, entry.warp_error, resumed=True)

    def _store(
        self, pass_number: int, done: int, entry: Entry, finished: FinishedFrame, *, index: int
    ) -> None:
        """Stores a frame, the `done`-th of a pass, and then drops what no later frame needs any more."""
        path = self._styled_path(entry.frame)
        stored = self._results.save(
            pass_number,
            index,
            path,
            finished.styled,
            finished.optimized,
            detailed=finished.detailed,
            always=self._passes > 1,
        )
        entry = replace(entry, stored=stored)
        if pass_number == 0:
            self.journal.add(entry)
        else:
            self.journal.replace(pass_number, done, index, entry)
            self._results.drop(pass_number - 1, index)
        if self._passes == 1:
            self._results.drop(0, index - self._settings.history_length)

    def _discard_unusable(self, warning: Callable[[str], None]) -> None:
        """Cuts the journal before the first frame that the run cannot be resumed after."""
        entries = self.journal.entries
        count = self._usable_count()
        if count < len(entries):
            warning(
                f"{self._styled_path(entries[count].frame)} or what the frames after it start from is gone:"
                f" frame {entries[count].frame} and the ones after it are stylized again"
            )
            self.journal.cut(count)

    def _usable_count(self) -> int:
        """How many of the journal's frames can be resumed after; preloads what the next frame warps."""
        journal = self.journal
        count = self._leading_count(self._has_styled_file)
        if journal.pass_number > 0:
            everything = count == len(journal.entries) and (self.is_complete or self._can_resume_pass())
            return count if everything else 0
        if self._passes > 1:
            count = min(count, self._leading_count(lambda index: self._results.has_optimized(0, index)))
        everything = self._passes == 1 and count == self._total
        if count > 0 and not everything and not self._preload(range(count), 0):
            # A frame that begins a shot warps nothing.
            count = max(index for index in range(count) if journal.entries[index].begins_shot)
        return count

    def _can_resume_pass(self) -> bool:
        """Whether all arrays of the further pass in progress are there; preloads as `_usable_count`."""
        journal = self.journal
        order = self.order(journal.pass_number, len(journal.entries))
        done, to_do = order[: journal.done], order[journal.done :]
        return (
            all(self._results.has_optimized(journal.pass_number, index) for index in done)
            and all(self._results.has_optimized(journal.pass_number - 1, index) for index in to_do)
            and self._preload(done, journal.pass_number)
        )

    def _leading_count(self, is_good: Callable[[int], bool]) -> int:
        bad = (index for index in range(len(self.journal.entries)) if not is_good(index))
        return next(bad, len(self.journal.entries))

    def _has_styled_file(self, index: int) -> bool:
        path = self._styled_path(self.journal.entries[index].frame)
        return path.is_file() and path.stat().st_size > 0

    def _preload(self, done: Sequence[int], pass_number: int) -> bool:
        """Loads the results that the first frame to do warps; False if one of them is lost."""
        self._preloaded.clear()
        for index in list(done)[: -self._settings.history_length - 1 : -1]:
            entry = self.journal.entries[index]
            results = self._results.load(pass_number, index, self._styled_path(entry.frame), entry.stored)
            if results is None:
                self._preloaded.clear()
                return False
            self._preloaded[pass_number, index] = results
            if entry.cold_start:
                break
        return True
