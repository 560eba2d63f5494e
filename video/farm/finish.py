"""End of a farm's run: are all frames there, and as their chunks have made them? Then one journal of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from video.errors import JournalError, VideoError
from video.farm.chunk_record import ChunkRecord, chunk_folders
from video.farm.frame_list import listed_frames, parse_frame_list
from video.farm.look import FarmLook
from video.files.atomic import write_atomically
from video.files.output_folder import CHUNKS, JOURNAL
from video.resume.journal_file import Entry, JournalContent


class MissingFramesError(VideoError):
    """Frames are not there, or not as their chunks have made them; one line that names them."""


@dataclass(frozen=True)
class FinishedChunks:
    """What the chunks in an output folder have made.

    Attributes:
        records: of the finished ones, by their first frame.
    """

    output: Path
    records: list[ChunkRecord]

    @property
    def entries(self) -> list[Entry]:
        """Of all frames, ascending."""
        return sorted(
            (entry for record in self.records for entry in record.entries), key=lambda entry: entry.frame
        )

    @property
    def seams(self) -> list[int]:
        """The first frames of chunks that come right behind another one's last."""
        return [
            after.numbers[0]
            for before, after in pairwise(self.records)
            if after.numbers[0] == before.numbers[-1] + _step(after, before)
        ]

    @property
    def machines(self) -> list[str]:
        """The kinds of machines that have made them: more than one where a mixture was allowed."""
        kinds = {f"{', '.join(each.machine.values())}, algorithm {each.algorithm}" for each in self.records}
        return sorted(kinds)

    def check(self, expected: Collection[int] | None = None) -> None:
        """Checks that all frames are there, and as they were made.

        Args:
            expected: their numbers; without them, no frame may be missing between those that are there.

        Raises:
            MissingFramesError: they are not; it names them.
            JournalError: several chunks have made one.
        """
        counts = Counter(number for record in self.records for number in record.numbers)
        if twice := [number for number, count in counts.items() if count > 1]:
            raise JournalError(
                f"{self.output}: several chunks have made the frames {listed_frames(twice)}; remove the"
                f" folders of all but one from {self.output / CHUNKS}"
            )
        there = set(counts)
        damaged = {
            number for record in self.records if record.lacking(self.output) for number in record.numbers
        }
        if not there:
            raise MissingFramesError(f"{self.output}: no chunk is finished")
        wanted = set(self._between(there) if expected is None else expected)
        if missing := wanted - there:
            names = listed_frames(missing)
            raise MissingFramesError(
                f"{self.output}: {len(missing)} of {len(wanted)} frames are missing ({names}): make them"
            )
        if damaged & wanted:
            raise MissingFramesError(
                f"{self.output}: files are gone or were changed in the chunks of the frames"
                f" {listed_frames(damaged & wanted)}; make these chunks again"
            )

    def _between(self, there: set[int]) -> range:
        steps = [each.step for record in self.records for each in parse_frame_list(record.frames)]
        # A chunk of one frame has no step.
        step = max(steps) if len({each for each in steps if each > 1}) == 1 else 1
        return range(min(there), max(there) + 1, step)


def finished_chunks(output: Path) -> FinishedChunks:
    """What the chunks have made; raises FileError for a record that is damaged."""
    records = [record for folder in chunk_folders(output) if (record := folder.read()) is not None]
    finished = [record for record in records if record.is_finished()]
    return FinishedChunks(output, sorted(finished, key=lambda record: record.numbers[0]))


def write_journal(chunks: FinishedChunks, look: FarmLook, passes: int) -> None:
    """Writes the journal that a run on one machine would have left; raises FileError if it cannot."""
    entries = chunks.entries
    content = JournalContent(look.identity, entries, passes - 1, len(entries))
    text = content.text()
    write_atomically(chunks.output / JOURNAL, lambda temporary: temporary.write_text(text, "utf-8"))


def _step(after: ChunkRecord, before: ChunkRecord) -> int:
    return max(each.step for record in (after, before) for each in parse_frame_list(record.frames))
