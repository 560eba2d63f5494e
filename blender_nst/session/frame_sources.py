"""Finds the rendered frames that a batch stylizes: the scene's output, captured frames, or picked files."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import bpy

from ..capture.frame import CapturedFrame, content_path, passes_path
from ..capture.views import own_file, scene_views
from ..output_folder import CONTENT
from ..properties.scene import FrameSource
from ..properties.schema import FRAME_SUFFIXES, MOVIE_SUFFIXES
from .checks.scene_checks import SessionError, absolute_path, view_suffixes
from .movie_facts import movie_facts

_MOST_LISTED = 6
"""Missing frames that a message names."""

_MOST_NUMBERS = 2 * 1_048_574 + 1
"""Frames of the longest animation in Blender, which are looked for one by one."""

# `shot-0001` is a name with a hyphen, `shot_-0001` and `-0001` are negative frames.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])-\d+$|\d+$")


def source_frames(scene: bpy.types.Scene) -> list[CapturedFrame]:
    """The frames that the scene's batch settings name, in order, each with its passes where there are any.

    Of the scene's own frames all views, as of two eyes; picked files are of one.

    Raises:
        SessionError: a path is empty, or frames are missing; the message names the first ones.
    """
    nst = scene.nst
    source = FrameSource[nst.source]
    if source is FrameSource.FILES:
        return _picked(absolute_path(nst.source_path, "file to stylize"), scene)
    numbers = batch_numbers(scene)
    if not numbers:
        raise SessionError(f"the frame range {numbers.start} to {numbers.stop - 1} has no frames")
    if len(numbers) > _MOST_NUMBERS:
        raise SessionError(
            f"the custom range {numbers.start} to {numbers.stop - 1} has more frames than Blender can render"
        )
    output = absolute_path(nst.output_path, "output folder")
    views = view_suffixes(scene) or [""]
    if source is FrameSource.CAPTURED:
        frames = [
            CapturedFrame(number, content_path(output, number, view), None, view=view)
            for number in numbers
            for view in views
        ]
        return _complete(frames, output, "captured; render the animation with Neural Style switched on")
    absolute_path(scene.render.filepath or "/", "render output")
    frames = [each for number in numbers for each in rendered_files(scene, number)]
    return _complete(frames, output, "rendered; press Ctrl-F12, or choose other frames")


def source_pixel_aspect(scene: bpy.types.Scene, frames: Sequence[CapturedFrame]) -> float:
    """Width over height of the frames' pixels: the scene's, or what picked files say.

    Raises:
        SessionError: the first file cannot be read.
    """
    if FrameSource[scene.nst.source] is not FrameSource.FILES:
        return scene.render.pixel_aspect_x / scene.render.pixel_aspect_y
    return movie_facts(frames[0].content).pixel_aspect


def files_of(path: Path) -> tuple[Path, int | None]:
    """The first file that a path of picked files means, and how many frames there are; None for a movie.

    Raises:
        SessionError: there is none.
    """
    if path.suffix.lower() in MOVIE_SUFFIXES and path.is_file():
        return path, None
    found = _matching(_pattern(path))
    if not found:
        raise SessionError(f"{path}: there is no such file; pick a frame, a folder or a movie")
    return next(iter(found.values())), len(found)


def batch_numbers(scene: bpy.types.Scene) -> range:
    """The scene's frames, or those of the custom range."""
    nst = scene.nst
    if nst.custom_range:
        return range(nst.range_start, nst.range_end + 1, nst.range_step)
    return range(scene.frame_start, scene.frame_end + 1, scene.frame_step)


