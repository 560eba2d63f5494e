"""Record of a chunk, its journal: what it was made from, and the hashes of the files that it delivers.

`chunks/0001-0024/chunk.json` in the output folder. It is written without files when the chunk begins, and
with them when all of its frames are finished, before they are moved to where all chunks' frames are. At
whatever moment a chunk is killed, it goes on from there.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from video.errors import FileError, SequenceError
from video.farm.frame_list import parse_frame_list
from video.files.atomic import write_atomically
from video.files.json_values import JsonError, decode, read_json
from video.files.output_folder import CHUNKS, CONTENT, PASSES, STYLED
from video.frames.sequence import FrameRange
from video.resume.journal_file import Entry, check_entry
from video.resume.result_store import is_intact

DELIVERED = (STYLED, CONTENT, PASSES)
"""The folders that a chunk delivers files into; the latter two if it has rendered its frames."""

_FORMAT = 1
_FILE = "chunk.json"
_LOCK = "lock"
_RUN = "run"
_STYLED = re.compile(rf"{STYLED}/{STYLED}_(-?\d{{1,9}})\.[a-z]+")


@dataclass(frozen=True)
class ChunkRecord:
    """A chunk.

    Attributes:
        frames: its own, as 1-24 or 1-24x2.
        run: those that are stylized for it.
        lead_in: as it was asked for.
        machine: see `FarmLook`.
        algorithm: version of what is computed.
        inputs: what it is made from, with hashes.
        files: what it delivers, relative to the output folder, with hashes; none before it is finished.
        entries: of its own frames in the run's journal.
        format: of the file.
    """

    frames: str
    run: str
    lead_in: str
    machine: Mapping[str, str]
    algorithm: int
    inputs: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    format: int = _FORMAT

    @property
    def numbers(self) -> list[int]:
        """Of its own frames."""
        return [number for each in parse_frame_list(self.frames) for number in each.numbers()]

    def is_finished(self) -> bool:
        """Whether all of its frames were stylized."""
        return bool(self.files)

    def lacking(self, output: Path) -> list[str]:
        """What it has delivered and what is gone or was changed since."""
        return [name for name, expected in self.files.items() if not is_intact(output / name, expected)]

    def is_about(self, other: ChunkRecord) -> bool:
        """Whether another record is about the same frames, made from the same."""
        mine = (self.frames, self.run, dict(self.inputs))
        return mine == (other.frames, other.run, dict(other.inputs))

    def is_made_from(self, other: ChunkRecord) -> bool:
        """The same, on a machine of the same kind: a run of the one can be gone on with for the other."""
        mine = (dict(self.machine), self.algorithm)
        return self.is_about(other) and mine == (dict(other.machine), other.algorithm)


@dataclass(frozen=True)
class ChunkFolder:
    """The folder of a chunk.

    Attributes:
        output: that all chunks deliver into.
        name: of the chunk, see `ChunkSpan`.
    """

    output: Path
    name: str

    @property
    def path(self) -> Path:
        """The folder."""
        return self.output / CHUNKS / self.name

    @property
    def lock(self) -> Path:
        """The file that a process locks while it makes the chunk."""
        return self.path / _LOCK

    @property
    def run(self) -> Path:
        """Output folder of the run that stylizes the chunk's frames; removed when they are delivered."""
        return self.path / _RUN

    @property
    def frames(self) -> tuple[FrameRange, ...]:
        """The chunk's own, by its name; raises FileError if that is no chunk's."""
        try:
            return parse_frame_list(self.name)
        except SequenceError:
            raise FileError(
                self.path, "is no chunk's folder, but holds the record of one; move it elsewhere"
            ) from None

    def check(self) -> None:
        """Raises FileError if a link, pipe or device has one of the chunk's names."""
        kinds = {self.path: stat.S_ISDIR, self.run: stat.S_ISDIR}
        kinds |= {self.path / _FILE: stat.S_ISREG, self.lock: stat.S_ISREG}
        for path, is_kind in kinds.items():
            if os.path.lexists(path) and not is_kind(path.lstat().st_mode):
                raise FileError(path, "is none of a chunk's files; remove it")

    def read(self) -> ChunkRecord | None:
        """The record; None if there is none. Raises FileError if it is damaged."""
        path = self.path / _FILE
        try:
            record = decode(ChunkRecord, read_json(path))
            _check(record)
            if parse_frame_list(record.frames) != self.frames:
                raise JsonError("that of another chunk")
        except FileNotFoundError:
            return None
        except JsonError as error:
            raise FileError(path, f"is no record of a chunk ({error}); remove its folder") from None
        except OSError as error:
            raise FileError(path, f"cannot be read: {error.strerror}") from None
        return record

    def write(self, record: ChunkRecord) -> None:
        """Writes the record in one step; raises FileError if the disk does not take it."""
        text = json.dumps(asdict(record), indent=1, allow_nan=False)
        write_atomically(self.path / _FILE, lambda temporary: temporary.write_text(text, "utf-8"))


def chunk_folders(output: Path) -> Iterator[ChunkFolder]:
    """The chunks that were begun in an output folder, by name."""
    folder = output / CHUNKS
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            # What is no file is told when it is read, and not left out.
            if os.path.lexists(path / _FILE):
                yield ChunkFolder(output, path.name)


def _check(record: ChunkRecord) -> None:
    """Raises JsonError for what no chunk has written."""
    if record.format != _FORMAT:
        raise JsonError(f"of the format {record.format}")
    for name in record.files:
        parts = PurePosixPath(name).parts
        if len(parts) != 2 or parts[0] not in DELIVERED or ".." in parts or "\\" in name or ":" in name:
            raise JsonError(f"{name[:40]} is no file of an output folder")
    for entry in record.entries:
        check_entry(entry)
    try:
        numbers = record.numbers
    except SequenceError as error:
        raise JsonError(str(error)) from None
    if not record.is_finished() and not record.entries:
        return
    if sorted(entry.frame for entry in record.entries) != numbers:
        raise JsonError("it has other frames than it says")
    styled = {int(match[1]) for name in record.files if (match := _STYLED.fullmatch(name)) is not None}
    if not styled.issuperset(numbers):
        raise JsonError("it delivers other frames than it says")
