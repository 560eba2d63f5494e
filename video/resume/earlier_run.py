"""What an earlier run has left in an output folder: gone on with, replaced, or put aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from video.errors import BEGIN_ANEW, ChangedFrameError, JournalError
from video.files.output_folder import JOURNAL
from video.resume.journal import Journal
from video.resume.journal_file import Machine
from video.resume.put_aside import put_aside


@dataclass(frozen=True)
class EarlierRun:
    """Opens the journal of a folder that is locked.

    Args:
        folder: with the journal.
        results: the folder of the styled frames, the movie and the contact sheet; of several views the same.
        suffix: of these files, where they are of one of several views.
        puts_aside: finished frames are put aside rather than replaced or refused.
        warn: called with what is put aside and why, one line.
    """

    folder: Path
    results: Path
    suffix: str
    puts_aside: bool
    warn: Callable[[str], None]

    def open_journal(self, identity: dict[str, Any], machine: Machine, *, restart: bool) -> Journal:
        """The journal to go on with, or an empty one of this machine.

        Raises:
            JournalError: nothing is put aside, and the folder holds frames of other settings, styles or
                pictures.
        """
        if not restart:
            try:
                return Journal.open(self.folder, identity, machine, restart=False)
            except JournalError as error:
                if not self.puts_aside:
                    raise
                self._put_aside(str(error))
        elif self.puts_aside:
            self._put_aside("the run begins anew")
        return Journal.open(self.folder, identity, machine, restart=True)

    def put_aside_from(self, journal: Journal, error: ChangedFrameError) -> None:
        """Puts the finished frames from the changed one on aside, and cuts the journal there.

        All of them, where further passes were made over them: each depends on all.
        """
        index = error.index if journal.pass_number == 0 else 0
        frames = [entry.frame for entry in journal.entries[index:]]
        if frames:
            self._put_aside(str(error), frames)
            journal.cut(index)
            journal.write()

    def _put_aside(self, reason: str, frames: list[int] | None = None) -> None:
        folder = put_aside(self.results, frames, suffix=self.suffix, journal=self.folder / JOURNAL)
        if folder is not None:
            reason = reason.removesuffix(BEGIN_ANEW).rstrip(":, ")
            self.warn(f"{reason}; what was finished is put aside in {folder}")
