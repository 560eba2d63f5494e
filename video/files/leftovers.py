"""Removes what killed runs have left unfinished in an output folder."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import psutil

from video.files.output_folder import CONTENT, DEBUG, KEPT_RESULTS, PASSES, SNAPSHOTS, STEREO, STYLED

# `.styled_0007.png.4711.tmp` of this package, `.content_0007.4711.tmp.png` of the extension, whose temporary
# files need the ending of their format; before it Blender writes the suffix of a view.
_TEMPORARY = re.compile(r"\..+\.(\d+)\.tmp([^.]*\.[a-z]+)?")
_FOLDERS = (".", STYLED, CONTENT, PASSES, DEBUG, KEPT_RESULTS, SNAPSHOTS, f"{SNAPSHOTS}/*", STEREO)


def remove_leftovers(output: Path) -> None:
    """Removes the temporary files of runs that are over. To be called by whoever holds the folder's lock.

    The files of this process and of its parent are left; among the captured frames, which the lock does not
    cover, those of every process that runs: it may be a Blender that is saving a frame.
    """
    own = {os.getpid(), os.getppid()}
    for pattern in _FOLDERS:
        for folder in [output] if pattern == "." else output.glob(pattern):
            if folder.is_dir() and not folder.is_symlink():
                for path in folder.iterdir():
                    match = _TEMPORARY.fullmatch(path.name)
                    if match is None or (pid := int(match.group(1))) in own:
                        continue
                    if pattern not in (CONTENT, PASSES) or not _runs(pid):
                        with suppress(OSError):
                            path.unlink()


def _runs(pid: int) -> bool:
    try:
        return psutil.pid_exists(pid)
    except OverflowError:
        return False
