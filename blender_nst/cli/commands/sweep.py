"""Stylizes one picture over a grid of settings, to see what each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from blender_nst.cli.commands.sweep_axes import STYLE, Cell, heading, parse_axes, span_grid
from blender_nst.cli.commands.sweep_records import RECORDS_NAME, TABLE_NAME, Records, SweepResult, fingerprint
from blender_nst.cli.display import Display
from blender_nst.cli.errors import InputError, InterruptedRunError
from blender_nst.cli.inputs.settings_options import Settings
from blender_nst.cli.inputs.style_choice import StyleChoice, choose_styles, read_style
from blender_nst.cli.log import follow_run
from blender_nst.cli.signals import Interrupted, Interruption, interruptible
from compositor.engine import StyleEngine
from compositor.errors import DivergenceError
from compositor.image_ops.arrays import check_image
from compositor.networks.download import DownloadProgress as Fetching
from compositor.networks.download import file_hash
from compositor.networks.weights import network_files
from compositor.progress import FrameCallbacks, Stopped
from compositor.settings import StyleSettings, settings_to_json
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.style_library import Style
from video.files.output_checks import check_kept, check_output_folder
from video.files.output_folder import COMMAND_LINE_LOG, SNAPSHOTS
from video.frames.framing import cropped, framed
from video.frames.sequence import SourceFrame
from video.images.denoise import denoise
from video.images.image_files import read_image, write_png
from video.protocol.messages import Done, FrameDone
from video.reports.grid_sheet import GridSheet
from video.reports.snapshots import SnapshotFolder
from video.settings import Panorama, SequenceSettings
from video.worker.events import progress_event

JOB = "sweep"
SHEET_NAME = "sweep.png"
OWN_FILES = (SHEET_NAME, RECORDS_NAME, TABLE_NAME, COMMAND_LINE_LOG)
"""What a sweep writes beside its cells."""


@dataclass(frozen=True)
class _Inputs:
    """What all cells share: pictures as arrays, and hashes of their files."""

    content: np.ndarray
    styles: dict[Path, np.ndarray]
    hashes: dict[Path, str]
    source: Path
    sequence: SequenceSettings
    fetching: Fetching

    def engine(self, cell: Cell) -> StyleEngine:
        """The engine for a cell; raises CompositorError if there can be none."""
        weighted = zip(cell.styles, cell.weights, strict=True)
        styles = [Style(self.styles[path], weight) for path, weight in weighted]
        return StyleEngine(cell.settings, styles, fetching=self.fetching)

    def fingerprint(self, cell: Cell) -> str:
        """Of all that the cell's picture depends on."""
        denoised = [self.sequence.denoise.value, self.sequence.denoise_strength]
        styles = [[self.hashes[path], weight] for path, weight in zip(cell.styles, cell.weights, strict=True)]
        # A network is known by its name, a file by what is in it.
        weights = next(map(file_hash, network_files(cell.settings.network)), None)
        given = [settings_to_json(cell.settings), denoised, self.hashes[self.source], styles]
        if self.sequence.panorama is Panorama.ALWAYS:
            given.append("panorama")
        return fingerprint([*given, weights] if weights else given)


def run_sweep(
    source: Path,
    styles: Sequence[Path],
    weights: str | None,
    vary: Sequence[str],
    out: Path,
    *,
    settings: Settings,
    display: Display,
) -> None:
    """Leaves in `out`: a PNG for each cell, `sweep.json`, `sweep.csv` and the labeled sheet `sweep.png`.

    A cell whose picture is there already, made from the same inputs and settings, is not made again.

    Raises:
        VideoError, CompositorError, InputError: bad input; nothing is written.
        InterruptedRunError: after Ctrl-C, at the next step; finished cells are kept.
    """
    axes = parse_axes(vary)
    varies_style = any(axis.name == STYLE for axis in axes)
    if varies_style and weights is not None:
        raise InputError("--style-weights means nothing where --vary style puts in one picture after another")
    choice = StyleChoice((), ()) if varies_style else choose_styles(styles, weights)
    grid = span_grid(axes, settings[0], choice)
    cells = [cell for row in grid for cell in row]
    written = [*(out / f"{cell.name}.png" for cell in cells), *(out / name for name in OWN_FILES)]
    read = [source]
    for cell in cells:
        read += [*cell.styles, *network_files(cell.settings.network)]
    check_kept(read, [*written, *(out / SNAPSHOTS).glob("*/*")])
    inputs = _read_inputs(source, cells, settings[1], display.fetching)
    _check_engines(inputs, cells)
    check_output_folder(out)
    follow_run(out)
    display.expect(len(cells), unit="cell")
    records = Records(out, source, [cell.name for cell in cells])
    with interruptible() as interrupted:
        work = _Sweep(inputs, out, records, display, interrupted)
        try:
            made = [work.finish(number, cell) for number, cell in enumerate(cells, start=1)]
        except Interrupted as signaled:
            raise InterruptedRunError(signaled.number) from None
    records.write()
    records.write_table()
    columns = [heading(axes[0].name, label) for label in axes[0].labels]
    title = ", ".join(path.name for path in (source, *choice.styles))
    _write_sheet(out, columns, grid, title)
    numbers = list(range(1, len(cells) + 1))
    seconds = sum(record.seconds for record in made)
    display.event(Done(JOB, numbers, seconds, None, str(out / SHEET_NAME)))
    _show_table(display, made)
    display.say(f"{len(cells)} cells, {seconds:.0f} s of work: {out / SHEET_NAME}")


