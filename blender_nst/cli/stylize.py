"""Stylises what is on disk already: a sequence or one picture."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blender_nst.cli.display import Display
from blender_nst.cli.errors import InputError, InterruptedRunError
from blender_nst.cli.options import Settings
from blender_nst.cli.styles import StyleChoice
from compositor.arrays import check_image
from compositor.engine import StyleEngine
from compositor.report import Stopped
from video.denoise import denoise
from video.driver import (
    MOVIE_NAME,
    SNAPSHOTS,
    STYLED_PATTERN,
    FrameResult,
    Listener,
    SequenceDriver,
    SequenceResult,
)
from video.events import end_event, frame_event, progress_event
from video.images import check_writable, read_image, write_png
from video.protocol import Notice, Opened
from video.sequence import PassesSequence, SourceFrame, open_passes, open_sequence, parse_range
from video.snapshots import SequenceSnapshots, SnapshotFolder

JOB = "stylize"


def stylize_sequence(
    source: Path,
    choice: StyleChoice,
    out: Path,
    *,
    passes: Path | None = None,
    frames: str | None = None,
    skip_missing: bool = False,
    restart: bool = False,
    settings: Settings,
    display: Display,
) -> SequenceResult:
    """Stylises the frames of `source` into `out`; everything is checked before anything is written.

    Goes on with the frames that an earlier run of the same settings has left there, unless `restart`.

    Raises:
        VideoError, CompositorError, InputError: bad input; finished frames are kept.
        InterruptedRunError: after Ctrl-C, at the next step.
    """
    style_settings, sequence_settings = settings
    styles = choice.read_styles()
    sequence = open_sequence(
        source, None if frames is None else parse_range(frames), skip_missing=skip_missing
    )
    _check_apart(source, out)
    masked, initial = sequence, None
    if passes is not None:
        masked = PassesSequence(sequence, open_passes(passes, sequence.numbers))
    if not choice.is_plain:
        first = next(iter(sequence)).image
        masked = choice.masked(masked, first, sequence.numbers)
        initial = choice.read_start_image(first)
    engine = StyleEngine(style_settings, styles, fetching=display.fetching)
    check_writable(out)
    display.expect(len(sequence.numbers))
    display.say(f"{len(sequence.numbers)} frames on {engine.device.type}")
    snapshots = SequenceSnapshots(out / SNAPSHOTS)

    def frame_done(result: FrameResult) -> None:
        snapshots.finish(result.number)
        display.event(frame_event(JOB, result))

    with interruptible() as interrupted:
        listener = Listener(
            progress=lambda number, step: display.event(progress_event(JOB, number, step)),
            frame_done=frame_done,
            snapshot=snapshots.take,
            notice=lambda text: display.event(Notice(text, JOB)),
            opened=lambda continues, frames: display.event(Opened(JOB, continues, list(frames))),
            cancelled=interrupted.is_set,
        )
        driver = SequenceDriver(
            engine,
            sequence_settings,
            out,
            listener,
            initial,
            restart=restart,
            total=len(sequence.numbers),
        )
        result = driver.run(masked)
    display.event(end_event(JOB, result))
    if result.cancelled:
        raise InterruptedRunError
    tell_results(display, out, len(result.frames), result.seconds)
    return result


def stylize_image(source: Path, choice: StyleChoice, out: Path, settings: Settings, display: Display) -> None:
    """Stylises one picture to a PNG.

    Raises:
        VideoError, CompositorError, InputError: bad input; nothing is written.
        InterruptedRunError: after Ctrl-C, at the next step; nothing but snapshots is written.
    """
    style_settings, sequence_settings = settings
    if out.suffix.lower() != ".png":
        raise InputError(f"{out}: the styled picture is written as PNG; name a file that ends in .png")
    if out.is_dir():
        raise InputError(f"{out}: is a folder; name a file that ends in .png")
    content = check_image(read_image(source), f"picture {source}")
    (frame,) = choice.masked([SourceFrame(1, content)], content, None)
    initial = choice.read_start_image(content)
    engine = StyleEngine(style_settings, choice.read_styles(), fetching=display.fetching)
    check_writable(out.parent)
    display.expect(1)
    snapshots = SnapshotFolder(out.parent / SNAPSHOTS)
    with interruptible() as interrupted:
        styled = engine.stylize(
            content,
            masks=frame.masks,
            keep=frame.keep,
            initial=initial,
            progress=lambda step: display.event(progress_event(JOB, 1, step)),
            snapshot=snapshots.take,
            cancelled=interrupted.is_set,
        )
    if styled.report.stopped is Stopped.CANCELLED:
        raise InterruptedRunError
    clean = denoise(styled.image, content, sequence_settings.denoise, sequence_settings.denoise_strength)
    write_png(out, clean)
    snapshots.finish()
    result = FrameResult(1, out, styled.report, styled.report.seconds, None)
    display.event(frame_event(JOB, result))
    losses = ", ".join(f"{name} {value:.4g}" for name, value in styled.report.losses.items())
    display.say(f"{out}: {styled.report.steps} steps in {styled.report.seconds:.1f} s; losses: {losses}")


def _check_apart(source: Path, out: Path) -> None:
    """Raises InputError if results would lie among the input's frames, or replace the input's movie."""
    frames = source if source.is_dir() else source.parent
    written = (out / STYLED_PATTERN).parent
    over_movie = (out / MOVIE_NAME).resolve() == source.resolve()
    if over_movie or written.resolve() == frames.resolve() or out.resolve() == source.resolve():
        raise InputError(f"{out}: the results would lie among the input's frames; choose another folder")


def tell_results(display: Display, out: Path, frames: int, seconds: float) -> None:
    """Says in a few lines what was made and where it is."""
    display.say(f"{frames} styled frames in {seconds:.0f} s: {out / 'styled'}")
    for name, meaning in (("styled.mp4", "movie"), ("contact_sheet.png", "contact sheet")):
        if (out / name).exists():
            display.say(f"{meaning}: {out / name}")


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """While it lasts Ctrl-C sets the event instead of ending the process in the middle of a file."""
    interrupted = threading.Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
