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
from compositor.engine import StyleEngine
from compositor.report import Stopped
from compositor.settings import StyleSettings
from video.driver import FrameResult, Listener, SequenceDriver, SequenceResult
from video.errors import VideoError
from video.events import end_event, frame_event, progress_event
from video.images import check_writable, read_image, write_png
from video.protocol import Failed
from video.sequence import open_sequence, parse_range

JOB = "stylize"


def stylize_sequence(
    source: Path, style: Path, out: Path, *, frames: str | None, settings: Settings, display: Display
) -> SequenceResult:
    """Stylises the frames of `source` into `out`; everything is checked before anything is written.

    Raises:
        VideoError, CompositorError: bad input; finished frames are kept.
        InterruptedRunError: after Ctrl-C, at the next step.
    """
    style_settings, sequence_settings = settings
    painting = read_image(style)
    sequence = open_sequence(source, None if frames is None else parse_range(frames))
    if (out / "styled").resolve() == source.parent.resolve() or out.resolve() == source.resolve():
        raise InputError(f"{out}: the results would lie among the input's frames; choose another folder")
    engine = StyleEngine(style_settings, painting)
    check_writable(out)
    display.expect(len(sequence.numbers))
    display.say(f"{len(sequence.numbers)} frames on {engine.device.type}")
    finished: list[int] = []

    def frame_done(result: FrameResult) -> None:
        finished.append(result.number)
        display.event(frame_event(JOB, result))

    with interruptible() as interrupted:
        listener = Listener(
            progress=lambda number, step: display.event(progress_event(JOB, number, step)),
            frame_done=frame_done,
            cancelled=interrupted.is_set,
        )
        try:
            result = SequenceDriver(engine, sequence_settings, out, listener).run(sequence)
        except VideoError as error:
            display.event(Failed(str(error), JOB, getattr(error, "frame", None), finished))
            raise
    display.event(end_event(JOB, result))
    if result.cancelled:
        raise InterruptedRunError
    tell_results(display, out, len(result.frames), result.seconds)
    return result


def stylize_image(source: Path, style: Path, out: Path, settings: StyleSettings, display: Display) -> None:
    """Stylises one picture to a PNG.

    Raises:
        VideoError, CompositorError: bad input; nothing is written.
        InterruptedRunError: after Ctrl-C, at the next step; nothing is written.
    """
    if out.suffix.lower() != ".png":
        raise InputError(f"{out}: the styled picture is written as PNG; name a file that ends in .png")
    if out.is_dir():
        raise InputError(f"{out}: is a folder; name a file that ends in .png")
    content, painting = read_image(source), read_image(style)
    engine = StyleEngine(settings, painting)
    check_writable(out.parent)
    display.expect(1)
    with interruptible() as interrupted:
        styled = engine.stylize(
            content,
            progress=lambda step: display.event(progress_event(JOB, 1, step)),
            cancelled=interrupted.is_set,
        )
    if styled.report.stopped is Stopped.CANCELLED:
        raise InterruptedRunError
    write_png(out, styled.image)
    result = FrameResult(1, out, styled.report, styled.report.seconds, None)
    display.event(frame_event(JOB, result))
    losses = ", ".join(f"{name} {value:.4g}" for name, value in styled.report.losses.items())
    display.say(f"{out}: {styled.report.steps} steps in {styled.report.seconds:.1f} s; losses: {losses}")


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
