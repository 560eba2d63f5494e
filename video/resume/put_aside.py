"""Puts the results of an earlier run aside, so that no output folder mixes two runs' settings or sizes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from video.errors import FileError
from video.files.output_folder import COMPOSITED, CONTACT_SHEET, JOURNAL, OLD, STYLED

_WHOLE = (f"{STYLED}.*", f"{COMPOSITED}.*", CONTACT_SHEET)
"""What is made of all frames together."""

_FRAMES = (f"{STYLED}/{STYLED}_*", f"{COMPOSITED}/{COMPOSITED}_*")

_NUMBER = re.compile(r"_(-?\d+)\.[^.]+$")


def put_aside(output: Path, frames: Collection[int] | None = None) -> Path | None:
    """Moves an earlier run's results out of the way, into a new folder of `styled.old`.

    Styled and composited frames, movies and the contact sheet are moved, and the journal, which names the
    run's settings, is copied: the caller writes a new one when everything has been moved. A process that is
    killed in between leaves the old journal, so that the next one puts the rest aside.

    Args:
        output: the run's folder, locked by the caller.
        frames: the numbers of the frames that are to be moved; all that are there by default.

    Returns:
        The new folder; None where there was nothing to move.

    Raises:
        FileError: a file cannot be moved.
    """
    found = list(_results(output, frames))
    if not found:
        return None
    target = _new_folder(output)
    for path in found:
        moved = target / path.relative_to(output)
        try:
            moved.parent.mkdir(parents=True, exist_ok=True)
            path.replace(moved)
        except OSError as error:
            raise FileError(path, f"cannot be moved to {moved.parent}: {error.strerror}") from None
    return target


def _results(output: Path, frames: Collection[int] | None) -> Iterator[Path]:
    for pattern in (*_FRAMES, *_WHOLE):
        for path in sorted(output.glob(pattern)):
            number = _NUMBER.search(path.name) if pattern in _FRAMES else None
            wanted = frames is None or number is None or int(number.group(1)) in frames
            if wanted and path.is_file() and not path.is_symlink():
                yield path


def _new_folder(output: Path) -> Path:
    """The next numbered folder of `styled.old`, with a copy of the journal."""
    old, journal = output / OLD, output / JOURNAL
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