def _read_inputs(
    source: Path, cells: Sequence[Cell], sequence: SequenceSettings, fetching: Fetching
) -> _Inputs:
    content = check_image(read_image(source), f"picture {source}")
    paths = dict.fromkeys(path for cell in cells for path in cell.styles)
    pictures = {path: read_style(path) for path in paths}
    hashes = {path: file_hash(path) for path in (source, *paths)}
    return _Inputs(content, pictures, hashes, source, sequence, fetching)


def _check_engines(inputs: _Inputs, cells: Sequence[Cell]) -> None:
    """Raises CompositorError if a cell names a layer, network or device that there is not.

    One engine is tried for all cells that differ in numbers alone: a number that is in its range is no error.
    """
    tried: set[tuple[object, ...]] = set()
    for cell in cells:
        values = [getattr(cell.settings, entry.name) for entry in fields(StyleSettings)]
        words = tuple(value for value in values if type(value) not in (int, float))
        if words not in tried:
            tried.add(words)
            inputs.engine(cell)


@dataclass(frozen=True)
class _Sweep:
    """A sweep at work in its folder."""

    inputs: _Inputs
    out: Path
    records: Records
    display: Display
    interrupted: Interruption

    def finish(self, number: int, cell: Cell) -> SweepResult:
        """The cell's picture and record on disk, made now if they are not there."""
        if self.interrupted.is_set():
            raise InterruptedRunError(self.interrupted.number)
        mark = self.inputs.fingerprint(cell)
        record = self.records.finished(cell.name, mark)
        if record is None:
            record = self._stylize(number, cell, mark)
            self.records.add(record)
        path = str(self.out / record.file)
        self.display.event(FrameDone(JOB, number, path, record.seconds, record.steps, record.losses))
        return record

    def _stylize(self, number: int, cell: Cell, mark: str) -> SweepResult:
        sequence = self.inputs.sequence
        frame = framed(SourceFrame(1, self.inputs.content), sequence.panorama)
        snapshots = SnapshotFolder(self.out / SNAPSHOTS / cell.name)
        try:
            styled = self.inputs.engine(cell).stylize(
                FrameInputs(frame.image, margin=frame.margin),
                callbacks=FrameCallbacks(
                    progress=lambda step: self.display.event(progress_event(JOB, number, step)),
                    snapshot=snapshots.take,
                    cancelled=self.interrupted.is_set,
                ),
            )
        except DivergenceError as error:
            raise InputError(f"{cell.name}: {error}") from None
        report = styled.report
        if report.stopped is Stopped.CANCELLED:
            raise InterruptedRunError(self.interrupted.number)
        file = f"{cell.name}.png"
        clean = denoise(styled.image, frame.image, sequence.denoise, sequence.denoise_strength)
        write_png(self.out / file, cropped(clean, frame.margin))
        snapshots.finish()
        return SweepResult(
            name=cell.name,
            file=file,
            axes=cell.labels,
            settings=settings_to_json(cell.settings),
            styles=[str(path) for path in cell.styles],
            losses=report.losses,
            steps=report.steps,
            seconds=report.seconds,
            fingerprint=mark,
        )


def _write_sheet(out: Path, columns: Sequence[str], grid: Sequence[Sequence[Cell]], title: str) -> None:
    rows = ["\n".join(heading(*pair) for pair in list(row[0].labels.items())[1:]) for row in grid]
    sheet = GridSheet(columns, rows if len(grid) > 1 or rows[0] else (), title)
    pictures = [[sheet.thumbnail(read_image(out / f"{cell.name}.png")) for cell in row] for row in grid]
    sheet.write(out / SHEET_NAME, pictures)


def _show_table(display: Display, records: Sequence[SweepResult]) -> None:
    losses = [name for name in ("content", "style", "total") if name in records[0].losses]
    rows = [
        [
            # With spaces a terminal breaks between the layers and not in the middle of one.
            *(label.replace("+", " + ") for label in record.axes.values()),
            *(f"{record.losses[name]:.4g}" for name in losses),
            f"{record.seconds:.1f}",
        ]
        for record in records
    ]
    names = [name.replace("_", " ") for name in records[0].axes]
    display.table([*names, *(f"{name} loss" for name in losses), "seconds"], rows)
