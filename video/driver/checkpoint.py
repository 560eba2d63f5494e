"""Checkpoint of a run: the journal and the arrays that a later run resumes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from video.driver.finish import FinishedFrame
from video.driver.other_views import Results
from video.errors import FileError
from video.results import FrameResult
from video.resume.frame_store import FrameStore
from video.resume.journal import Journal
from video.resume.journal_file import Entry
from video.resume.result_store import ResultStore, is_intact
from video.settings import SequenceSettings


@dataclass(frozen=True)
class _Lost:
    """What a frame cannot be resumed after: the frame's index and number, and the file."""

    index: int
    frame: int
    path: Path


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
        needed_from: the results of all frames from this index on are kept, for the runs of other views; None
            if there are none.
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
        needed_from: int | None = None,
    ) -> None:
        self.journal = journal
        self._settings = settings
        self._passes = settings.pass_count
        self._total = total
        self._needed_from = needed_from
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

    def results(self, index: int) -> Results:
        """The results of a frame that are kept for other views; raises FileError if they are lost."""
        return self._results.load(
            self._passes - 1, index, self._file(index), self.journal.entries[index].stored
        )

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
        """Removes the stored arrays that no later run can use, but for those that other views need."""
        if self._needed_from is None:
            self.release()

    def release(self) -> None:
        """Removes the stored arrays that no later run can use.

        Those of a single pass's last frames stay, also of a complete run: a longer one goes on from them.
        """
        if self._passes > 1:
            self._results.clear()
        else:
            self._keep_recent(len(self.journal.entries))

    def resumed_result(self, entry: Entry) -> FrameResult:
        """The result of a frame that an earlier run has finished."""
        path = self._styled_path(entry.frame)
        return FrameResult(entry.frame, path, entry.report, entry.seconds, entry.warp_error, resumed=True)

    def _store(
        self, pass_number: int, done: int, entry: Entry, finished: FinishedFrame, *, index: int
    ) -> None:
        """Stores a frame, the `done`-th of a pass, and then drops what no later frame needs any more."""
        path = self._styled_path(entry.frame)
        saved = self._results.save(
            pass_number,
            index,
            path,
            finished.styled,
            finished.optimized,
            detailed=finished.detailed,
            always=self._passes > 1,
        )
        entry = replace(entry, styled_file=saved.styled_file, stored=saved.arrays)
        if pass_number == 0:
            self.journal.add(entry)
        else:
            self.journal.replace(pass_number, done, index, entry)
            self._drop_before(pass_number, done)
        if self._passes == 1 and self._needed_from is None:
            # One more than the next frame needs: the last frame's files may turn out to be damaged.
            self._results.drop(0, index - self._settings.history_length - 1)

    def _drop_before(self, pass_number: int, done: int) -> None:
        """Drops what the last frame but one of a further pass was made from.

        That of the last one stays until the next is done: its files may turn out to be damaged.
        """
        if done >= 2:
            order = self.order(pass_number, len(self.journal.entries))
            self._results.drop(pass_number - 1, order[done - 2])
        elif pass_number >= 2:
            order = self.order(pass_number - 1, len(self.journal.entries))
            self._results.drop(pass_number - 2, order[-1])

    def _discard_unusable(self, warning: Callable[[str], None]) -> None:
        """Takes out of the journal what the run cannot be resumed after, and names it."""
        journal = self.journal
        count, is_first_pass = len(journal.entries), journal.pass_number == 0
        # What a further pass has not reached yet is replaced in any case.
        done = self.order(journal.pass_number, count)[: journal.done]
        damaged = next((index for index in done if not self._has_styled_file(index)), None)
        lost = None if damaged is None else self._lost(damaged, self._file(damaged))
        lost = self._resume_first_pass(lost) if is_first_pass else self._resume_further_pass(lost)
        if lost is not None:
            left = count - len(journal.entries)
            others = "and all others are" if not is_first_pass else "and the ones after it are"
            again = others if left > 1 else "is"
            warning(f"{lost.path} is gone or was changed: frame {lost.frame} {again} stylized again")

    def _resume_first_pass(self, lost: _Lost | None) -> _Lost | None:
        """Cuts the journal before the first frame that cannot be resumed after; returns what is lost there.

        A frame whose result is lost is made again, from those before it, whose results are preloaded.
        """
        entries = self.journal.entries
        count = len(entries) if lost is None else lost.index
        if self._passes > 1:
            bad = next((index for index in range(count) if not self._has_optimized(0, index)), None)
            if bad is not None:
                count, lost = bad, self._lost(bad, self._results.folder)
        missing = self._missing_for_views(count)
        if missing is not None:
            count, lost = missing.index, missing
        complete = self._passes == 1 and count == self._total
        while count > 0 and not complete:
            missing = self._preload(range(count), 0)
            if missing is None:
                break
            count = missing.index
            # What was found first is the cause; that older results are gone already is in order.
            lost = replace(lost or missing, index=missing.index, frame=missing.frame)
            if entries[count].begins_shot:
                break  # it warps nothing
        if count < len(entries):
            self.journal.cut(count)
        if self._passes == 1:
            self._keep_recent(count, self._needed_from)
        return lost

    def _keep_recent(self, count: int, needed_from: int | None = None) -> None:
        """Keeps the results that a resumed single pass warps, and one more, and those from an index on."""
        oldest = count - self._settings.history_length - 1
        self._results.keep_only(0, range(min(oldest, oldest if needed_from is None else needed_from), count))

    def _resume_further_pass(self, lost: _Lost | None) -> _Lost | None:
        """Has a further pass resumed after its last frame, or before it if that is what is lost.

        What the frames before that were made from is gone: everything is made anew then.
        """
        journal = self.journal
        resumable = journal.pass_number < self._passes
        if lost is None and self.is_complete:
            lost = self._missing_for_views(len(journal.entries))
        if resumable and lost is None and (self.is_complete or self._can_resume_pass()):
            return None
        last = self.order(journal.pass_number, len(journal.entries))[journal.done - 1]
        lost = lost or self._lost(last, self._results.folder)
        if resumable and not self.is_complete and journal.done > 0 and lost.index == last:
            journal.step_back(last)
            if self._can_resume_pass():
                return lost
        journal.cut(0)
        return lost

    def _missing_for_views(self, count: int) -> _Lost | None:
        """The first of the finished frames whose results other views need and do not find."""
        if self._needed_from is None:
            return None
        last = self._passes - 1
        for index in range(self._needed_from, count):
            if not self._results.has_all(last, index, self.journal.entries[index].stored):
                return self._lost(index, self._results.folder)
        return None

    def _can_resume_pass(self) -> bool:
        """Whether a further pass has all its arrays; preloads what its next frame warps."""
        journal = self.journal
        order = self.order(journal.pass_number, len(journal.entries))
        done, to_do = order[: journal.done], order[journal.done :]
        return (
            all(self._has_optimized(journal.pass_number, index) for index in done)
            and all(self._has_optimized(journal.pass_number - 1, index) for index in to_do)
            and self._preload(done, journal.pass_number) is None
        )

    def _file(self, index: int) -> Path:
        return self._styled_path(self.journal.entries[index].frame)

    def _has_styled_file(self, index: int) -> bool:
        return is_intact(self._file(index), self.journal.entries[index].styled_file)

    def _has_optimized(self, pass_number: int, index: int) -> bool:
        return self._results.has_optimized(pass_number, index, self.journal.entries[index].stored)

    def _lost(self, index: int, path: Path) -> _Lost:
        return _Lost(index, self.journal.entries[index].frame, path)

    def _preload(self, done: Sequence[int], pass_number: int) -> _Lost | None:
        """Loads the results that the first frame to do warps; the first of them that is lost, if one is."""
        self._preloaded.clear()
        for index in list(done)[: -self._settings.history_length - 1 : -1]:
            entry = self.journal.entries[index]
            try:
                self._preloaded[pass_number, index] = self._results.load(
                    pass_number, index, self._file(index), entry.stored
                )
            except FileError as error:
                self._preloaded.clear()
                return self._lost(index, error.path)
            if entry.cold_start:
                break
        return None
