"""Names of everything in a run's output folder, for the engine and for Blender: the standard library alone.

styled/styled_0001.png          the styled frames; `video.settings.FrameFormat` says their suffix
content/content_0001.png        the frames as Blender rendered them; captured.json says which are whole
passes/passes_0001.exr          their render passes; passes_0001.json says their camera and view
composited/composited_0001.png  the styled frames after the scene's own compositor
styled.old/0001/                what an earlier run with other settings has made: its frames, movie, journal
debug/, snapshots/              what the settings ask for beside the frames
style_pictures/                 style pictures that Blender alone had, as images of its .blend
stills/                         an output folder of its own, for single frames
stereo/stereo_0001.png          both eyes in one picture, where the scene asks for it
views/_L/, views/_R/            of several views, as of two eyes: what belongs to the run over one of them;
                                its files elsewhere have the same suffix: styled/styled_0001_L.png
journal.json, .journal/         what a later run resumes from
.lock                           while a run is at work: who it is
farm.json, chunks/              of a run in chunks: what they have in common; a folder for each
metrics.json                    what `farm finish` has measured
styled.mp4, composited.mp4, contact_sheet.png, preview.png
engine.log, blender.log, extension.log, blender-nst.log
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath

STYLED = "styled"
CONTENT = "content"
PASSES = "passes"
COMPOSITED = "composited"
DEBUG = "debug"
SNAPSHOTS = "snapshots"
STILLS = "stills"
STYLE_PICTURES = "style_pictures"
STEREO = "stereo"
VIEWS = "views"
"""Folder of the views' own folders."""
OLD = "styled.old"
"""Folder of earlier runs' results that were put aside, one folder each."""
CHUNKS = "chunks"
"""Folder of the chunks of a run on several machines; see `video.farm`."""
KEPT_RESULTS = ".journal"
"""Folder of the arrays that a later run needs to resume; removed when none is needed any more."""

JOURNAL = "journal.json"
CAPTURED = "captured.json"
"""In the folder of the content frames."""
FARM = "farm.json"
METRICS = "metrics.json"
CONTACT_SHEET = "contact_sheet.png"
PREVIEW = "preview.png"
ENGINE_LOG = "engine.log"
BLENDER_LOG = "blender.log"
EXTENSION_LOG = "extension.log"
COMMAND_LINE_LOG = "blender-nst.log"
LOCK = ".lock"
"""While a run is at work; in the folder of the content frames while Blender renders into it."""

MOST_FRAMES = 100_000
"""Of a run: its journal, which is written with every frame, is no larger than what is read of one."""

DEBUG_MOTION = f"{DEBUG}/motion_####.png"
DEBUG_RELIABILITY = f"{DEBUG}/reliability_####.png"
SNAPSHOTS_OF_FRAME = "frame_####"
"""Folder of a frame's snapshots, in that of all snapshots."""


def pattern(kind: str, suffix: str) -> str:
    """The files of all frames, relative to the output folder: `styled/styled_####.png`."""
    return f"{kind}/{kind}_####{suffix}"


def numbered_file(output: Path, kind: str, frame: int, suffix: str) -> Path:
    """The file of one frame, numbered as Blender numbers files: content_0001.png, content_-0003.png."""
    number = f"-{-frame:04d}" if frame < 0 else f"{frame:04d}"
    return output / kind / f"{kind}_{number}{suffix}"


