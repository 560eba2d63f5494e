"""Stylizes what is on disk already: a sequence or one picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from blender_nst.cli.display import Display
from blender_nst.cli.errors import InputError, InterruptedPictureError, InterruptedRunError
from blender_nst.cli.inputs.settings_options import Settings
from blender_nst.cli.inputs.style_choice import StyleChoice
from blender_nst.cli.log import follow_run
from blender_nst.cli.signals import Interrupted, interruptible
from compositor.engine import StyleEngine
from compositor.errors import DivergenceError
from compositor.image_ops.arrays import check_image
from compositor.networks.weights import network_files
from compositor.progress import FrameCallbacks, Stopped
from compositor.stylization.frame_inputs import FrameInputs
from video.driver.frame_writer import FrameWriter
from video.driver.sequence_driver import SequenceDriver
from video.driver.style_pixels import styles_in_pixels_of
from video.errors import MissingInputError, SequenceError
from video.files.output_checks import (
    check_kept,
    check_output_file,
    check_output_folder,
    check_run_keeps,
    is_same,
)
from video.files.output_folder import SNAPSHOTS, STYLED
from video.frames.framing import cropped, framed, with_margin
from video.frames.metadata import frame_metadata
from video.frames.passes_sequence import PassesSequence, check_passes, open_passes
from video.frames.sequence import ImageSequence, MovieSequence, SourceFrame, open_sequence, parse_range
from video.images.denoise import denoise
from video.images.exr import left_out_views
from video.images.headers.pixel_aspect import read_pixel_aspect
from video.images.image_files import read_picture
from video.movies.movie import MOVIE_SUFFIXES
from video.protocol.messages import Opened, Planned, Warned
from video.reports.snapshots import SequenceSnapshots, SnapshotFolder
from video.results import FrameResult, RunCallbacks, SequenceResult
from video.resume.machine import computing_as, machine_of_run
from video.settings import FrameFormat
from video.worker.events import end_event, frame_event, progress_event

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
    log_folder: Path | None = None,
) -> SequenceResult:
    """Stylizes the frames of `source` into `out`; everything is checked before anything is written.

    Goes on with the frames that an earlier run of the same settings has left there, unless `restart`.

    Args:
        log_folder: where the log goes instead of `out`.

    Raises:
        VideoError, CompositorError, InputError: bad input; finished frames are kept.
        InterruptedRunError: after Ctrl-C, at the next step.
    """
    style_settings, sequence_settings = settings
    styles = choice.read_styles()
    if source.suffix.lower() in MOVIE_SUFFIXES and source.is_file():
        display.say(f"counting the frames of {source}")
    try:
        sequence = open_sequence(
            source, None if frames is None else parse_range(frames), skip_missing=skip_missing
        )
    except MissingInputError as error:
        raise MissingInputError(f"{error}, or leave them out with --skip-missing") from None
    check_apart(source, out)
    masked, initial = sequence, None
    inputs = [*sequence.paths, *choice.files(), *network_files(style_settings.network)]
    if passes is not None:
        passes_files = open_passes(passes, sequence.numbers)
        inputs += passes_files.values()
        height, width = next(iter(sequence)).image.shape[:2]
        check_passes(passes_files, (width, height))
        masked = PassesSequence(sequence, passes_files)
    check_run_keeps(inputs, out)
    if not choice.is_plain:
        first = next(iter(sequence)).image
        masked = choice.masked(masked, first, sequence.numbers)
        initial = choice.read_start_image(first)
    styles = styles_in_pixels_of(styles, sequence.pixel_aspect)
    with computing_as(None if restart else machine_of_run(out)) as auto_precision:
        engine = StyleEngine(style_settings, styles, fetching=display.fetching, auto_precision=auto_precision)
        check_output_folder(out)
        follow_run(log_folder or out)
        _announce(sequence, engine, display)
        driver = SequenceDriver(
            engine,
            sequence_settings,
            out,
            initial=initial,
            restart=restart,
            put_aside=restart,
            total=len(sequence.numbers),
        )
        result = _run(driver, masked, display)
    if len(result.frames) < len(sequence.numbers):
        raise SequenceError(
            f"{source}: there were {len(result.frames)} of {len(sequence.numbers)} frames; it has changed"
            " since it was opened; run the command again"
        )
    print_summary(
        display, out, len(result.frames), result.seconds, movie=result.movie, sheet=result.contact_sheet
    )
    return result


def _announce(sequence: ImageSequence | MovieSequence, engine: StyleEngine, display: Display) -> None:
    """Says what will be stylized; raises MemoryShortageError if a movie's frames are too large."""
    if isinstance(sequence, MovieSequence):
        width, height = sequence.info.size
        display.say(f"{len(sequence.numbers)} frames of {width}×{height} px")
        # Known before the first frame is decoded again, which takes minutes where it is too large.
        engine.check_memory(height, width)
    display.expect(len(sequence.numbers))
    for note in _notes(sequence):
        display.event(Warned(note, JOB))


