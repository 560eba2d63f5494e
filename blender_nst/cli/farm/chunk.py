"""Makes the chunks that a list of frames names: `blender-nst chunk`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from blender_nst.cli.display import Display
from blender_nst.cli.errors import CommandLineError, RenderError
from blender_nst.cli.farm.exit_codes import ChunkError, ChunkExit, exit_of
from blender_nst.cli.farm.progress import ProgressLines
from blender_nst.cli.farm.work import FarmOptions, FarmSource, open_source
from blender_nst.cli.log import follow_run
from compositor.errors import CompositorError
from compositor.hardware.memory_shortage import is_memory_shortage
from video.errors import SequenceError, VideoError
from video.farm.chunk import ChunkWork, make_chunk
from video.farm.chunk_record import ChunkFolder
from video.farm.frame_list import parse_frame_list
from video.farm.lead_in import ChunkSpan, LeadIn, chunk_span, parse_lead_in
from video.farm.look import join_look
from video.farm.shots import parse_shots
from video.files.output_checks import check_output_folder
from video.frames.sequence import FrameRange

_NO_ROOM = 1 << 24
"""Bytes on the disk of the output folder below which that is why Blender or the engine failed."""


def make_chunks(
    options: FarmOptions,
    frames: str,
    lead_in: str,
    *,
    shots: str | None = None,
    allow_mixed: bool = False,
    patience: float = 60.0,
    display: Display,
) -> None:
    """Makes the chunks that a list of frames names, one for each range; see `video.farm.chunk`.

    Args:
        frames, lead_in, shots: see `parse_frame_list`, `parse_lead_in`, `parse_shots`.
        patience: seconds to wait for another process that makes the same chunk.

    Raises:
        ChunkError: with one of the exit codes of `ChunkExit`; what is finished is kept.
    """
    with _failures_told(options, display):
        ranges, lead = parse_frame_list(frames), parse_lead_in(lead_in)
        known = None if shots is None else parse_shots(shots)
        source = open_source(options, display)
        known = source.known_shots() if known is None else known
        spans = _spans(source, ranges, lead, known, passes=options.settings[1].pass_count)
        check_output_folder(options.out)
        look = source.look()
        if isinstance(display, ProgressLines):
            display.expect_in_all(sum(len(span.run.numbers()) for span in spans))
        for span in spans:
            work = ChunkWork(options.out, span, lead, look, source.inputs(span.run))
            join_look(options.out, look, allow_mixed=allow_mixed, warning=display.say)
            follow_run(ChunkFolder(options.out, span.name).path)
            display.say(_described(span))
            made = make_chunk(work, source.stylize, display.say, patience=patience)
            if not made:
                display.say(f"{span.name} is there already")
            if isinstance(display, ProgressLines):
                display.skip(len(span.run.numbers()))


def _spans(
    source: FarmSource,
    ranges: Sequence[FrameRange],
    lead: LeadIn,
    shots: Sequence[int] | None,
    *,
    passes: int,
) -> list[ChunkSpan]:
    """The chunks' frames; shots are looked for only where a lead-in of a whole shot needs them."""
    available = source.available()
    outside = [each for each in ranges if not available.first <= each.first <= each.last <= available.last]
    if outside:
        raise SequenceError(f"the frames {outside[0]} are not there; there are {available}")
    spans = []
    for own in ranges:
        starts = shots
        if starts is None and lead.frames is None:
            before = (own.first - available.first) // own.step * own.step
            last = own.last if passes == 1 else available.last
            starts = source.shots(FrameRange(own.first - before, last, own.step))
        spans.append(chunk_span(own, lead, available, shots=starts or (), passes=passes))
    return spans


def _described(span: ChunkSpan) -> str:
    lead = "" if not span.discarded else f", with {span.discarded} more that are thrown away"
    return f"chunk {span.name}: {len(span.own.numbers())} frames{lead}"


@contextmanager
def _failures_told(options: FarmOptions, display: Display) -> Iterator[None]:
    """Tells the farm, through the display, what is raised; on purpose: as a ChunkError."""
    try:
        yield
    except Exception as error:
        # An error that names nothing, such as MemoryError, is told by its kind.
        text = str(error) or type(error).__name__
        if isinstance(display, ProgressLines):
            display.fail(text)
        known = isinstance(error, (VideoError, CompositorError, CommandLineError, OSError))
        if not known and not is_memory_shortage(error):
            raise
        code = exit_of(error)
        if isinstance(error, RenderError) and _is_full(options.out):
            # The engine is another process, of which only the words are known.
            code = ChunkExit.LATER
        raise ChunkError(text, code) from error


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _NO_ROOM
    except OSError:
        return False
