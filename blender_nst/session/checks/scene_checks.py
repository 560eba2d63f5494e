"""Checks of a scene's values, paths and folders; `SessionError` says what keeps a session from beginning."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import bpy

from ...capture.style_picture import image_file
from ...capture.views import scene_views
from ...output_folder import (
    check_run_length,
    check_view_suffixes,
    existing_results,
    foreign_entry,
    overwritten_input,
)
from ...properties.bounds import first_impossible


class SessionError(Exception):
    """Nothing can be stylized; one line that says why and what to do. A render goes on.

    `needs_saved_file` if a path is beside a .blend that is not saved.
    """

    def __init__(self, message: str, *, needs_saved_file: bool = False) -> None:
        super().__init__(message)
        self.needs_saved_file = needs_saved_file


def absolute_path(path: str, what: str, library: bpy.types.Library | None = None) -> Path:
    """The absolute path of a property, of the library's file if one is given.

    Raises:
        SessionError: it is empty, beside a file that is not saved, or cannot be looked at: a name that is too
            long, links in a circle, a folder that is somebody else's.
    """
    if not path.strip():
        raise SessionError(f"no {what} is chosen: choose one in Render Properties > Neural Style")
    if path.startswith("//") and library is None and not bpy.data.filepath:
        raise SessionError(
            f"{path}: the {what} is beside the .blend file, which is not saved: save it first",
            needs_saved_file=True,
        )
    found = Path(os.path.normpath(bpy.path.abspath(path, library=library)))
    try:
        found.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass  # whoever needs it says so
    except OSError as error:
        reason = error.strerror or "it cannot be looked at"
        raise SessionError(f"{found}: {reason}; choose another {what}") from None
    return found


def check_values(scene: bpy.types.Scene) -> None:
    """Raises SessionError if a setting has a value that it cannot have, as a script may set it."""
    wrong = first_impossible(scene.nst)
    if wrong is not None:
        raise SessionError(wrong)


def check_length(total: int) -> None:
    """Raises SessionError if there are more frames than a run can have."""
    error = check_run_length(total)
    if error is not None:
        raise SessionError(error)


def view_suffixes(scene: bpy.types.Scene) -> list[str]:
    """The suffixes of the scene's views; none if its frames have one picture.

    Raises:
        SessionError: the files of two views would be the same, or a suffix is none.
    """
    suffixes = [view.suffix for view in scene_views(scene)]
    error = check_view_suffixes(suffixes)
    if error is not None:
        raise SessionError(f"scene {scene.name!r}: {error}; see Output Properties > Stereoscopy")
    return suffixes


def check_writable(folder: Path) -> None:
    """Raises SessionError if the folder cannot be made or written to, or holds a link where a run writes."""
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        reason = "it cannot be written to" if there.is_dir() else "it is no folder"
        raise SessionError(f"{there}: {reason}; choose another output folder")
    foreign = foreign_entry(folder)
    if foreign is not None:
        kind = "a link" if foreign.is_symlink() else "none of a run's files"
        raise SessionError(f"{foreign}: is {kind}; remove it, or choose another output folder")


def check_kept(scene: bpy.types.Scene, output: Path) -> None:
    """Raises SessionError if a style picture is one of the files that a run would replace in the folder."""
    chosen = [(style.path, style.image) for style in scene.nst.styles]
    chosen += [(each.style_path, each.style_image) for each in scene.nst_regions.entries if each.has_style]
    own = [file for _, image in chosen if image is not None and (file := image_file(image)) is not None]
    paths = [path for path, image in chosen if image is None and path.strip()]
    styles = list(own)
    for path in paths:
        with suppress(SessionError):  # there is none, as `style_files` says
            styles.append(absolute_path(path, "style picture", scene.library))
    styles = [style for style in styles if _may_be_in(style, output)]
    lost = overwritten_input(styles, existing_results(output, rendering=True))
    if lost is not None:
        raise SessionError(f"{lost}: is a style and would be overwritten; choose another output folder")


def _may_be_in(file: Path, folder: Path) -> bool:
    """Whether a file can be one of a folder's, which may be too many to ask for with every panel drawn."""
    try:
        links = file.stat().st_nlink
    except OSError:
        return False
    return links != 1 or Path(os.path.realpath(folder)) in Path(os.path.realpath(file)).parents