def rendered_files(scene: bpy.types.Scene, number: int) -> list[CapturedFrame]:
    """The files that the scene's animation render writes for a frame, one a view; they may not be there.

    Raises:
        SessionError: they do not hold each view for itself.
    """
    render = scene.render
    views = scene_views(scene)
    if views:
        if render.image_settings.views_format != "INDIVIDUAL" or render.is_movie_format:
            raise SessionError(
                "the scene's own files are movies, or hold several views in one: choose the captured frames,"
                " or render pictures with Output Properties > Output > Views Format > Individual"
            )
        return [
            CapturedFrame(
                number,
                Path(os.path.normpath(render.frame_path(frame=number, view=view.name))),
                None,
                view=view.suffix,
            )
            for view in views
        ]
    path = own_file(scene, Path(os.path.normpath(render.frame_path(frame=number))))
    if not render.is_movie_format:
        return [CapturedFrame(number, path, None)]
    return [CapturedFrame(number, path, None, (number - scene.frame_start) // scene.frame_step + 1)]


def is_there(frame: CapturedFrame) -> bool:
    """Whether the frame's file holds something: Blender's placeholders are empty files."""
    try:
        return frame.content.is_file() and frame.content.stat().st_size > 0
    except OSError:
        return False


def find_passes(content: Path, frame: int, captured: Path | None, view: str = "") -> Path | None:
    """The multilayer EXR of a frame's passes: one that was captured, or one that lies beside the picture.

    Looked for as `passes/passes_0001.exr` in the folder `captured`, in the picture's own and, if that is
    called content, in the one above it; then under the picture's own name.
    """
    folders = [content.parent] if captured is None else [captured, content.parent]
    if content.parent.name == CONTENT:
        folders.append(content.parent.parent)
    for path in (*(passes_path(folder, frame, view) for folder in folders), content.with_suffix(".exr")):
        if path.is_file() and path.stat().st_size > 0:
            return path
    return None


def _complete(frames: Sequence[CapturedFrame], captured: Path | None, remedy: str) -> list[CapturedFrame]:
    lengths = {path: movie_facts(path).length for path in _movies(frames)}
    lost = [
        frame
        for frame in frames
        if not is_there(frame) or (frame.movie_frame or 0) > lengths.get(frame.content, 0) > 0
    ]
    if lost:
        path, missing = lost[0].content, list(dict.fromkeys(each.frame for each in lost))
        if len(missing) == 1:
            raise SessionError(f"frame {missing[0]} is not {remedy} ({path})")
        raise SessionError(f"frames {_named(missing)} are not {remedy} ({path})")
    return [
        replace(each, passes=find_passes(each.content, each.frame, captured, each.view)) for each in frames
    ]


def _picked(path: Path, scene: bpy.types.Scene) -> list[CapturedFrame]:
    if path.suffix.lower() in MOVIE_SUFFIXES and path.is_file():
        found = dict.fromkeys(range(1, movie_facts(path).length + 1), path)
        return [
            CapturedFrame(number, path, find_passes(path, number, None), number)
            for number in _wanted(found, scene, path)
        ]
    pattern = _pattern(path)
    found = _matching(pattern)
    if not found:
        raise SessionError(f"{pattern}: there is no such file; pick a frame, a folder or a movie")
    frames = [
        CapturedFrame(number, found.get(number, pattern), None) for number in _wanted(found, scene, pattern)
    ]
    return _complete(frames, None, "there; choose a custom range")


def _wanted(found: Collection[int], scene: bpy.types.Scene, path: Path) -> list[int]:
    """The custom range's frames, or all from the first to the last that are there."""
    if not scene.nst.custom_range:
        return sorted(found)
    numbers = batch_numbers(scene)
    # The range may be far longer than what there is: no more is looked for than is named.
    missing = list(islice((number for number in numbers if number not in found), _MOST_LISTED + 1))
    if missing or not numbers:
        which = "the custom range has no frames"
        if missing:
            named = _named(missing)
            which = f"frame {named} missing" if len(missing) == 1 else f"frames {named} missing"
        raise SessionError(f"{path}: {which}; there are {min(found)} to {max(found)}")
    return list(numbers)


def _pattern(path: Path) -> Path:
    """The path with #### where the frame number goes: of a folder, of one file, or of a pattern."""
    if path.is_dir():
        inside = sorted(each for each in path.iterdir() if _is_numbered_picture(each))
        if not inside:
            raise SessionError(f"{path}: the folder holds no numbered pictures such as render_0001.png")
        patterns = {_pattern(each) for each in inside}
        if len(patterns) > 1:
            raise SessionError(f"{path}: the folder holds several sequences; pick a frame of one of them")
        return patterns.pop()
    if "#" in path.name:
        return path
    if not _is_numbered_picture(path):
        raise SessionError(f"{path}: pick a folder, a numbered picture as render_0001.png, or a movie")
    return path.with_name(re.sub(_NUMBER, "####", path.stem) + path.suffix)


def _is_numbered_picture(path: Path) -> bool:
    numbered = re.search(_NUMBER, path.stem) is not None and not path.name.startswith(".")
    return numbered and path.suffix.lower() in FRAME_SUFFIXES


def _matching(pattern: Path) -> dict[int, Path]:
    """The files of a pattern by their number; #### stands for any number of digits."""
    if not pattern.parent.is_dir():
        raise SessionError(f"{pattern.parent}: there is no such folder")
    before, _, after = re.split(r"(#+)", pattern.name, maxsplit=1)
    expression = re.compile(re.escape(before) + r"(-?\d+)" + re.escape(after))
    matches = ((expression.fullmatch(path.name), path) for path in sorted(pattern.parent.iterdir()))
    found = {int(match.group(1)): path for match, path in matches if match is not None}
    return dict(sorted(found.items()))


def _movies(frames: Sequence[CapturedFrame]) -> set[Path]:
    """The movies among the frames' files, as far as they are there."""
    return {frame.content for frame in frames if frame.movie_frame is not None and is_there(frame)}


def _named(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:_MOST_LISTED])) + (", …" if len(numbers) > _MOST_LISTED else "")
