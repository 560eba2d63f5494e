"""`blender-nst`: the command line's commands; the module of each in `cli/commands` does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blender_nst.cli.farm.app import farm_app
from blender_nst.cli.farm.options import (
    SEQUENCE_NAMES,
    STYLE_NAMES,
    WHOLE_SHOT,
    FrameListOption,
    LeadInOption,
    MixedOption,
    ShotsOption,
    SourceArgument,
)
from blender_nst.cli.farm.progress import ProgressForm, make_progress
from blender_nst.cli.inputs.common_options import (
    BlenderOption,
    CompositeOption,
    FramesOption,
    JsonOption,
    KeepOption,
    KeepPartsOption,
    OutOption,
    PartsOption,
    PassesOption,
    PictureArgument,
    RegionsOption,
    RestartOption,
    SceneStylesOption,
    ScriptsOption,
    SequenceArgument,
    SkipOption,
    StartImageOption,
    StylesOption,
    VaryOption,
    WeightsOption,
)
from blender_nst.cli.inputs.settings_options import Settings, with_settings
from blender_nst.cli.log import LoggedTyper
from blender_nst.cli.run import run, running
from blender_nst.cli.setup_commands import blender_app, extension_app
from blender_nst.cli.signals import signals_are_raised
from compositor.settings import StyleSettings
from video.settings import FILE_SETTINGS, STILL_SETTINGS, SequenceSettings

app = LoggedTyper(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Neural style transfer for Blender animations, without flicker.",
)
app.add_typer(blender_app, name="blender")
app.add_typer(extension_app, name="extension")
app.add_typer(farm_app, name="farm")


@app.command()
@with_settings(StyleSettings, SequenceSettings)
def demo(
    *,
    settings: Settings,
    out: OutOption = Path("demo"),
    frames: Annotated[int, typer.Option(help="Number of frames.", min=1, max=1000)] = 6,
    blender: BlenderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Render a small scene made by code and stylize it with a painting made by code. Needs nothing."""
    from blender_nst.cli.commands.demo import run_demo

    with running(as_json) as display:
        run_demo(out, frames, settings, blender=blender, display=display)


