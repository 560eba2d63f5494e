"""The arguments and options that the commands are put together from, apart from the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SequenceArgument = Annotated[
    Path, typer.Argument(metavar="INPUT", help="A pattern as render_####.png, a folder, or a movie.")
]
PictureArgument = Annotated[Path, typer.Argument(metavar="INPUT", help="The picture to stylize.")]
StylesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--style",
        "-s",
        help="A style picture: a painting, a drawing. Several of them, each with --style, mix.",
    ),
]
WeightsOption = Annotated[
    str | None,
    typer.Option(
        "--style-weights", metavar="W,W", help="A weight for each --style, as 1,0.5; default equal."
    ),
]
RegionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="MASK=STYLE",
        help="Another style where a mask is white (a picture; for a sequence mask_####.png or a movie too),"
        " or, with --passes, for object:NAME or material:NAME. Repeatable.",
    ),
]
KeepOption = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="MASK", help="What is left as rendered: a mask or part, as for --region."),
]
PartsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="PART=STYLE",
        help="Another style for a part of the scene: object:NAME, collection:NAME or material:NAME."
        " Repeatable; where parts overlap the first one goes first.",
    ),
]
SceneStylesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--style",
        "-s",
        help="A style picture; several of them mix. Without any, those of the .blend are taken.",
    ),
]
CompositeOption = Annotated[
    bool,
    typer.Option(
        "--composite",
        help="Stylize the frames before the scene's compositor, then run it over the styled ones, into"
        " composited/.",
    ),
]
ScriptsOption = Annotated[
    bool,
    typer.Option(
        "--allow-scripts",
        help="Run the Python in the .blend: registered texts, drivers, Freestyle modules. Only for files that"
        " you trust.",
    ),
]
KeepPartsOption = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="PART", help="A part that is left as rendered, as for --region."),
]
StartImageOption = Annotated[
    Path | None,
    typer.Option("--start-image", help="Picture that the optimization (of the first frame) starts from."),
]
PassesOption = Annotated[
    Path | None,
    typer.Option(
        "--passes", help="Multilayer EXRs with Blender's Vector and Z passes: a folder or passes_####.exr."
    ),
]
SkipOption = Annotated[
    bool, typer.Option("--skip-missing", help="Leave out frames that are missing instead of stopping.")
]
RestartOption = Annotated[
    bool,
    typer.Option(
        "--restart/--resume",
        help="Begin anew and put what is finished aside in styled.old, or go on with the finished frames of"
        " the same settings in the output folder, which is the default.",
        show_default=False,
    ),
]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; made if absent.")]
FramesOption = Annotated[
    str | None, typer.Option("--frames", "-f", help="Frames as 1-48, every second one as 1-48x2, one as 7.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program, no progress bars.")]
VaryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="NAME=VALUE,VALUE",
        help="A setting and its values, or style and its pictures; + joins layers, as in"
        " style_layers=relu1_1,relu1_1+relu2_1. Several of them span a grid.",
    ),
]
BlenderOption = Annotated[
    Path | None,
    typer.Option(
        "--blender",
        help="Blender's executable, or a Python that has bpy. Otherwise $BLENDER_NST_BLENDER, blender on the "
        "PATH, or a private bpy that is installed on first use.",
    ),
]
