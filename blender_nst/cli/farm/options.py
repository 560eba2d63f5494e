"""The options that the farm's commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from blender_nst import addon
from compositor.settings import Group, StyleSettings, setting_infos
from video.settings import SequenceSettings

STYLE_NAMES, SEQUENCE_NAMES = (
    frozenset(
        name
        for name, info in setting_infos(kind).items()
        if info.group is not Group.OUTPUT or info.changes_pixels
    )
    for kind in (StyleSettings, SequenceSettings)
)
"""The settings that a chunk has: no movie, contact sheet, snapshots or pictures for debugging."""


class FarmEngine(StrEnum):
    """The engines of farms that jobs can be written for; `submit` says by what."""

    OPENJD = "openjd"


DEFAULT_LEAD_IN = "4"
"""Where it is a number of frames."""

WHOLE_SHOT = "shot"
"""The lead-in that leaves no seam."""

PROGRAM = "blender-nst"
"""The command on a farm's machines."""

FLAMENCO_SCRIPT = addon.FOLDER / "ui" / "farm" / "render_and_stylize.js"
"""Flamenco's job type "Render and Stylize", which is generated (`cli/packaging/flamenco_script.py`)."""

SourceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="INPUT", help="A .blend file to render, or a pattern as render_####.png, a folder, a movie."
    ),
]
FrameListOption = Annotated[
    str,
    typer.Option(
        "--frames", "-f", metavar="LIST", help="Frames as farms write them: 1-24, 7,8, -3-4, 1-24x2, 1-24:2."
    ),
]
LeadInOption = Annotated[
    str,
    typer.Option(
        "--lead-in",
        metavar="N|shot",
        help="Frames before the chunk that are stylized too and thrown away; shot is all since the shot's"
        " beginning, and gives the very frames of a run on one machine.",
    ),
]
ShotsOption = Annotated[
    str | None,
    typer.Option(
        metavar="N,N",
        help="First frames of the shots, as 1,49,97, where they are known; otherwise a .blend tells them by"
        " its camera markers, and frames are searched for cuts when needed.",
    ),
]

ChunkSizeOption = Annotated[
    int | None,
    typer.Option(
        "--chunk-size",
        help="Frames in a chunk, at most. Without it a chunk is a whole shot, or has 24 frames where the"
        " lead-in is a number.",
        min=1,
        show_default=False,
    ),
]
MixedOption = Annotated[
    bool,
    typer.Option("--allow-mixed", help="Take part although this machine gives another look, and say so."),
]


def default_chunk_size(lead_in: str) -> int | None:
    """How many frames a chunk has at most, if nothing is said; None is a whole shot.

    Of the chunks of a shot that all lead in from its first frame, the last one takes as long as the shot.
    """
    return None if lead_in.strip() == WHOLE_SHOT else 24
