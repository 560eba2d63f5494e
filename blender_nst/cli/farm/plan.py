"""Plans a farm's run: `blender-nst farm plan`."""

from __future__ import annotations

import json
import sys

from blender_nst.cli.display import Display
from blender_nst.cli.errors import InputError
from blender_nst.cli.farm.work import FarmOptions, FarmSource
from video.farm.finish import finished_chunks
from video.farm.lead_in import parse_lead_in
from video.farm.plan import FarmPlan, FrameTime, plan_chunks
from video.farm.shots import parse_shots
from video.frames.sequence import FrameRange, parse_range

_MOST_ROWS = 60
"""Of the table; a film has thousands of chunks."""


def make_plan(
    source: FarmSource,
    options: FarmOptions,
    *,
    frames: str | None,
    lead_in: str,
    shots: str | None,
    chunk_size: int | None,
    seconds_per_frame: float | None = None,
) -> FarmPlan:
    """The plan that the options ask for.

    Args:
        source: that of the options.
        seconds_per_frame: of a frame with a predecessor. Without it the finished chunks in the output folder
            tell how long a frame takes.

    Raises:
        VideoError, InputError, BlenderError: bad input.
        RenderError: Blender could not tell the frames of a scene.
    """
    lead = parse_lead_in(lead_in)
    available = source.available()
    chosen = available if frames is None else parse_range(frames)
    if not available.first <= chosen.first <= chosen.last <= available.last:
        raise InputError(f"the frames {chosen} are not all there; there are {available}")
    style, sequence = options.settings
    if seconds_per_frame is None:
        time = FrameTime.measured(finished_chunks(options.out).records)
    else:
        time = FrameTime.of_warm(seconds_per_frame, style, sequence)
    before = (chosen.first - available.first) // chosen.step * chosen.step
    searched = FrameRange(chosen.first - before, chosen.last, chosen.step)
    starts = source.shots(searched) if shots is None else parse_shots(shots)
    return plan_chunks(chosen, starts, chunk_size, lead, passes=sequence.pass_count, time=time)


def print_plan(plan: FarmPlan, workers: int, display: Display, *, as_json: bool) -> None:
    """Prints the chunks and what they cost, as a table or as JSON."""
    if as_json:
        sys.stdout.write(json.dumps(_as_json(plan, workers)) + "\n")
        return
    rows = [
        [
            str(each.span.own),
            str(len(each.span.own.numbers())),
            str(each.span.discarded),
            str(each.shot),
            "seam" if each.is_seam else "",
            _duration(each.seconds),
        ]
        for each in plan.chunks
    ]
    display.table(["frames", "count", "lead-in", "shot", "", "time"], rows[:_MOST_ROWS])
    if len(rows) > _MOST_ROWS:
        display.say(f"and {len(rows) - _MOST_ROWS} more chunks; --json has all")
    display.say(
        f"{plan.frames} frames, {len(plan.shots)} shots, {len(plan.chunks)} chunks, {len(plan.seams)} seams;"
        f" {100.0 * plan.discarded_share:.1f} % of the work is lead-in"
    )
    display.say(f"first frames of the shots: --shots {','.join(map(str, plan.shots))}")
    if plan.seconds is not None:
        elapsed = _duration(plan.elapsed(workers))
        display.say(
            f"{_duration(plan.seconds)} of work; {elapsed} on {workers} machine{'' if workers == 1 else 's'}"
        )


def _as_json(plan: FarmPlan, workers: int) -> dict[str, object]:
    return {
        "frames": plan.frames,
        "shots": plan.shots,
        "seams": plan.seams,
        "lead_in_share": plan.discarded_share,
        "seconds": plan.seconds,
        "workers": workers,
        "elapsed_seconds": plan.elapsed(workers),
        "chunks": [
            {
                "name": each.span.name,
                "frames": str(each.span.own),
                "count": len(each.span.own.numbers()),
                "run": str(each.span.run),
                "lead_in": each.span.discarded,
                "shot": each.shot,
                "seam": each.is_seam,
                "seconds": each.seconds,
            }
            for each in plan.chunks
        ],
    }


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
