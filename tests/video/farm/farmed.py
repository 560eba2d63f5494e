"""Chunks of the sequence of `killed_runs`, made here or in processes of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from compositor.engine import StyleEngine
from compositor.settings import StyleSettings, settings_from_json
from tests.video import killed_runs
from video.driver.sequence_driver import SequenceDriver
from video.farm.chunk import ChunkWork, make_chunk
from video.farm.frame_list import parse_frame_list
from video.farm.lead_in import LeadIn, chunk_span
from video.farm.look import join_look, look_here
from video.frames.sequence import FrameRange, SourceFrame
from video.paintings.painting import Painting, paint
from video.results import RunCallbacks
from video.settings import SequenceSettings

SHOTS = (1, killed_runs.CUT)
FILM = FrameRange(1, killed_runs.FRAMES)
STYLE = {"local_weight": 0.0}


def chunk(
    output: Path,
    frames: str,
    lead_in: int | None = None,
    *,
    sequence: dict[str, Any] | None = None,
    style: dict[str, Any] | None = None,
    transparent: bool = False,
    changed: str = "",
    patience: float = 60.0,
    callbacks: RunCallbacks | None = None,
    warnings: list[str] | None = None,
) -> bool:
    """Makes one chunk, as the command line does; see `make_chunk`.

    Args:
        changed: another text means that the inputs are others.
    """
    wanted = killed_runs.TINY | STYLE | (style or {})
    style_settings = settings_from_json(StyleSettings, wanted)
    settings = settings_from_json(SequenceSettings, {"warm_steps": 1} | (sequence or {}))
    engine = StyleEngine(style_settings, paint(Painting.SWIRLS, killed_runs.WIDTH, killed_runs.HEIGHT))
    (own,) = parse_frame_list(frames)
    span = chunk_span(own, LeadIn(lead_in), FILM, shots=SHOTS, passes=settings.pass_count)

    def source(chosen: FrameRange) -> Iterator[SourceFrame]:
        numbers = chosen.numbers()
        return (frame for frame in killed_runs.frames(transparent) if frame.number in numbers)

    def stylize(frames: FrameRange, output: Path, *, restart: bool) -> None:
        count = len(frames.numbers())
        driver = SequenceDriver(
            engine, settings, output, callbacks or RunCallbacks(), restart=restart, total=count
        )
        driver.run(source(frames))

    look = look_here((style_settings, settings), engine.styles)
    told = [] if warnings is None else warnings
    output.mkdir(parents=True, exist_ok=True)
    join_look(output, look, warning=told.append)
    inputs = {
        f"picture {frame.number}": hashlib.sha256(frame.image.tobytes() + changed.encode()).hexdigest()
        for frame in source(span.run)
    }
    work = ChunkWork(output, span, LeadIn(lead_in), look, inputs)
    return make_chunk(work, stylize, told.append, patience=patience)


def whole_run(output: Path, **sequence: Any) -> dict[str, bytes]:
    """The styled frames of a run on one machine."""
    settings = settings_from_json(SequenceSettings, {"warm_steps": 1} | sequence)
    style = settings_from_json(StyleSettings, killed_runs.TINY | STYLE)
    engine = StyleEngine(style, paint(Painting.SWIRLS, killed_runs.WIDTH, killed_runs.HEIGHT))
    SequenceDriver(engine, settings, output, total=killed_runs.FRAMES).run(killed_runs.frames(False))
    return styled(output)


def styled(output: Path) -> dict[str, bytes]:
    """The styled files in an output folder, by name."""
    return {path.name: path.read_bytes() for path in sorted((output / "styled").iterdir())}


def started(output: Path, frames: str, killed_at: int | None = None) -> BaseProcess:
    """A chunk in a process of its own, which is killed before its `killed_at`-th change of a file."""
    process = killed_runs.forks.Process(target=_child, args=(str(output), frames, killed_at))
    process.start()
    return process


def _child(output: str, frames: str, killed_at: int | None) -> None:
    import torch

    torch.set_num_threads(1)
    if killed_at is not None:
        killed_runs.kill_at(output, killed_at)
    chunk(Path(output), frames)
