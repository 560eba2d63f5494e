"""Puts the results of an earlier run aside, so that no output folder mixes two runs' settings or sizes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from video.errors import FileError
from video.files.output_folder import COMPOSITED, CONTACT_SHEET, JOURNAL, OLD, STEREO, STYLED


def put_aside(
    output: Path, frames: Collection[int] | None = None, *, suffix: str = "", journal: Path | None = None
) -> Path | None:
    """Moves an earlier run's results out of the way, into a new folder of `styled.old`.

    Styled and composited frames, movies and the contact sheet are moved, and the journal, which names the
    run's settings, is copied: the caller writes a new one when everything has been moved. A process that is
    killed in between leaves the old journal, so that the next one puts the rest aside.

    Args:
        output: the run's folder, locked by the caller.
        frames: the numbers of the frames that are to be moved; all that are there by default.
        suffix: moves the files with this suffix alone: those of one of several views.
        journal: the run's; by default the folder's.

    Returns:
        The new folder; None where there was nothing to move.

    Raises:
        FileError: a file cannot be moved.
    """
    found = list(_results(output, frames, suffix))
    if not found:
        return None
    target = _new_folder(output, journal or output / JOURNAL)
    for path in found:
        moved = target / path.relative_to(output)
        try:
            moved.parent.mkdir(parents=True, exist_ok=True)
            path.replace(moved)
        except OSError as error:
            raise FileError(path, f"cannot be moved to {moved.parent}: {error.strerror}") from None
    return target


def _results(output: Path, frames: Collection[int] | None, suffix: str) -> Iterator[Path]:
    for folder, view in ((STYLED, suffix), (COMPOSITED, suffix), (STEREO, "")):
        ending = re.escape(view) if view else r"(?:[^\d.][^.]*)?"
        numbered = re.compile(rf"_(-?\d+){ending}\.[^.]+")
        for path in sorted((output / folder).glob(f"{folder}_*")):
            number = numbered.fullmatch(path.name.removeprefix(folder))
            if number is not None and (frames is None or int(number.group(1)) in frames) and _is_own(path):
                yield path
        yield from (path for path in sorted(output.glob(f"{folder}{view}.*")) if _is_own(path))
    sheet = output / CONTACT_SHEET
    sheet = sheet.with_stem(f"{sheet.stem}{suffix}")
    if _is_own(sheet):
        yield sheet


def _is_own(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _new_folder(output: Path, journal: Path) -> Path:
    """The next numbered folder of `styled.old`, with a copy of the journal."""
    old = output / OLD
    try:
        old.mkdir(exist_ok=True)
        numbers = [int(path.name) for path in old.iterdir() if path.name.isdecimal()]
        target = old / f"{max(numbers, default=0) + 1:04d}"
        target.mkdir()
        if journal.is_file():
            shutil.copyfile(journal, target / JOURNAL)
    except OSError as error:
        raise FileError(old, f"cannot be written: {error.strerror}") from None
    return target