def _run(driver: SequenceDriver, frames: Iterable[SourceFrame], display: Display) -> SequenceResult:
    """Stylizes the frames, and shows how that goes on; raises InterruptedRunError after Ctrl-C."""
    snapshots = SequenceSnapshots(driver.output / SNAPSHOTS)

    def frame_done(result: FrameResult) -> None:
        snapshots.finish(result.number)
        display.event(frame_event(JOB, result))

    with interruptible() as interrupted:
        driver.callbacks = RunCallbacks(
            progress=lambda number, step: display.event(progress_event(JOB, number, step)),
            frame_done=frame_done,
            snapshot=snapshots.take,
            warning=lambda text: display.event(Warned(text, JOB)),
            planned=lambda text: display.event(Planned(JOB, text)),
            opened=lambda continues, frames: display.event(Opened(JOB, continues, list(frames))),
            cancelled=interrupted.is_set,
        )
        try:
            result = driver.run(frames)
        except Interrupted as signaled:
            raise InterruptedRunError(signaled.number) from None
    display.event(end_event(JOB, result))
    if result.cancelled:
        raise InterruptedRunError(interrupted.number)
    return result


def stylize_image(source: Path, choice: StyleChoice, out: Path, settings: Settings, display: Display) -> None:
    """Stylizes one picture to a PNG or, if its name says so, to an EXR.

    Raises:
        VideoError, CompositorError, InputError: bad input; nothing is written.
        InterruptedPictureError: after Ctrl-C, at the next step; nothing but snapshots is written.
    """
    style_settings, sequence_settings = settings
    file_format = _still_format(out, sequence_settings.output_format)
    inputs = [source, *choice.files(), *network_files(style_settings.network)]
    check_kept(inputs, [out])
    if style_settings.snapshot_every > 0:
        check_kept(inputs, (out.parent / SNAPSHOTS).glob("*"))
    picture = read_picture(source)
    content = check_image(picture.image, f"picture {source}")
    aspect = read_pixel_aspect(source)
    plain = SourceFrame(1, content, original=picture.original, pixel_aspect=aspect)
    (source_frame,) = choice.masked([plain], content, None)
    frame, initial = framed(source_frame, sequence_settings.panorama), choice.read_start_image(content)
    if initial is not None:
        initial = with_margin(initial, frame.margin)
    styles = styles_in_pixels_of(choice.read_styles(), aspect)
    engine = StyleEngine(style_settings, styles, fetching=display.fetching)
    check_output_file(out, inputs)
    display.expect(1)
    left_out = left_out_views(source)
    if left_out is not None:
        display.event(Warned(left_out, JOB))
    display.say(engine.plan_text(*frame.image.shape[:2], margin=frame.margin))
    snapshots = SnapshotFolder(out.parent / SNAPSHOTS)
    with interruptible() as interrupted:
        try:
            styled = engine.stylize(
                FrameInputs(frame.image, frame.masks, frame.keep, initial, margin=frame.margin),
                callbacks=FrameCallbacks(
                    progress=lambda step: display.event(progress_event(JOB, 1, step)),
                    snapshot=snapshots.take,
                    cancelled=interrupted.is_set,
                ),
            )
        except DivergenceError as error:
            raise InputError(f"{source}: {error}") from None
        except Interrupted as signaled:
            raise InterruptedPictureError(signaled.number) from None
    if styled.report.stopped is Stopped.CANCELLED:
        raise InterruptedPictureError(interrupted.number)
    clean = denoise(styled.image, frame.image, sequence_settings.denoise, sequence_settings.denoise_strength)
    clean = cropped(clean, frame.margin)
    metadata = frame_metadata(style_settings, sequence_settings, engine.style_digest)
    writer = FrameWriter(file_format, sequence_settings.dynamic_range, metadata, display.say)
    writer.write(out, source_frame, writer.rounded(clean))
    snapshots.finish()
    result = FrameResult(1, out, styled.report, styled.report.seconds, None)
    display.event(frame_event(JOB, result))
    losses = ", ".join(f"{name} {value:.4g}" for name, value in styled.report.losses.items())
    display.say(f"{out}: {styled.report.steps} steps in {styled.report.seconds:.1f} s; losses: {losses}")


def _notes(sequence: ImageSequence | MovieSequence) -> Sequence[str]:
    """What is to be said of a sequence before it is stylized."""
    if isinstance(sequence, MovieSequence):
        return sequence.info.notes
    left_out = left_out_views(sequence.paths[0])
    return [] if left_out is None else [left_out]


def _still_format(out: Path, wanted: FrameFormat) -> FrameFormat:
    """The format that the file's name asks for; the settings tell between PNGs of 8 and 16 bits."""
    suffix = out.suffix.lower()
    if suffix not in (".png", ".exr"):
        raise InputError(f"{out}: styled pictures are PNG or EXR; name a file that ends in .png or .exr")
    if out.is_dir():
        raise InputError(f"{out}: is a folder; name a file that ends in .png or .exr")
    if suffix == ".exr":
        return FrameFormat.EXR
    return FrameFormat.PNG16 if wanted is FrameFormat.PNG16 else FrameFormat.PNG


def check_apart(source: Path, out: Path) -> None:
    """Raises InputError if results would lie among the input's frames."""
    frames = source if source.is_dir() else source.parent
    if is_same(out / STYLED, frames) or is_same(out, source):
        raise InputError(f"{out}: the results would lie among the input's frames; choose another folder")


def print_summary(
    display: Display,
    out: Path,
    frames: int,
    seconds: float,
    *,
    movie: Path | str | None,
    sheet: Path | str | None,
) -> None:
    """Says in a few lines what was made and where it is."""
    display.say(f"{frames} styled frames in {seconds:.0f} s: {out / STYLED}")
    for path, meaning in ((movie, "movie"), (sheet, "contact sheet")):
        if path is not None:
            display.say(f"{meaning}: {path}")
