"""Makes one chunk: an ordinary run over its frames and its lead-in, in a folder of its own, then delivers.

Idempotent: a chunk that is there is left, one that was killed goes on, one whose frames were changed or
whose inputs are others is made again. Chunks that are made at the same time share nothing but `farm.json`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from video.errors import FileError, JournalError
from video.farm.chunk_record import DELIVERED, ChunkFolder, ChunkRecord, chunk_folders
from video.farm.frame_list import listed_frames
from video.farm.lead_in import ChunkSpan, LeadIn
from video.farm.look import FarmLook
from video.files.folder_lock import file_locked
from video.files.output_folder import CONTENT, JOURNAL, LOCK, VIEWS
from video.frames.sequence import FrameRange
from video.resume.fingerprint import ALGORITHM, file_fingerprint
from video.resume.journal_file import Entry, read_journal
from video.resume.result_store import is_intact


class Stylize(Protocol):
    """Stylizes frames into a folder of its own, or goes on there."""

    def __call__(self, frames: FrameRange, output: Path, *, restart: bool) -> None: ...


@dataclass(frozen=True)
class ChunkWork:
    """What a chunk is to be.

    Attributes:
        output: the folder that all chunks deliver into.
        look: see `video.farm.look`.
        inputs: what the frames of its run are made from, by name, with hashes.
    """

    output: Path
    span: ChunkSpan
    lead_in: LeadIn
    look: FarmLook
    inputs: Mapping[str, str]

    def record(self) -> ChunkRecord:
        """Of the chunk, before anything is finished."""
        return ChunkRecord(
            str(self.span.own),
            str(self.span.run),
            str(self.lead_in),
            self.look.machine,
            self.look.identity[ALGORITHM],
            self.inputs,
        )


def make_chunk(
    work: ChunkWork,
    stylize: Stylize,
    warning: Callable[[str], None] = lambda text: None,
    *,
    patience: float = 60.0,
) -> bool:
    """Makes a chunk; False if it was there already.

    Args:
        patience: seconds to wait for another process that makes the same chunk.

    Raises:
        FolderBusyError: another process has been making it for that long.
        JournalError: another chunk has delivered one of its frames.
        VideoError: see `stylize`; what is finished is kept.
    """
    folder = ChunkFolder(work.output, work.span.name)
    folder.check()
    _check_no_other(folder, work.span.own)
    with file_locked(folder.lock, warning, patience=patience) as is_alone:
        if is_alone:
            _take_over(folder)
        record, known = work.record(), _known(folder, warning)
        same = known is not None and known.is_made_from(record)
        if known is not None and known.is_finished():
            if known.is_about(record):
                lacking = _deliver(folder, known)
                if not lacking:
                    _clear(folder)
                    return False
                warning(f"{work.output / lacking[0]} is gone or was changed: {folder.name} is made again")
            else:
                warning(f"{folder.name} was made from something else: it is made again")
        folder.write(record)
        stylize(work.span.run, folder.run, restart=not same)
        record = _finished(folder, record)
        _check_no_other(folder, work.span.own)
        folder.write(record)
        lacking = _deliver(folder, record)
        if lacking:
            raise FileError(work.output / lacking[0], "was changed while it was delivered; run it again")
        _clear(folder)
    return True


def _check_no_other(folder: ChunkFolder, own: FrameRange) -> None:
    """Raises JournalError if a chunk of another name has delivered one of the frames."""
    for other in chunk_folders(folder.output):
        if other.name == folder.name:
            continue
        shared = [
            number
            for each in other.frames
            for number in range(max(own.first, each.first), min(own.last, each.last) + 1)
            if number in own.numbers() and number in each.numbers()
        ]
        record = other.read() if shared else None
        if record is not None and record.is_finished():
            raise JournalError(
                f"the frames {listed_frames(shared)} are those of the chunk {other.name}, which is finished:"
                f" keep the chunks as they are, or remove {other.path}"
            )


def _take_over(folder: ChunkFolder) -> None:
    """Removes what says that a run is at work in the chunk: none is, on any computer, as it is locked."""
    for place in (folder.run, folder.run / CONTENT):
        (place / LOCK).unlink(missing_ok=True)


def _known(folder: ChunkFolder, warning: Callable[[str], None]) -> ChunkRecord | None:
    try:
        return folder.read()
    except FileError as error:
        warning(f"{error}; {folder.name} is made anew")
        return None


def _finished(folder: ChunkFolder, record: ChunkRecord) -> ChunkRecord:
    """The record of a chunk whose run is over, with what it will deliver."""
    if (folder.run / VIEWS).is_dir():
        raise FileError(folder.run, "has several views of each frame, which cannot be made in chunks")
    numbers = set(record.numbers)
    entries = [entry for entry in read_journal(folder.run / JOURNAL).entries if entry.frame in numbers]
    files = {path.relative_to(folder.run).as_posix(): path for path in _own_files(folder.run, numbers)}
    hashes = {name: file_fingerprint(path) for name, path in files.items()}
    return replace(record, files=hashes, entries=[_without_arrays(entry) for entry in entries])


def _own_files(run: Path, numbers: set[int]) -> Iterator[Path]:
    for kind in DELIVERED:
        name = re.compile(rf"{kind}_(-?\d+)\.[a-z]+")
        for path in sorted((run / kind).glob(f"{kind}_*")):
            match = name.fullmatch(path.name)
            if match is not None and int(match[1]) in numbers:
                yield path


def _without_arrays(entry: Entry) -> Entry:
    """What only a run in the chunk's own folder can go on from is removed with that."""
    return replace(entry, stored={})


def _deliver(folder: ChunkFolder, record: ChunkRecord) -> list[str]:
    """Moves what is not there yet to the output folder; returns what is neither there nor in the run."""
    for name, expected in record.files.items():
        finished, target = folder.run / name, folder.output / name
        if is_intact(target, expected) or not is_intact(finished, expected):
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            finished.replace(target)
        except OSError as error:
            raise FileError(target, f"cannot be written ({error.strerror or error})") from None
    return record.lacking(folder.output)


def _clear(folder: ChunkFolder) -> None:
    shutil.rmtree(folder.run, ignore_errors=True)
