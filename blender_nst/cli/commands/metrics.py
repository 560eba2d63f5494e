"""Measures a styled sequence: `blender-nst metrics`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from blender_nst.cli.display import Display
from blender_nst.cli.errors import InputError
from blender_nst.cli.inputs.settings_options import Settings
from blender_nst.cli.inputs.style_choice import StyleChoice
from compositor.engine import StyleEngine
from video.files.output_folder import STYLED
from video.frames.sequence import PassesSequence, SourceFrame, open_passes, open_sequence
from video.images.image_files import check_writable
from video.motion.motion_source import MotionFinder
from video.reports.sequence_metrics import LONG_TERM, MEASURES, FrameMeasure, means, measure

_TITLES = {
    "warp_error": "warp error",
    "long_warp_error": f"over {LONG_TERM} frames",
    "style": "style loss",
    "content": "content loss",
}


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
    if plot is not None:
        check_writable(plot.parent)
        if find_spec("matplotlib") is None:
            raise InputError("--plot needs matplotlib: pip install 'blender-nst[plot]'")
    sources: Iterable[SourceFrame] = (frame for frame in contents if frame.number in wanted)
    if passes is not None:
        sources = PassesSequence(sources, open_passes(passes, results.numbers))
    engine = None
    if choice is not None:
        engine = StyleEngine(settings[0], choice.read_styles(), fetching=display.fetching)
    display.expect(len(results.numbers), doing="measuring")
    measured = measure(results, sources, finder, engine, lambda frame: display.step(f"frame {frame.number}"))
    if as_json:
        print(json.dumps({"frames": [asdict(each) for each in measured], "all": means(measured)}))
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
    overall = means(measured)
    names = [name for name in MEASURES if overall[name] is not None]
    rows = [[str(each.number), *(_number(getattr(each, name)) for name in names)] for each in measured]
    rows.append(["all", *(_number(overall[name]) for name in names)])
    display.table(["frame", *(_TITLES[name] for name in names)], rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def draw(measured: Sequence[FrameMeasure], path: Path) -> None:
    """Draws the measures over the frames, one under the other; raises InputError if it cannot be written."""
    # Heavy, and needed by this command alone.
    from matplotlib.figure import Figure

    names = [name for name in MEASURES if any(getattr(each, name) is not None for each in measured)]
    if not names:
        raise InputError(f"{path}: a single frame has nothing to plot; name a style or more frames")
    figure = Figure(figsize=(8.0, 1.0 + 1.6 * len(names)), layout="constrained")
    rows = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(rows, names, strict=True):
        points = [(each.number, getattr(each, name)) for each in measured if getattr(each, name) is not None]
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3)
        axes.set_ylabel(_TITLES[name])
        axes.set_ylim(bottom=0.0)
        axes.grid(alpha=0.3)
    rows[-1].set_xlabel("frame")
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the plot cannot be written: {error}") from None
