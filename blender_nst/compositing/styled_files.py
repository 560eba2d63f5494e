"""Where the styled and the composited frames are on disk, and what their files hold.

The formats are the engine's (`video.settings.FrameFormat`, which cannot be imported here). A PNG holds the
frame as it is displayed, an EXR scene-linear light.
"""

from __future__ import annotations

from pathlib import Path

import bpy

from ..capture.frame import content_path

LIGHT = ".exr"
_SUFFIXES = {"PNG": ".png", "PNG16": ".png", "EXR": LIGHT}


def chosen_suffix(scene: bpy.types.Scene) -> str:
    """Of the files that the scene's output format gives."""
    return _SUFFIXES[scene.nst.output_format]


def styled_suffix(scene: bpy.types.Scene, output: Path) -> str:
    """Of the styled frames in a folder: the chosen one, unless all that are there have another."""
    chosen = chosen_suffix(scene)
    there = {path.suffix for path in (output / "styled").glob("styled_*")}
    return next((each for each in (chosen, *_SUFFIXES.values()) if each in there), chosen)


def styled_path(output: Path, frame: int, suffix: str) -> Path:
    """Where the style engine writes a frame."""
    return _numbered(output, "styled", frame, suffix)


def composited_path(output: Path, frame: int, suffix: str) -> Path:
    """Where the composited frame goes."""
    return _numbered(output, "composited", frame, suffix)


def is_written(path: Path) -> bool:
    """Whether a frame is there; an empty file is a placeholder."""
    return path.is_file() and path.stat().st_size > 0


def _numbered(output: Path, kind: str, frame: int, suffix: str) -> Path:
    name = content_path(output, frame).stem.replace("content", kind)
    return output / kind / f"{name}{suffix}"