def view_file(name: str, view: str) -> str:
    """A view's file under this name: `contact_sheet_L.png`."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}{view}{dot}{suffix}"


def view_folder(output: Path, view: str) -> Path:
    """The folder of a view with this suffix."""
    return output / VIEWS / view


def check_run_length(frames: int) -> str | None:
    """Why a run cannot have so many frames, in one line; None if it can."""
    if frames <= MOST_FRAMES:
        return None
    return (
        f"more than {MOST_FRAMES} frames are too many for one run: choose a part of them, and for each part"
        " an output folder of its own"
    )


def check_view_suffixes(suffixes: Sequence[str]) -> str | None:
    """Why the files of views cannot have these suffixes, in one line; None if they can."""
    for suffix in suffixes:
        if not suffix:
            return "a view has no file suffix"
        if len(suffix) > _LONGEST_SUFFIX or not suffix.isprintable() or set(suffix) & set('/\\:*?"<>|#%'):
            return f"the view's file suffix {suffix!r} is no part of a file's name"
        if suffix[0] in "0123456789-.":
            return f"the view's file suffix {suffix!r} cannot be told from the frame's number before it"
    if len({suffix.casefold() for suffix in suffixes}) < len(suffixes):
        return "two views have the same file suffix"
    return None


def movie(kind: str, suffix: str) -> str:
    """The movie of all styled or all composited frames: `styled.mp4`."""
    return f"{kind}{suffix}"


_LONGEST_SUFFIX = 64

_FOLDERS = (
    *(STYLED, CONTENT, PASSES, COMPOSITED, DEBUG, SNAPSHOTS, STILLS, STEREO, VIEWS),
    *(KEPT_RESULTS, OLD, CHUNKS, STYLE_PICTURES),
)
_FILES = (
    *(JOURNAL, FARM, METRICS, CONTACT_SHEET, PREVIEW, f"{CONTENT}/{CAPTURED}"),
    *(ENGINE_LOG, BLENDER_LOG, EXTENSION_LOG, COMMAND_LINE_LOG),
    *(LOCK, f"{CONTENT}/{LOCK}"),
)
_STYLIZING = (
    *(f"{STYLED}/{STYLED}_*", f"{STYLED}.*", CONTACT_SHEET, PREVIEW, JOURNAL, f"{KEPT_RESULTS}/*"),
    *(f"{DEBUG}/*", f"{SNAPSHOTS}/*/*", "*.log", "*.log.[0-9]"),
    # Of several views.
    *(f"{STYLED}*.*", view_file(CONTACT_SHEET, "*"), f"{STEREO}/{STEREO}_*", f"{STEREO}.*"),
    *(f"{VIEWS}/*/{each}" for each in (JOURNAL, f"{KEPT_RESULTS}/*", f"{DEBUG}/*", f"{SNAPSHOTS}/*/*")),
)
_RENDERING = (f"{CONTENT}/*", f"{PASSES}/*", f"{COMPOSITED}/{COMPOSITED}_*", f"{COMPOSITED}.*")


def existing_results(output: Path, *, rendering: bool) -> Iterator[Path]:
    """The files in an output folder that a run may replace.

    Args:
        rendering: whether frames are rendered into the folder too.
    """
    for files in (*_STYLIZING, *(_RENDERING if rendering else ())):
        yield from output.glob(files)


def is_result(path: Path, output: Path) -> bool:
    """Whether a file is one of the results that `existing_results` gives for a run that renders nothing.

    Looks at all of them only where the file has several names. No identity is remembered: a file system gives
    that of a removed file to a new one.
    """
    try:
        links = path.stat().st_nlink
        inside = PurePath(os.path.relpath(os.path.realpath(path), os.path.realpath(output)))
    except (OSError, ValueError):
        return False
    if links > 1:
        return overwritten_input([path], existing_results(output, rendering=False)) is not None
    patterns = map(PurePath, _STYLIZING)
    return any(len(inside.parts) == len(each.parts) and inside.match(str(each)) for each in patterns)


def overwritten_input(inputs: Iterable[Path], outputs: Iterable[Path]) -> Path | None:
    """The first of the inputs that is one of the outputs: by the file's identity, whatever its name.

    Without inputs the outputs, which may be thousands of files, are not looked at.
    """
    inputs = list(inputs)
    if not inputs:
        return None
    written = {identity for path in outputs if (identity := _identity(path)) is not None}
    return next((path for path in inputs if _identity(path) in written), None)


def foreign_entry(output: Path) -> Path | None:
    """The first link, pipe or device that lies in an output folder under a name of a run; None without.

    Through a link a run would write outside of its folder, at a pipe it would wait for ever. A folder under
    the name of a file, or a file under that of a folder, counts too.
    """
    folders = [*(output / name for name in _FOLDERS), *(output / SNAPSHOTS).glob("frame_*")]
    folders += output.glob(f"{VIEWS}/*")
    for is_kind, paths in ((stat.S_ISDIR, folders), (stat.S_ISREG, [output / name for name in _FILES])):
        for path in paths:
            mode = _mode(path)
            if mode is not None and not is_kind(mode):
                return path
    return None


def _identity(path: Path) -> tuple[object, ...] | None:
    """The same for all names of one file; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    # Some file systems number no files.
    return (found.st_dev, found.st_ino) if found.st_ino else (os.path.normcase(os.path.realpath(path)),)


def _mode(path: Path) -> int | None:
    """The mode of what has this name, a link itself and not what it leads to; None where nothing has."""
    try:
        return path.lstat().st_mode
    except (OSError, ValueError):
        return None
