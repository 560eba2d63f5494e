"""The journal of a run: `journal.json` in the output folder says which frames are done, and made from what.

It is written anew after each frame, last of all that belongs to the frame, and replaced in one step: whatever
moment a run is killed at, the journal names frames that are whole, and the next run goes on behind them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from compositor.progress import Report, Stopped
from video.errors import FileError, JournalError
from video.images.image_files import write_atomically
from video.results import FrameResult

JOURNAL_NAME = "journal.json"
_FORMAT = 1
_ADVICE = "choose another output folder, or begin anew (--restart; in Blender the tick Restart)"


@dataclass(frozen=True)
class Entry:
    """A frame that is done in the pass at hand.

    Attributes:
        picture: the hashes of what it was made from, see `video.resume.fingerprint`.
        begins_shot: in the first pass nothing was known of it from the frames before.
        alone: the same, in the last pass that it was done in.
        report, warp_error: as the frame's result had them.
        kept: what lies in `.journal` of its result, see `video.resume.result_store`.
    """

    frame: int
    picture: Mapping[str, str]
    begins_shot: bool
    alone: bool
    seconds: float
    warp_error: float | None
    report: Report
    kept: tuple[str, ...]

    @classmethod
    def of(cls, result: FrameResult, picture: Mapping[str, str], *, begins_shot: bool, alone: bool) -> Entry:
        """The entry of a frame that was just made, of whose result nothing is kept yet."""
        return cls(
            frame=result.number,
            picture=picture,
            begins_shot=begins_shot,
            alone=alone,
            seconds=result.seconds,
            warp_error=result.warp_error,
            report=result.report,
            kept=(),
        )


class Journal:
    """What is done of a run, on disk and here.

    `pass_number` and `done` say how far it is: so many frames of that pass, in the pass's order.
    """

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        self.path = path
        self.entries: list[Entry] = []
        self.pass_number = 0
        self.done = 0
        self.continues = False
        """Whether a run of the same identity was found, be it without a finished frame."""
        self._identity = identity

    @classmethod
    def open(cls, output: Path, identity: dict[str, Any], *, restart: bool) -> Journal:
        """The journal of the run in a folder; a new one where there is none, or where nothing is done yet.

        Args:
            identity: see `video.resume.fingerprint`.
            restart: begin anew whatever is there.

        Raises:
            JournalError: the frames in the folder are of other settings, styles or sources, or what is there
                is no journal.
            FileError: it cannot be read or written.
        """
        journal = cls(output / JOURNAL_NAME, identity)
        if journal.path.is_file() and not restart:
            journal._read()
        journal.write()
        return journal

    def resumed(
        self,
        index: int,
        frame: int,
        picture: Mapping[str, str],
        painted: tuple[int, int] | None = None,
    ) -> Entry | None:
        """The entry of the run's frame at `index`, or None where it is still to be done.

        Args:
            painted: (height, width) that the frame would be painted at now, if that is to be compared.

        Raises:
            JournalError: another frame was done there, or the frame was made from something else, or at
                another size.
        """
        if index >= len(self.entries):
            if self.pass_number > 0:
                raise JournalError(
                    f"frame {frame} was not among the {len(self.entries)} frames that this folder's run began"
                    f" with, and further passes have been made over those: {_ADVICE}"
                )
            return None
        entry = self.entries[index]
        if entry.frame != frame:
            raise JournalError(
                f"{self.path.parent} holds a run over other frames (frame {entry.frame} where frame {frame}"
                f" comes now): {_ADVICE}"
            )
        if entry.picture != picture:
            changed = [name for name in picture if entry.picture.get(name) != picture[name]]
            raise JournalError(
                f"frame {frame}: its {' and '.join(changed)} changed since it was stylized: {_ADVICE}"
            )
        before = entry.report.scales[-1]
        if painted is not None and painted != before:
            raise JournalError(
                f"frame {frame} was painted at {before[1]}×{before[0]} px and would now be at"
                f" {painted[1]}×{painted[0]} px: set --working-size {max(before)}, {_ADVICE}"
            )
        return entry

    def check_length(self, count: int) -> None:
        """Raises JournalError if further passes are on their way over more frames than `count`."""
        if self.pass_number > 0 and count < len(self.entries):
            raise JournalError(
                f"{self.path.parent} holds passes over {len(self.entries)} frames, not {count}: {_ADVICE}"
            )

    def add(self, entry: Entry) -> None:
        """One more frame of the first pass is done."""
        self.entries.append(entry)
        self.done = len(self.entries)
        self.write()

    def replace(self, pass_number: int, done: int, index: int, entry: Entry) -> None:
        """A frame of a further pass is done, the `done`-th of that pass."""
        self.entries[index] = entry
        self.pass_number, self.done = pass_number, done
        self.write()

    def cut(self, count: int) -> None:
        """Takes only the first frames of the first pass for done."""
        self.entries = [replace(entry, alone=entry.begins_shot) for entry in self.entries[:count]]
        self.pass_number, self.done = 0, count

    def is_complete(self, pass_count: int) -> bool:
        """Whether all passes are done over all frames that there are so far."""
        return bool(self.entries) and (self.pass_number, self.done) == (pass_count - 1, len(self.entries))

    def write(self) -> None:
        """Writes the journal in one step; raises FileError if the disk does not take it."""
        head = {
            "journal": _FORMAT,
            "run": self._identity,
            "pass": self.pass_number,
            "done": self.done,
            "frames": [],
        }
        frames = ",\n".join(json.dumps(asdict(entry), allow_nan=False) for entry in self.entries)
        text = json.dumps(head, indent=1, allow_nan=False).removesuffix("[]\n}") + f"[\n{frames}\n]}}\n"
        write_atomically(self.path, lambda temporary: temporary.write_text(text, "utf-8"))

    def remove_if_empty(self) -> None:
        """Removes a journal of nothing."""
        if not self.entries:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _read(self) -> None:
        try:
            values = json.loads(self.path.read_text("utf-8"))
            identity, entries = values["run"], [_entry(each) for each in values["frames"]]
            known = values["journal"] == _FORMAT and isinstance(identity, dict)
            pass_number, done = int(values["pass"]), int(values["done"])
        except OSError as error:
            raise FileError(self.path, f"cannot be read: {error.strerror}") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            known, identity, entries, pass_number, done = False, {}, [], 0, 0
        if not known or not 0 <= done <= len(entries):
            raise JournalError(f"{self.path}: is no journal that can be read: {_ADVICE}")
        different = _differences(identity, self._identity)
        if different and not entries:
            return
        if different:
            raise JournalError(
                f"{self.path.parent} holds {len(entries)} frames that were made otherwise"
                f" ({'; '.join(different)}): {_ADVICE}"
            )
        self.continues = True
        self.entries, self.pass_number, self.done = entries, pass_number, done


def _entry(values: dict[str, Any]) -> Entry:
    report = values["report"]
    scales = [(int(height), int(width)) for height, width in report["scales"]]
    made = Report(**(report | {"scales": scales, "stopped": Stopped(report["stopped"])}))
    if values.keys() != {field.name for field in fields(Entry)} or not isinstance(values["picture"], dict):
        raise ValueError("not an entry")
    return Entry(**(values | {"report": made, "kept": tuple(values["kept"])}))


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs, as `style_weight was 100, is 50`; at most three, the rest is counted."""
    # Through JSON, as the journal was: tuples are lists there.
    now = json.loads(json.dumps(now))
    names = [name for name in before | now if before.get(name) != now.get(name)]
    told = [_difference(name, before.get(name), now.get(name)) for name in names[:3]]
    return told + ([f"and {len(names) - 3} more"] if len(names) > 3 else [])


def _difference(name: str, before: Any, now: Any) -> str:
    if all(isinstance(each, (str, int, float)) and len(str(each)) <= 24 for each in (before, now)):
        return f"{name} was {before}, is {now}"
    return f"other {name}"
