"""Writes the job of a run for a farm's engine: `blender-nst farm submit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from blender_nst.cli.display import Display
from blender_nst.cli.errors import InputError
from blender_nst.cli.farm.arguments import FarmJob
from blender_nst.cli.farm.openjd import write_bundle
from blender_nst.cli.farm.options import FLAMENCO_SCRIPT, FarmEngine
from blender_nst.cli.farm.work import FarmOptions, open_source
from video.farm.lead_in import parse_lead_in
from video.farm.plan import FarmPlan, plan_chunks
from video.farm.shots import parse_shots
from video.files.atomic import write_atomically
from video.frames.sequence import parse_range

WRITERS: Mapping[FarmEngine, Callable[[FarmJob, FarmPlan, int | None, Path], Path]] = {
    FarmEngine.OPENJD: write_bundle
}
"""What writes a job, by its plan and the size of its chunks, into a folder; returns the file to submit."""


def write_job(
    engine: FarmEngine,
    options: FarmOptions,
    folder: Path,
    *,
    frames: str | None,
    chunk_size: int | None,
    lead_in: str,
    shots: str | None,
    display: Display,
) -> Path:
    """Writes the job, after all that can be checked here; returns the file to submit.

    With a lead-in of whole shots they are looked for here, once, and not on each machine.

    Args:
        chunk_size: frames of a chunk, at most; without it each shot is one.

    Raises:
        VideoError, InputError, BlenderError: bad input; nothing is written.
    """
    lead = parse_lead_in(lead_in)
    source = open_source(options, display)
    source.look()
    available = source.available()
    chosen = available if frames is None else parse_range(frames)
    if not available.first <= chosen.first <= chosen.last <= available.last:
        raise InputError(f"the frames {chosen} are not all there; there are {available}")
    source.inputs(chosen)
    known = source.known_shots() if shots is None else parse_shots(shots)
    if known is None:
        known = () if lead.frames is not None else source.shots(available)
    job = FarmJob(options, chosen, str(lead), list(known), source.animated())
    plan = plan_chunks(chosen, known, chunk_size, lead, passes=options.settings[1].pass_count)
    path = WRITERS[engine](job, plan, chunk_size, folder)
    display.say(f"job for {engine.value}: {path}")
    return path


def write_flamenco_script(folder: Path) -> Path:
    """Writes Flamenco's job type into a folder; returns the file. Raises FileError if it cannot."""
    path, text = folder / FLAMENCO_SCRIPT.name, FLAMENCO_SCRIPT.read_text("utf-8")
    write_atomically(path, lambda temporary: temporary.write_text(text, "utf-8"))
    return path
