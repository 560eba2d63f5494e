"""The journal of a run: `journal.json` in the output folder, the list of finished frames and their inputs.

It is written after everything else that belongs to a frame, under a temporary name, and renamed over the old
one. At whatever moment a run is killed, the journal names complete frames alone, and the next run resumes
after them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from video.errors import BEGIN_ANEW, ChangedFrameError, FileError, JournalError
from video.files.output_folder import JOURNAL
from video.images.image_files import write_atomically
from video.resume.fingerprint import SOURCE_PREFIX
from video.resume.journal_file import UNKNOWN, Entry, JournalContent, Machine, read_journal


class Journal:
    """The finished frames of a run, in memory and in `journal.json`.

    Attributes:
        entries: by the frames' place in the sequence.
        pass_number: the pass in progress, from 0.
        done: how many frames of that pass are finished, in the order of the pass.
        continues: whether a run of the same identity was found, be it without a finished frame.
        machine: that the run began with; None where its journal, an older one, does not tell.
    """

    def __init__(self, path: Path, identity: dict[str, Any], machine: Machine) -> None:
        self.path = path
        self.machine: Machine | None = machine
        self.entries: list[Entry] = []
        self.pass_number = 0
        self.done = 0
        self.continues = False
        self._identity = identity

    @classmethod
    def open(cls, output: Path, identity: dict[str, Any], machine: Machine, *, restart: bool) -> Journal:
        """Opens the journal in a folder; a new one where there is none, or where no frame is finished.

        Args:
            identity: see `video.resume.fingerprint`.
            machine: that a new run begins with.
            restart: begin a new one whatever is there.

        Raises:
            JournalError: the frames in the folder were made with other settings, styles or sources, or the
                file is no journal.
            FileError: it cannot be read or written.
        """
        journal = cls(output / JOURNAL, identity, machine)
        if journal.path.is_file() and not restart:
            journal._read()
        journal.write()
        return journal

    def resumed(
        self,
        index: int,
        frame: int,
        fingerprint: Mapping[str, str],
        working_size: tuple[int, int] | None = None,
    ) -> Entry | None:
        """The entry of the run's frame at `index`, or None where it is still to be done.

        Args:
            working_size: (height, width) that the frame would be stylized at now, if that is to be compared.

        Raises:
            ChangedFrameError: another frame was done there, or the frame was made from something else, or at
                another size.
        """
        if index >= len(self.entries):
            if self.pass_number > 0:
                raise ChangedFrameError(
                    0,
                    f"frame {frame} was not among the {len(self.entries)} frames that this folder's run began"
                    f" with, and further passes have been made over those: {BEGIN_ANEW}",
                )
            return None
        entry = self.entries[index]
        changed = index if self.pass_number == 0 else 0
        if entry.frame != frame:
            raise ChangedFrameError(
                changed,
                f"{self.path.parent} holds a run over other frames (frame {entry.frame} where frame {frame}"
                f" comes now): {BEGIN_ANEW}",
            )
        if entry.fingerprint != fingerprint:
            before = entry.fingerprint
            parts = [name for name in {**before, **fingerprint} if before.get(name) != fingerprint.get(name)]
            raise ChangedFrameError(
                changed,
                f"frame {frame}: its {' and '.join(parts)} changed since it was stylized: {BEGIN_ANEW}",
            )
        size = entry.report.scales[-1]
        if working_size is not None and working_size != size:
            raise ChangedFrameError(
                changed,
                f"frame {frame} was optimized at {size[1]}×{size[0]} px and would now be at"
                f" {working_size[1]}×{working_size[0]} px: set the working size to {max(size)}, {BEGIN_ANEW}",
            )
        return entry

    def check_length(self, count: int) -> None:
        """Raises ChangedFrameError if further passes were begun over more frames than `count`."""
        if self.pass_number > 0 and count < len(self.entries):
            raise ChangedFrameError(
                0,
                f"{self.path.parent} holds passes over {len(self.entries)} frames, not {count}: {BEGIN_ANEW}",
            )

    def add(self, entry: Entry) -> None:
        """Adds a frame of the first pass."""
        self.entries.append(entry)
        self.done = len(self.entries)
        self.write()

    def replace(self, pass_number: int, done: int, index: int, entry: Entry) -> None:
        """Replaces the entry of a frame that is the `done`-th to be finished in a further pass."""
        self.entries[index] = entry
        self.pass_number, self.done = pass_number, done
        self.write()

    def step_back(self, index: int) -> None:
        """Has the last frame of a further pass, whose entry is at `index`, to be done again.

        The next write stores that. Its hashes are those of the pass that is to be done again.
        """
        self.entries[index] = replace(self.entries[index], styled_file=UNKNOWN, stored={})
        self.done -= 1

    def cut(self, count: int) -> None:
        """Keeps the first `count` entries, as those of the first pass; the next write stores that."""
        self.entries = [replace(entry, cold_start=entry.begins_shot) for entry in self.entries[:count]]
        self.pass_number, self.done = 0, count

    def is_complete(self, pass_count: int) -> bool:
        """Whether all passes are done over all frames that there are so far."""
        return bool(self.entries) and (self.pass_number, self.done) == (pass_count - 1, len(self.entries))

    def write(self) -> None:
        """Writes the journal in one step; raises FileError if the disk does not take it."""
        content = JournalContent(self._identity, self.entries, self.pass_number, self.done, self.machine)
        write_atomically(self.path, lambda temporary: temporary.write_text(content.text(), "utf-8"))

    def remove_if_empty(self) -> None:
        """Removes the file if no frame is finished."""
        if not self.entries:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _read(self) -> None:
        try:
            content = read_journal(self.path)
        except FileError as error:
            raise JournalError(f"{error}: {BEGIN_ANEW}") from None
        entries = content.entries
        different = differences(content.identity, self._identity)
        if different and not entries:
            return
        if different:
            raise JournalError(
                f"{self.path.parent} holds {len(entries)} frames that were made otherwise"
                f" ({'; '.join(different)}): {BEGIN_ANEW}"
            )
        self.continues = True
        if entries:
            self.machine = content.machine
        self.entries, self.pass_number, self.done = entries, content.pass_number, content.done


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs between two identities, as `style_weight was 100, is 50`: three names, then a count."""
    # Through JSON, as in the file: tuples become lists.
    now = json.loads(json.dumps(now))
    # Blender's window knows no source: it may resume what the command line began, frame by frame compared.
    unknown = {name for name in before if name.startswith(SOURCE_PREFIX) and name not in now}
    names = [name for name in before | now if before.get(name) != now.get(name) and name not in unknown]
    described = [_difference(name, before.get(name), now.get(name)) for name in names[:3]]
    return described + ([f"and {len(names) - 3} more"] if len(names) > 3 else [])


def _difference(name: str, before: Any, now: Any) -> str:
    if all(isinstance(each, (str, int, float)) and len(str(each)) <= 24 for each in (before, now)):
        return f"{name} was {before}, is {now}"
    return f"other {name[:40]}"
