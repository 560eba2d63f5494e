# Generated from video/files/output_folder.py by `python -m blender_nst.cli.packaging.generate`: do not edit.
"""Names of everything in a run's output folder, for the engine and for Blender: the standard library alone.

styled/styled_0001.png          the styled frames; `video.settings.FrameFormat` says their suffix
content/content_0001.png        the frames as Blender rendered them; captured.json says which are whole
passes/passes_0001.exr          their render passes; passes_0001.json says their camera and view
composited/composited_0001.png  the styled frames after the scene's own compositor
debug/, snapshots/              what the settings ask for beside the frames
stills/                         an output folder of its own, for single frames
journal.json, .journal/         what a later run resumes from
styled.mp4, composited.mp4, contact_sheet.png, preview.png
engine.log, blender.log, extension.log, blender-nst.log
"""

from __future__ import annotations

from pathlib import Path

STYLED = "styled"
CONTENT = "content"
PASSES = "passes"
COMPOSITED = "composited"
DEBUG = "debug"
SNAPSHOTS = "snapshots"
STILLS = "stills"
KEPT_RESULTS = ".journal"
"""Folder of the arrays that a later run needs to resume; removed when none is needed any more."""

JOURNAL = "journal.json"
CAPTURED = "captured.json"
"""In the folder of the content frames."""
CONTACT_SHEET = "contact_sheet.png"
PREVIEW = "preview.png"
ENGINE_LOG = "engine.log"
BLENDER_LOG = "blender.log"
EXTENSION_LOG = "extension.log"
COMMAND_LINE_LOG = "blender-nst.log"
LOCK = ".lock"

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


def movie(kind: str, suffix: str) -> str:
    """The movie of all styled or all composited frames: `styled.mp4`."""
    return f"{kind}{suffix}"
