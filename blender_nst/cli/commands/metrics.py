"""Measures a styled sequence: `blender-nst metrics`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from blender_nst.cli.display import Display
from blender_nst.cli.errors import InputError
from blender_nst.cli.inputs.settings_options import Settings
from blender_nst.cli.inputs.style_choice import StyleChoice
from compositor.engine import StyleEngine
from compositor.networks.weights import network_files
from video.files.output_checks import check_output_file
from video.files.output_folder import STYLED
from video.frames.passes_sequence import PassesSequence, open_passes
from video.frames.sequence import SourceFrame, open_sequence
from video.motion.motion_source import MotionFinder
from video.reports.frame_measure import MEASURES, FrameMeasure, Measure, MeasureTable
from video.reports.sequence_metrics import measure
from video.reports.sequence_summary import SUMMARY_TITLES, means, summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def measure_sequence(
    styled: Path,
    content: Path,
    passes: Path | None,
    choice: StyleChoice | None,
    plot: Path | None,
    *,
    settings: Settings,
    display: Display,
    as_json: bool,
) -> None:
    """Prints the measures of every styled frame and of all.

    Args:
        styled: the frames, or the output folder of the run that made them.
        plot: a picture to draw them to.

    Raises:
        VideoError, CompositorError, InputError: bad input.
    """
    results = open_sequence(_styled_frames(styled))
    first, last = results.numbers[0], results.numbers[-1]
    contents = open_sequence(content)
    wanted = set(results.numbers)
    missing = sorted(wanted.difference(contents.numbers))
    if missing:
        raise InputError(f"{content} has no frame {missing[0]}, which is styled; there are {first} to {last}")
    finder = MotionFinder(settings[1].motion, display.say, settings[0].device)
    if not finder.finds_motion:
        raise InputError(f"the flicker is measured along a motion: --motion {finder.source} has none")
    passes_files = {} if passes is None else open_passes(passes, results.numbers)
    if plot is not None:
        read = [*results.paths, *contents.paths, *passes_files.values(), *network_files(settings[0].network)]
        check_output_file(plot, read + ([] if choice is None else choice.files()))
        if find_spec("matplotlib") is None:
            raise InputError("--plot needs matplotlib: pip install 'blender-nst[plot]'")
    sources: Iterable[SourceFrame] = (frame for frame in contents if frame.number in wanted)
    if passes is not None:
        sources = PassesSequence(sources, passes_files)
    engine = None
    if choice is not None:
        engine = StyleEngine(settings[0], choice.read_styles(), fetching=display.fetching)
    display.expect(len(results.numbers), doing="measuring")
    measured = measure(results, sources, finder, engine, lambda frame: display.step(f"frame {frame.number}"))
    if as_json:
        frames = [{"number": each.number} | {m.name: m.of(each) for m in MEASURES} for each in measured]
        print(json.dumps({"frames": frames, "all": means(measured) | summary(measured)}))
    else:
        _show(measured, display)
    if plot is not None:
        draw(measured, plot)
        display.say(f"plot: {plot}")


def _styled_frames(path: Path) -> Path:
    """The styled frames themselves, where a run's output folder is named."""
    inside = path / STYLED
    return inside if inside.is_dir() else path


def _show(measured: Sequence[FrameMeasure], display: Display) -> None:
    """Prints a table for each kind of measure, and one of the sequence as a whole."""
    overall = means(measured)
    for table in MeasureTable:
        shown = [each for each in MEASURES if each.table is table and overall[each.name] is not None]
        if not shown:
            continue
        rows = [[str(frame.number), *(_number(each.of(frame)) for each in shown)] for frame in measured]
        rows.append(["all", *(_number(overall[each.name]) for each in shown)])
        display.say(f"{table.value}:")
        display.table(["frame", *(each.heading for each in shown)], rows)
    whole = [[SUMMARY_TITLES[name], _number(value)] for name, value in summary(measured).items()]
    whole = [row for row in whole if row[1]]
    if whole:
        display.say("the sequence as a whole:")
        display.table(["measure", "value"], whole)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def draw(measured: Sequence[FrameMeasure], path: Path) -> None:
    """Draws the measures over the frames, one under the other; raises InputError if it cannot be written."""
    # Heavy, and needed by this command alone.
    from matplotlib.figure import Figure

    panels: dict[str, list[Measure]] = {}
    for each in MEASURES:
        if any(each.of(frame) is not None for frame in measured):
            panels.setdefault(each.panel, []).append(each)
    figure = Figure(figsize=(8.0, 1.0 + 1.6 * len(panels)), layout="constrained")
    rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (label, lines) in zip(rows, panels.items(), strict=True):
        _draw_panel(axes, label, lines, measured)
    rows[-1].set_xlabel("frame")
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the plot cannot be written: {error}") from None


def _draw_panel(axes: Axes, label: str, lines: Sequence[Measure], measured: Sequence[FrameMeasure]) -> None:
    """Draws measures over the frames; a 90th percentile is dashed, in the color of the mean before it."""
    axes.margins(y=0.1)
    # The upper end is found from zero, since a curve that hardly changes would lie on the border.
    axes.update_datalim([(measured[0].number, 0.0)])
    color = None
    for each in lines:
        points = [(frame.number, value) for frame in measured if (value := each.of(frame)) is not None]
        numbers, values = zip(*points, strict=True)
        dashed = each.name.endswith("_p90")
        drawn = axes.plot(
            *(numbers, values, "--" if dashed else "-"),
            marker="o",
            markersize=3,
            color=color if dashed else None,
            label="_" if dashed else each.heading,
        )
        color = drawn[0].get_color()
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0.0)
    axes.grid(alpha=0.3)
    if len(lines) > 1:
        axes.legend(fontsize="x-small", loc="lower right", ncols=len(lines))
