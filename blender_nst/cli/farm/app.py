"""`blender-nst farm …`: plans a run on many machines, writes its job or runs it, and ends it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from blender_nst.cli.farm.options import (
    SEQUENCE_NAMES,
    STYLE_NAMES,
    WHOLE_SHOT,
    ChunkSizeOption,
    FarmEngine,
    LeadInOption,
    MixedOption,
    ShotsOption,
    SourceArgument,
    default_chunk_size,
)
from blender_nst.cli.inputs.common_options import (
    BlenderOption,
    FramesOption,
    JsonOption,
    KeepOption,
    OutOption,
    PassesOption,
    RegionsOption,
    ScriptsOption,
    StylesOption,
    WeightsOption,
)
from blender_nst.cli.inputs.settings_options import Settings, with_settings
from blender_nst.cli.log import LoggedTyper
from blender_nst.cli.run import running
from compositor.settings import StyleSettings
from video.settings import MovieCodec, SequenceSettings

farm_app = LoggedTyper(
    no_args_is_help=True, help="One run on many machines; `blender-nst chunk` does the work."
)


@farm_app.command()
@with_settings(StyleSettings, SequenceSettings, style=STYLE_NAMES, sequence=SEQUENCE_NAMES)
def plan(
    source: SourceArgument,
    *,
    settings: Settings,
    frames: FramesOption = None,
    lead_in: LeadInOption = WHOLE_SHOT,
    shots: ShotsOption = None,
    chunk_size: ChunkSizeOption = None,
    passes: PassesOption = None,
    out: OutOption = Path("out"),
    seconds_per_frame: Annotated[
        float | None,
        typer.Option(
            help="What a frame with a predecessor takes; without it, as long as in the finished chunks in the"
            " output folder.",
            min=0.0,
        ),
    ] = None,
    workers: Annotated[int, typer.Option(help="Machines that work at the same time.", min=1)] = 1,
    allow_scripts: ScriptsOption = False,
    blender: BlenderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the shots and chunks of a sequence or .blend, what their lead-in costs, and how long they take."""
    from blender_nst.cli.farm.plan import make_plan, print_plan
    from blender_nst.cli.farm.work import FarmOptions, open_source
    from blender_nst.cli.inputs.style_choice import StyleChoice

    with running(as_json) as display:
        options = FarmOptions(source, StyleChoice((), ()), settings, out, passes, blender, allow_scripts)
        made = make_plan(
            open_source(options, display),
            options,
            frames=frames,
            lead_in=lead_in,
            shots=shots,
            chunk_size=chunk_size or default_chunk_size(lead_in),
            seconds_per_frame=seconds_per_frame,
        )
        print_plan(made, workers, display, as_json=as_json)


