"""The file of a journal: what is in it, and its reading, which refuses whatever is damaged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from compositor.progress import FrameReport
from compositor.settings import Precision
from video.errors import FileError
from video.files.json_values import JsonError, decode, read_json
from video.motion.shot_light import ShotLight
from video.results import FrameResult

FORMAT = 4
"""Of what is written. Still read: the second one, without hashes of files, the third, without a machine."""

UNKNOWN = ""
"""In the place of a hash, for what was made before there were any."""

_WITHOUT_HASHES, _WITHOUT_MACHINE = 2, 3
_MOST_THREADS = 1024
_MAX_SIDE = 1 << 24
_MAX_FRAME = 1 << 31
# The range of single precision, in which all of these numbers were computed.
_MAX_FLOAT, _MIN_FLOAT = 3.5e38, 1e-46


@dataclass(frozen=True)
class Machine:
    """What a run computes with, see `video.resume.machine`.

    Attributes:
        processor: device and instructions.
        precision: of the features.
        threads: of the CPU.
        versions: of libraries, by name.
    """

    processor: str
    precision: Precision
    threads: int
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """A finished frame.

    Attributes:
        fingerprint: the hashes of what it was made from by part, see `video.resume.fingerprint`.
        begins_shot: it had no warm start in the first pass.
        cold_start: it had none in the last pass that has reached it.
        report, warp_error: as in the frame's result.
        styled_file: hash of its styled file.
        stored: the arrays of its result that `.journal` holds, with the hashes of their files, see
            `video.resume.result_store`.
        light: found in the first pass, as all passes use it.
    """

    frame: int
    fingerprint: Mapping[str, str]
    begins_shot: bool
    cold_start: bool
    seconds: float
    warp_error: float | None
    report: FrameReport
    styled_file: str = UNKNOWN
    stored: Mapping[str, str] = field(default_factory=dict)
    light: ShotLight = ShotLight()  # noqa: RUF009 - frozen

    @classmethod
    def of(
        cls,
        result: FrameResult,
        fingerprint: Mapping[str, str],
        *,
        begins_shot: bool,
        cold_start: bool,
        light: ShotLight,
    ) -> Entry:
        """The entry of a frame that is finished, and of whose result nothing is stored yet."""
        return cls(
            frame=result.number,
            fingerprint=fingerprint,
            begins_shot=begins_shot,
            cold_start=cold_start,
            seconds=result.seconds,
            warp_error=result.warp_error,
            report=result.report,
            light=light,
        )


@dataclass(frozen=True)
class JournalContent:
    """What a journal holds.

    Attributes:
        identity: see `video.resume.fingerprint`.
        pass_number, done: see `video.resume.journal.Journal`.
        machine: that the run began with; None where that is not known, or where they were several.
    """

    identity: dict[str, Any]
    entries: list[Entry]
    pass_number: int
    done: int
    machine: Machine | None = None

    def text(self) -> str:
        """As it is written: a line for each frame."""
        head = {
            "journal": FORMAT,
            "run": self.identity,
            "machine": None if self.machine is None else asdict(self.machine),
            "pass": self.pass_number,
            "done": self.done,
            "frames": [],
        }
        frames = ",\n".join(json.dumps(asdict(entry), allow_nan=False) for entry in self.entries)
        return json.dumps(head, indent=1, allow_nan=False).removesuffix("[]\n}") + f"[\n{frames}\n]}}\n"


def read_journal(path: Path) -> JournalContent:
    """The content of a journal; raises FileError, in one line, whatever else the file holds."""
    try:
        return _content(read_json(path))
    except JsonError as error:
        raise FileError(path, f"is no journal that can be read ({error})") from None
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from None


def _content(values: Any) -> JournalContent:
    version = values.get("journal") if isinstance(values, dict) else None
    fields = {"journal", "run", "pass", "done", "frames"} | ({"machine"} if version == FORMAT else set())
    if not isinstance(values, dict) or values.keys() != fields:
        raise JsonError("other fields than a journal's")
    if version not in (FORMAT, _WITHOUT_MACHINE, _WITHOUT_HASHES):
        raise JsonError(f"of the format {str(version)[:20]}")
    if not isinstance(values["frames"], list):
        raise JsonError("its frames are no list")
    upgraded = [_with_unknown(each) if version == _WITHOUT_HASHES else each for each in values["frames"]]
    entries = [decode(Entry, each) for each in upgraded]
    for entry in entries:
        check_entry(entry)
    position = decode(_Position, {"number": values["pass"], "done": values["done"]})
    whole = position.done == len(entries) if position.number == 0 else 0 <= position.done <= len(entries)
    if position.number < 0 or not whole:
        raise JsonError("the frames are not as many as it says")
    machine = _machine(values.get("machine"))
    return JournalContent(_identity(values["run"]), entries, position.number, position.done, machine)


@dataclass(frozen=True)
class _Position:
    number: int
    done: int


def _machine(values: Any) -> Machine | None:
    machine = None if values is None else decode(Machine, values)
    if machine is not None and not (
        1 <= machine.threads <= _MOST_THREADS and machine.precision is not Precision.AUTO
    ):
        raise JsonError("the machine is none")
    return machine


def _with_unknown(values: Any) -> Any:
    """An entry of the format without hashes as one of today's."""
    if not isinstance(values, dict) or not isinstance(stored := values.get("stored"), list):
        raise JsonError("Entry.stored is no list")
    if not all(isinstance(kind, str) for kind in stored):
        raise JsonError("Entry.stored has no names")
    return values | {"stored": dict.fromkeys(stored, UNKNOWN)}


def check_entry(entry: Entry) -> None:
    """Raises JsonError for values that no finished frame has."""
    report, light = entry.report, entry.light
    sizes = [side for size in report.scales for side in size]
    counts = [report.steps, report.seconds, entry.seconds, entry.warp_error or 0.0]
    losses = [abs(loss) for loss in report.losses.values()]
    if not (
        abs(entry.frame) <= _MAX_FRAME
        and sizes
        and all(1 <= side <= _MAX_SIDE for side in sizes)
        and all(0 <= count <= _MAX_FLOAT for count in counts)
        and all(loss == 0.0 or _MIN_FLOAT <= loss <= _MAX_FLOAT for loss in losses)
        and not any("/" in kind or "\\" in kind for kind in entry.stored)
        and light.is_possible
    ):
        raise JsonError(f"frame {entry.frame} has values that no frame has")


def _identity(values: Any) -> dict[str, Any]:
    """The names and values by which a run is known: texts, numbers, switches, and lists of them."""
    if not isinstance(values, dict):
        raise JsonError("the run has no settings")
    for value in values.values():
        if any(isinstance(each, (list, dict)) for each in (value if isinstance(value, list) else [value])):
            raise JsonError("the run has settings that are none")
    return values
