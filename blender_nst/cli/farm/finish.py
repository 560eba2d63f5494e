"""Ends a farm's run: `blender-nst farm finish` checks the frames and makes what they are to be together."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from blender_nst.cli.display import Display
from blender_nst.cli.errors import InputError
from blender_nst.cli.log import follow_run
from compositor.settings import settings_from_json
from video.driver.frame_writer import styled_pattern
from video.driver.run_outputs import RunOutputs
from video.errors import SequenceError
from video.farm.finish import FinishedChunks, finished_chunks, write_journal
from video.farm.frame_list import parse_frame_list
from video.farm.look import FarmLook, read_look
from video.farm.seams import SeamReport, seam_report
from video.files.atomic import write_atomically
from video.files.folder_lock import folder_locked
from video.files.output_folder import CONTENT, METRICS, PASSES
from video.frames.passes_sequence import PassesSequence, open_passes
from video.frames.sequence import (
    ImageSequence,
    MovieSequence,
    SourceFrame,
    frame_path,
    open_sequence,
    pattern_files,
)
from video.motion.motion_source import MotionFinder
from video.reports.frame_measure import MEASURES, FrameMeasure
from video.reports.sequence_metrics import measure
from video.reports.sequence_summary import means
from video.results import FrameResult, RunCallbacks, SequenceResult
from video.settings import MotionSource, MovieCodec, SequenceSettings


@dataclass(frozen=True)
class FinishOptions:
    """What is made of the frames.

    Attributes:
        frames: which there must be, as a list; without it, none may be missing between those that are there.
        content, passes: of the frames; where the chunks had them from, if not given.
        frame_rate: of the movie; 0 is the scene's, or the times of the movie that was stylized.
    """

    out: Path
    frames: str | None = None
    content: Path | None = None
    passes: Path | None = None
    movie: bool = True
    movie_codec: MovieCodec = MovieCodec.H264
    frame_rate: float = 0.0
    contact_sheet: bool = True
    metrics: bool = True


def finish_run(options: FinishOptions, display: Display, *, as_json: bool) -> None:
    """Checks that all frames are there and whole, merges the journals, and makes movie, sheet and metrics.

    Raises:
        MissingFramesError: frames are missing or were changed; it names them, and nothing is written.
        VideoError, InputError: a folder or file cannot be used.
    """
    look, chunks = read_look(options.out), finished_chunks(options.out)
    chunks.check(None if options.frames is None else _numbers(options.frames))
    follow_run(options.out)
    if len(chunks.machines) > 1:
        display.say(f"these frames were made on machines of several kinds: {'; '.join(chunks.machines)}")
    with folder_locked(options.out, display.say):
        settings = _settings(options, look)
        write_journal(chunks, look, settings.pass_count)
        result = _collect(options, look, chunks, settings, display)
        report = _measured(options, look, chunks, settings, display) if options.metrics else None
    _print_result(chunks, result, report, display, as_json=as_json)


def _numbers(frames: str) -> list[int]:
    return [number for each in parse_frame_list(frames) for number in each.numbers()]


def _settings(options: FinishOptions, look: FarmLook) -> SequenceSettings:
    """The settings of the chunks, with those of what is made now."""
    scene_rate = 0.0 if look.timeline is None else look.timeline.frame_rate
    return replace(
        settings_from_json(SequenceSettings, look.sequence_settings),
        movie=options.movie,
        movie_codec=options.movie_codec,
        frame_rate=options.frame_rate or scene_rate,
        contact_sheet=options.contact_sheet,
    )


def _collect(
    options: FinishOptions,
    look: FarmLook,
    chunks: FinishedChunks,
    settings: SequenceSettings,
    display: Display,
) -> SequenceResult:
    """Writes the movie and the contact sheet."""
    pattern = options.out / styled_pattern(settings.output_format)
    callbacks = RunCallbacks(
        warning=display.say, frame_done=lambda done: display.step(f"frame {done.number}")
    )
    outputs = RunOutputs(settings, options.out, callbacks, look.metadata)
    begun = time.perf_counter()
    display.expect(len(chunks.entries), doing="collecting")
    for entry, frame in zip(chunks.entries, _contents(options, look, chunks), strict=True):
        path = frame_path(pattern, entry.frame)
        outputs.note_source(frame)
        result = FrameResult(entry.frame, path, entry.report, entry.seconds, entry.warp_error, resumed=True)
        outputs.take_in_resumed(result, frame)
    return outputs.end(begun, cancelled=False)


def _measured(
    options: FinishOptions,
    look: FarmLook,
    chunks: FinishedChunks,
    settings: SequenceSettings,
    display: Display,
) -> SeamReport:
    """Measures all frames, writes what was found to `metrics.json`, and returns what it says of the seams."""
    motion = MotionSource.AUTO if settings.motion is MotionSource.NONE else settings.motion
    finder = MotionFinder(motion, display.say)
    numbers = [entry.frame for entry in chunks.entries]
    pattern = options.out / styled_pattern(settings.output_format)
    styled = ImageSequence({number: frame_path(pattern, number) for number in numbers})
    contents: Iterable[SourceFrame] = _contents(options, look, chunks)
    passes = _passes(options, look)
    if passes is not None:
        contents = PassesSequence(contents, open_passes(passes, numbers))
    display.expect(len(numbers), doing="measuring")
    measured = measure(styled, contents, finder, None, lambda each: display.step(f"frame {each.number}"))
    report = seam_report(measured, chunks.seams)
    text = json.dumps(_as_json(measured, report), indent=1)
    write_atomically(options.out / METRICS, lambda temporary: temporary.write_text(text, "utf-8"))
    return report


def _contents(options: FinishOptions, look: FarmLook, chunks: FinishedChunks) -> Iterable[SourceFrame]:
    """The frames that were stylized, in order."""
    content = options.content or (Path(look.source) if look.source else options.out / CONTENT)
    sequence = _opened(content)
    wanted = {entry.frame for entry in chunks.entries}
    missing = sorted(wanted.difference(sequence.numbers))
    if missing:
        raise InputError(
            f"{content} has no frame {missing[0]}, which is styled; name the frames by --content"
        )
    return (frame for frame in sequence if frame.number in wanted)


def _opened(content: Path) -> ImageSequence | MovieSequence:
    try:
        return open_sequence(content, skip_missing=True)
    except SequenceError as error:
        raise InputError(f"{error}; name the frames that were stylized by --content") from None


def _passes(options: FinishOptions, look: FarmLook) -> Path | None:
    if options.passes is not None:
        return options.passes
    if look.source:
        return None if look.passes is None else Path(look.passes)
    return options.out / PASSES if pattern_files(options.out / PASSES / f"{PASSES}_####.exr") else None


def _as_json(measured: list[FrameMeasure], report: SeamReport) -> dict[str, object]:
    return {
        "frames": [{"number": each.number} | {m.name: m.of(each) for m in MEASURES} for each in measured],
        "all": means(measured),
        "seams": {
            "warp_error": {str(number): error for number, error in report.seams.items()},
            "mean": report.mean,
            "inside": report.inside,
            "ratio": report.ratio,
        },
    }


def _print_result(
    chunks: FinishedChunks,
    result: SequenceResult,
    report: SeamReport | None,
    display: Display,
    *,
    as_json: bool,
) -> None:
    if as_json:
        values = {
            "frames": len(result.frames),
            "chunks": len(chunks.records),
            "movie": None if result.movie is None else str(result.movie),
            "contact_sheet": None if result.contact_sheet is None else str(result.contact_sheet),
            "seams": len(chunks.seams) if report is None else len(report.seams),
            "seam_warp_error": None if report is None else report.mean,
            "inside_warp_error": None if report is None else report.inside,
        }
        sys.stdout.write(json.dumps(values) + "\n")
        return
    display.say(f"{len(result.frames)} frames of {len(chunks.records)} chunks are there and whole")
    for path, meaning in ((result.movie, "movie"), (result.contact_sheet, "contact sheet")):
        if path is not None:
            display.say(f"{meaning}: {path}")
    if report is not None and report.mean is not None and report.inside is not None:
        display.say(
            f"warp error at the seams ({len(report.seams)}) {report.mean:.3g}, inside {report.inside:.3g};"
            f" the worst is before frame {report.worst}"
        )