@app.command()
@with_settings(StyleSettings, SequenceSettings)
def render(
    scene: Annotated[Path, typer.Argument(help="The .blend file. It is never changed.")],
    *,
    settings: Settings,
    animated: tuple[str, ...] = (),
    style: SceneStylesOption = None,
    style_weights: WeightsOption = None,
    region: PartsOption = None,
    keep: KeepPartsOption = None,
    composite: CompositeOption = False,
    out: OutOption = Path("out"),
    frames: FramesOption = None,
    restart: RestartOption = False,
    allow_scripts: ScriptsOption = False,
    blender: BlenderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Render an animation with Blender and stylize every frame as it is finished."""
    from blender_nst.cli.commands.render import render_and_stylize
    from blender_nst.cli.inputs.style_choice import choose_styles

    choice = choose_styles(
        style or [], style_weights, regions=region or [], keep=keep or [], scene_has_styles=True
    )
    with running(as_json) as display:
        render_and_stylize(
            scene,
            choice,
            out,
            frames=frames,
            composite=composite,
            restart=restart,
            allow_scripts=allow_scripts,
            settings=settings,
            animated=animated,
            blender=blender,
            display=display,
        )


@app.command()
@with_settings(StyleSettings, SequenceSettings)
def stylize(
    source: SequenceArgument,
    *,
    settings: Settings,
    style: StylesOption = None,
    style_weights: WeightsOption = None,
    region: RegionsOption = None,
    keep: KeepOption = None,
    start_image: StartImageOption = None,
    passes: PassesOption = None,
    out: OutOption = Path("out"),
    frames: FramesOption = None,
    skip_missing: SkipOption = False,
    restart: RestartOption = False,
    as_json: JsonOption = False,
) -> None:
    """Stylize frames that are there already: a numbered sequence or a movie."""
    from blender_nst.cli.commands.stylize import stylize_sequence
    from blender_nst.cli.inputs.style_choice import choose_styles

    choice = choose_styles(
        style or [], style_weights, regions=region or [], keep=keep or [], start_image=start_image
    )
    with running(as_json) as display:
        stylize_sequence(
            source,
            choice,
            out,
            passes=passes,
            frames=frames,
            skip_missing=skip_missing,
            restart=restart,
            settings=settings,
            display=display,
        )


@app.command()
@with_settings(StyleSettings, SequenceSettings, style=STYLE_NAMES, sequence=SEQUENCE_NAMES)
def chunk(
    source: SourceArgument,
    *,
    settings: Settings,
    animated: tuple[str, ...] = (),
    frames: FrameListOption,
    lead_in: LeadInOption = WHOLE_SHOT,
    shots: ShotsOption = None,
    style: StylesOption = None,
    style_weights: WeightsOption = None,
    region: RegionsOption = None,
    keep: KeepOption = None,
    passes: PassesOption = None,
    out: OutOption = Path("out"),
    allow_mixed: MixedOption = False,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for another process that makes the same chunk.", min=0.0)
    ] = 60.0,
    progress: Annotated[
        ProgressForm, typer.Option(help="What is printed: bars for a person, or lines for a farm.")
    ] = ProgressForm.BARS,
    allow_scripts: ScriptsOption = False,
    blender: BlenderOption = None,
) -> None:
    """Stylize some frames of a sequence or .blend on one of many machines, for a render farm.

    Do the same again to go on. Exit codes: 0 done; 1 try again, best on another machine; 2 do not try again;
    75 try again later.
    """
    from blender_nst.cli.farm.chunk import make_chunks
    from blender_nst.cli.farm.work import FarmOptions
    from blender_nst.cli.inputs.style_choice import choose_styles

    choice = choose_styles(style or [], style_weights, regions=region or [], keep=keep or [])
    with signals_are_raised(), make_progress(progress) as display:
        options = FarmOptions(source, choice, settings, out, passes, blender, allow_scripts, animated)
        make_chunks(
            options,
            frames,
            lead_in,
            shots=shots,
            allow_mixed=allow_mixed,
            patience=wait,
            display=display,
        )


@app.command()
@with_settings(StyleSettings, SequenceSettings, sequence=STILL_SETTINGS | FILE_SETTINGS)
def image(
    source: PictureArgument,
    *,
    settings: Settings,
    style: StylesOption = None,
    style_weights: WeightsOption = None,
    region: RegionsOption = None,
    keep: KeepOption = None,
    start_image: StartImageOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The PNG or EXR to write.")] = Path("styled.png"),
    as_json: JsonOption = False,
) -> None:
    """Stylize one still picture."""
    from blender_nst.cli.commands.stylize import stylize_image
    from blender_nst.cli.inputs.style_choice import choose_styles

    choice = choose_styles(
        style or [], style_weights, regions=region or [], keep=keep or [], start_image=start_image
    )
    with running(as_json) as display:
        stylize_image(source, choice, out, settings, display)


@app.command()
@with_settings(StyleSettings, SequenceSettings, sequence=STILL_SETTINGS)
def sweep(
    source: PictureArgument,
    *,
    settings: Settings,
    vary: VaryOption = None,
    style: StylesOption = None,
    style_weights: WeightsOption = None,
    out: OutOption = Path("sweep"),
    as_json: JsonOption = False,
) -> None:
    """Stylize one picture over a grid of settings: a PNG for each, a table, and a labeled sheet."""
    from blender_nst.cli.commands.sweep import run_sweep

    with running(as_json) as display:
        run_sweep(source, style or [], style_weights, vary or [], out, settings=settings, display=display)


@app.command()
@with_settings(StyleSettings, SequenceSettings, sequence=frozenset({"motion"}))
def metrics(
    styled: Annotated[
        Path,
        typer.Argument(
            metavar="STYLED", help="The styled frames: a run's output folder, pattern, folder, movie."
        ),
    ],
    *,
    settings: Settings,
    content: Annotated[Path, typer.Option("--content", "-c", help="The frames that were stylized.")],
    passes: PassesOption = None,
    style: StylesOption = None,
    style_weights: WeightsOption = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the measures to this PNG, SVG or PDF.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure flicker, losses, local style, noise, imprints, fine detail and light, frame by frame."""
    from blender_nst.cli.commands.metrics import measure_sequence
    from blender_nst.cli.inputs.style_choice import choose_styles

    choice = choose_styles(style, style_weights) if style else None
    with running(as_json) as display:
        measure_sequence(
            styled, content, passes, choice, plot, settings=settings, display=display, as_json=as_json
        )


@app.command()
@with_settings(StyleSettings, SequenceSettings, sequence=frozenset({"warm_steps"}))
def bench(
    *,
    settings: Settings,
    sizes: Annotated[
        str, typer.Option(metavar="WxH,WxH", help="Sizes to measure a step at.")
    ] = "128x128,256x192,256x256,512x512",
    repeats: Annotated[int, typer.Option(help="Steps at each size, three times over.", min=1, max=1000)] = 5,
    reference: Annotated[
        bool, typer.Option(help="Time the published method beside it, in single precision.")
    ] = True,
    frame: Annotated[
        str | None,
        typer.Option(metavar="WxH", help="Print instead where the time of a frame of this size goes."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure this machine: seconds a step by size, beside the published method, and a whole frame."""
    from blender_nst.cli.commands.bench import run_bench

    with signals_are_raised():
        run_bench(sizes, repeats, settings, reference=reference, frame=frame, as_json=as_json)


@app.command()
def doctor(
    *,
    blender: BlenderOption = None,
    report: Annotated[
        bool, typer.Option("--report", help="Print a text for a bug report, without private paths.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Output folder of the run that the report is about.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what is here (PyTorch, device, Blender, weights) and what to do about what is missing."""
    from blender_nst.cli.commands.doctor import examine, print_findings, print_report

    findings = examine(blender)
    if report:
        print_report(findings, out)
        return
    print_findings(findings, as_json)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def main() -> None:
    """Runs the command line and ends the process, see `run`."""
    run(app)


if __name__ == "__main__":
    main()