@farm_app.command()
@with_settings(StyleSettings, SequenceSettings, style=STYLE_NAMES, sequence=SEQUENCE_NAMES)
def submit(
    source: SourceArgument,
    *,
    settings: Settings,
    animated: tuple[str, ...] = (),
    job: Annotated[Path, typer.Option(help="Folder that the job is written to; made if absent.")],
    engine: Annotated[FarmEngine, typer.Option(help="The farm's engine.")] = FarmEngine.OPENJD,
    frames: FramesOption = None,
    chunk_size: ChunkSizeOption = None,
    lead_in: LeadInOption = WHOLE_SHOT,
    shots: ShotsOption = None,
    style: StylesOption = None,
    style_weights: WeightsOption = None,
    region: RegionsOption = None,
    keep: KeepOption = None,
    passes: PassesOption = None,
    out: OutOption = Path("out"),
    allow_scripts: ScriptsOption = False,
    blender: BlenderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the job of a run for a farm's engine, which makes the chunks and finishes them."""
    from blender_nst.cli.farm.submit import write_job
    from blender_nst.cli.farm.work import FarmOptions
    from blender_nst.cli.inputs.style_choice import choose_styles

    choice = choose_styles(style or [], style_weights, regions=region or [], keep=keep or [])
    with running(as_json) as display:
        options = FarmOptions(source, choice, settings, out, passes, blender, allow_scripts, animated)
        written = write_job(
            engine,
            options,
            job,
            frames=frames,
            chunk_size=chunk_size or default_chunk_size(lead_in),
            lead_in=lead_in,
            shots=shots,
            display=display,
        )
    if as_json:
        sys.stdout.write(json.dumps({"job": str(written)}) + "\n")


@farm_app.command()
@with_settings(StyleSettings, SequenceSettings, style=STYLE_NAMES, sequence=SEQUENCE_NAMES)
def run(
    source: SourceArgument,
    *,
    settings: Settings,
    animated: tuple[str, ...] = (),
    scheduler: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS|local:N",
            help="A scheduler of Dask, as tcp://host:8786, or N workers of this machine.",
        ),
    ],
    frames: FramesOption = None,
    chunk_size: ChunkSizeOption = None,
    lead_in: LeadInOption = WHOLE_SHOT,
    shots: ShotsOption = None,
    style: StylesOption = None,
    style_weights: WeightsOption = None,
    region: RegionsOption = None,
    keep: KeepOption = None,
    passes: PassesOption = None,
    out: OutOption = Path("out"),
    attempts: Annotated[int, typer.Option(help="How often a chunk is tried.", min=1, max=100)] = 3,
    allow_mixed: MixedOption = False,
    finish: Annotated[
        bool, typer.Option("--finish/--no-finish", help="Make movie, contact sheet and metrics at the end.")
    ] = True,
    allow_scripts: ScriptsOption = False,
    blender: BlenderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make all chunks on workers of Dask, again on others where one fails, and finish the run.

    Do the same again to go on. Needs the extra `dask`.
    """
    from blender_nst.cli.farm.dask_run.run import RunOptions, run_on_dask
    from blender_nst.cli.farm.work import FarmOptions
    from blender_nst.cli.inputs.style_choice import choose_styles

    choice = choose_styles(style or [], style_weights, regions=region or [], keep=keep or [])
    how = RunOptions(
        scheduler,
        frames,
        lead_in,
        shots,
        chunk_size or default_chunk_size(lead_in),
        attempts,
        allow_mixed=allow_mixed,
        finish=finish,
    )
    with running(as_json) as display:
        options = FarmOptions(source, choice, settings, out, passes, blender, allow_scripts, animated)
        run_on_dask(options, how, display, as_json=as_json)


@farm_app.command()
def flamenco(
    folder: Annotated[
        Path,
        typer.Argument(metavar="SCRIPTS", help="The folder scripts beside flamenco-manager; made if absent."),
    ],
) -> None:
    """Put the job type Render and Stylize where Flamenco's Manager takes it from."""
    from blender_nst.cli.farm.submit import write_flamenco_script

    with running(as_json=False) as display:
        display.say(f"job type for Flamenco: {write_flamenco_script(folder)}; restart its Manager")


@farm_app.command()
def finish(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder that the chunks were made in.")],
    *,
    frames: Annotated[
        str | None,
        typer.Option(
            "--frames",
            "-f",
            metavar="LIST",
            help="Frames that must be there; without it, all between the first and the last.",
        ),
    ] = None,
    content: Annotated[
        Path | None,
        typer.Option("--content", "-c", help="The frames that were stylized, if they are elsewhere now."),
    ] = None,
    passes: PassesOption = None,
    movie: Annotated[bool, typer.Option(help="Write the movie.")] = True,
    movie_codec: Annotated[MovieCodec, typer.Option(help="How it is encoded.")] = MovieCodec.H264,
    frame_rate: Annotated[
        float, typer.Option(help="Frames a second; 0 is the scene's, or the movie's.", min=0.0, max=240.0)
    ] = 0.0,
    contact_sheet: Annotated[bool, typer.Option(help="Write the contact sheet.")] = True,
    metrics: Annotated[bool, typer.Option(help="Measure the flicker, at the seams and inside.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Check that all chunks' frames are there, and make journal, movie, contact sheet and metrics of them."""
    from blender_nst.cli.farm.finish import FinishOptions, finish_run

    options = FinishOptions(
        out,
        frames,
        content,
        passes,
        movie=movie,
        movie_codec=movie_codec,
        frame_rate=frame_rate,
        contact_sheet=contact_sheet,
        metrics=metrics,
    )
    with running(as_json) as display:
        finish_run(options, display, as_json=as_json)
