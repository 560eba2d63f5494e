"""Converts the driver's results to the protocol's events, for the worker and for the command line."""

from __future__ import annotations

from compositor.progress import Progress as StepProgress
from video.protocol.messages import Cancelled, Done, FrameDone, Preview, Progress
from video.reports.snapshots import ShownPreview
from video.results import FrameResult, SequenceResult


def progress_event(job: str, number: int, progress: StepProgress) -> Progress:
    """Progress within frame `number`."""
    return Progress(job, number, progress.step, progress.steps, progress.losses, progress.steps_per_second)


def preview_event(job: str, shown: ShownPreview) -> Preview:
    """A picture of an unfinished frame is on disk."""
    return Preview(job, shown.number, shown.step, str(shown.path))


def frame_event(job: str, result: FrameResult, view: str = "") -> FrameDone:
    """One frame is on disk."""
    return FrameDone(
        job,
        result.number,
        str(result.path),
        result.seconds,
        result.report.steps,
        result.report.losses,
        result.warp_error,
        result.resumed,
        view,
    )


def end_event(job: str, result: SequenceResult) -> Done | Cancelled:
    """The run is over."""
    frames = [frame.number for frame in result.frames]
    if result.cancelled:
        return Cancelled(job, frames)
    movie = None if result.movie is None else str(result.movie)
    sheet = None if result.contact_sheet is None else str(result.contact_sheet)
    return Done(job, frames, result.seconds, movie, sheet)
