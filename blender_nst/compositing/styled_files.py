"""Paths and formats of the styled and the composited frames.

The formats are the engine's (`video.settings.FrameFormat`, which cannot be imported here). A PNG holds the
frame as it is displayed, an EXR scene-linear light.
"""

from __future__ import annotations

from pathlib import Path

import bpy

from ..output_folder import COMPOSITED, STYLED, numbered_file

LIGHT = ".exr"
_SUFFIXES = {"PNG": ".png", "PNG16": ".png", "EXR": LIGHT}


def chosen_suffix(scene: bpy.types.Scene) -> str:
    """Of the files that the scene's output format gives."""
    return _SUFFIXES[scene.nst.output_format]


def styled_suffix(scene: bpy.types.Scene, output: Path) -> str:
    """Of the styled frames in a folder: the chosen one, unless all that are there have another."""
    chosen = chosen_suffix(scene)
    there = {path.suffix for path in (output / STYLED).glob(f"{STYLED}_*")}
    return next((each for each in (chosen, *_SUFFIXES.values()) if each in there), chosen)


def styled_path(output: Path, frame: int, suffix: str) -> Path:
    """Where the style engine writes a frame."""
    return numbered_file(output, STYLED, frame, suffix)


def composited_path(output: Path, frame: int, suffix: str) -> Path:
    """Where the composited frame goes."""
    return numbered_file(output, COMPOSITED, frame, suffix)


def is_written(path: Path) -> bool:
    """Whether a frame is there; an empty file is a placeholder."""
    return path.is_file() and path.stat().st_size > 0
