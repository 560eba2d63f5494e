"""Writes the job of a run for a farm's engine: `blender-nst farm submit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from blender_nst.cli.display import Display
from blender_nst.cli.errors import InputError
from blender_nst.cli.farm.arguments import FarmJob
from blender_nst.cli.farm.openjd import MOST_FRAMES, write_bundle
from blender_nst.cli.farm.options import FLAMENCO_SCRIPT, FarmEngine
from blender_nst.cli.farm.work import FarmOptions, open_source
from video.farm.lead_in import parse_lead_in
from video.farm.shots import parse_shots
from video.files.atomic import write_atomically
from video.frames.sequence import parse_range

WRITERS: Mapping[FarmEngine, Callable[[FarmJob, Path], Path]] = {FarmEngine.OPENJD: write_bundle}
"""What writes a job into a folder; returns the file to submit."""


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

    With a lead-in of whole shots they are looked for here, once, and not on each machine. Schedulers cut the
    frames by their number, wherever the shots begin.

    Args:
        chunk_size: without it, as many frames as a task may have.

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
    known = [] if shots is None else parse_shots(shots)
    if shots is None and lead.frames is None:
        known = list(source.shots(available))
    job = FarmJob(options, chosen, chunk_size or MOST_FRAMES, str(lead), known)
    path = WRITERS[engine](job, folder)
    display.say(f"job for {engine.value}: {path}")
    return path


def write_flamenco_script(folder: Path) -> Path:
    """Writes Flamenco's job type into a folder; returns the file. Raises FileError if it cannot."""
    path, text = folder / FLAMENCO_SCRIPT.name, FLAMENCO_SCRIPT.read_text("utf-8")
    write_atomically(path, lambda temporary: temporary.write_text(text, "utf-8"))
    return path
