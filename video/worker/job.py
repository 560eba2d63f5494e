"""A job of the engine process: makes the driver that a `stylize` command asks for, and reports in events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from compositor.engine import StyleEngine
from compositor.networks.weights import network_files
from compositor.progress import Snapshot
from compositor.settings import Precision, StyleSettings, settings_from_json
from compositor.stylization.style_library import Style, check_style
from video.driver.sequence_driver import SequenceDriver
from video.driver.style_pixels import styles_in_pixels_of
from video.driver.views_driver import ViewsDriver
from video.errors import FrameError, ProtocolError
from video.files.output_checks import check_output_folder, check_run_keeps
from video.files.output_folder import PASSES, SNAPSHOTS, check_view_suffixes, is_result
from video.frames.cryptomatte import MatteKind, MatteRegion
from video.frames.stereo import StereoFormat
from video.images.exr_compression import Packer
from video.images.headers.pixel_aspect import pixel_aspect
from video.images.image_files import read_image
from video.protocol.messages import Event, Finish, Frame, Opened, Planned, Stylize, Warned
from video.reports.snapshots import PreviewFile, SequenceSnapshots
from video.results import FrameResult, RunCallbacks
from video.resume.machine import computing_as, machine_of_run
from video.settings import SequenceSettings
from video.worker.events import frame_event, preview_event, progress_event


class OpenJob:
    """The open job with the state of its frames.

    Args:
        send: called with the job's events.

    Attributes:
        passes: by view and number, the files of render passes of the frames that are not done.
        packer: compresses these files when their frames are done.
        is_complete: whether all frames are sent at once.
        received: the job's frames, and its end, as they have come.
        pixel_aspect: width over height of the frames' pixels, where they do not say it themselves.
        longest_side: px that the frames are reduced to; 0 leaves them as they are.
    """

    def __init__(self, job: Stylize, send: Callable[[Event], None]) -> None:
        self._done: dict[tuple[str, int], Path] = {}
        self.passes: dict[tuple[str, int], Path] = {}
        self._is_reported = False
        self._job = job
        self._send = send
        self._output = Path(job.output)
        self._snapshots_kept = False
        self._auto_precision: Precision | None = None
        self.packer = Packer(self._output / PASSES)
        self.is_complete = job.complete
        self.received: list[Frame | Finish] = []
        self.pixel_aspect = pixel_aspect(job.pixel_aspect)
        self.longest_side = job.longest_side

    def driver(self, callbacks: RunCallbacks) -> SequenceDriver:
        """The driver that stylizes the frames of a job without views.

        Args:
            callbacks: say when to stop and how to wait; what else happens is sent as events.

        Raises:
            ProtocolError: there is no style, or the weights are not as many as the styles.
            CompositorError, VideoError: settings, pictures or the output folder cannot be used.
        """
        job, (engine, sequence_settings) = self._job, self._engine()
        return SequenceDriver(
            engine,
            sequence_settings,
            self._output,
            self.reporting(callbacks, self._output),
            restart=job.restart,
            put_aside=job.put_aside,
            source=job.source,
            total=job.total,
        )

    def views_driver(self) -> ViewsDriver:
        """The driver that stylizes the frames of all views; raises as `driver`."""
        job, (engine, sequence_settings) = self._job, self._engine()
        error = check_view_suffixes(job.views)
        if error is not None:
            raise ProtocolError(error)
        stereo = StereoFormat.from_values(job.stereo) if job.stereo else None
        return ViewsDriver(
            engine,
            sequence_settings,
            self._output,
            restart=job.restart,
            put_aside=job.put_aside,
            source=job.source,
            total=job.total,
            stereo=stereo,
        )

    def _engine(self) -> tuple[StyleEngine, SequenceSettings]:
        job = self._job
        style_settings = settings_from_json(StyleSettings, job.style_settings)
        sequence_settings = settings_from_json(SequenceSettings, job.sequence_settings)
        styles = styles_in_pixels_of(self._read_styles(), self.pixel_aspect)
        check_run_keeps(self._style_files() + network_files(style_settings.network), self._output)
        check_output_folder(self._output)
        self._snapshots_kept = style_settings.snapshot_every > 0
        if not self._snapshots_kept and job.preview_every > 0:
            style_settings = replace(style_settings, snapshot_every=job.preview_every)
        engine = StyleEngine(
            style_settings, styles, fetching=self._report_download(), auto_precision=self._auto_precision
        )
        return engine, sequence_settings

    @contextmanager
    def computing_as_before(self) -> Iterator[None]:
        """Computes with what the run that the job resumes began with; see `video.resume.machine`."""
        view = self._job.views[0] if self._job.views else ""
        before = None if self._job.restart else machine_of_run(self._output, view)
        with computing_as(before) as self._auto_precision:
            yield

    @property
    def finished(self) -> list[int]:
        """The numbers of the frames that are done and on disk, in all views."""
        done = Counter(number for (_, number), path in self._done.items() if path.is_file())
        return [number for number, views in done.items() if views == max(len(self._job.views), 1)]

    def check_frame(self, command: Frame) -> None:
        """Raises FrameError if a file of the frame is one that the run replaces, or its view is none."""
        views = self._job.views
        if command.view not in (views or [""]):
            raise FrameError(command.frame, f"is of the view {command.view!r}, which the job does not have")
        for path in (Path(command.content), *([] if command.passes is None else [Path(command.passes)])):
            if is_result(path, self._output):
                raise FrameError(
                    command.frame, f"{path} is an input and would be overwritten; choose another output"
                )

    def regions(self) -> list[MatteRegion]:
        """The parts of the frames with a style of their own; raises ProtocolError for an unknown kind."""
        regions: list[MatteRegion] = []
        for place, region in enumerate(self._job.regions):
            try:
                kind = MatteKind(region.kind)
            except ValueError:
                kinds = " or ".join(MatteKind)
                raise ProtocolError(f"a region is of the kind {region.kind!r}: it must be {kinds}") from None
            name = None if region.style is None else _region_name(place)
            regions.append(MatteRegion(kind, tuple(region.names), name))
        return regions

    def _style_files(self) -> list[Path]:
        regions = [region.style for region in self._job.regions]
        return [Path(style) for style in (*self._job.styles, *regions) if style is not None]

    def _read_styles(self) -> list[Style]:
        job = self._job
        own = [(place, region.style) for place, region in enumerate(job.regions) if region.style is not None]
        if not job.styles and not own:
            raise ProtocolError("a job has at least one style picture; this one has none")
        weights = job.style_weights or [1.0] * len(job.styles)
        if len(weights) != len(job.styles):
            raise ProtocolError(f"the job has {len(weights)} style weights for {len(job.styles)} styles")
        return [
            *(Style(_read_style(path), weight) for path, weight in zip(job.styles, weights, strict=True)),
            *(Style(_read_style(path), region=_region_name(place)) for place, path in own),
        ]

    def reporting(self, callbacks: RunCallbacks, folder: Path, view: str = "") -> RunCallbacks:
        """The callbacks of the run over a view, which keeps its snapshots in this folder."""
        job, send, snapshots_kept = self._job, self._send, self._snapshots_kept
        snapshots = SequenceSnapshots(folder / SNAPSHOTS)
        previews = PreviewFile(self._output, lambda preview: send(preview_event(job.job, preview)))

        def take_snapshot(number: int, snapshot: Snapshot) -> None:
            if snapshots_kept:
                snapshots.take(number, snapshot)
            if job.preview_every > 0:
                previews.show(number, snapshot)

        def frame_done(result: FrameResult) -> None:
            snapshots.finish(result.number)
            if result.resumed and (view, result.number) in self._done:
                return  # the run has begun once more, see `Worker._run`
            self._done[view, result.number] = result.path
            self.packer.pack(self.passes.pop((view, result.number), None))
            send(frame_event(job.job, result, view))

        return replace(
            callbacks,
            progress=lambda number, step: send(progress_event(job.job, number, step)),
            frame_done=frame_done,
            snapshot=take_snapshot,
            warning=lambda text: send(Warned(text, job.job)),
            planned=lambda text: send(Planned(job.job, text)),
            opened=self._report_opened,
        )

    def _report_opened(self, continues: bool, frames: Sequence[int]) -> None:
        if not self._is_reported:
            self._is_reported = True
            self._send(Opened(self._job.job, continues, list(frames)))

    def _report_download(self) -> Callable[[str, float], None]:
        """Reports the download of a network that the settings name, in steps of a tenth."""
        reported: set[int] = set()

        def report(what: str, share: float) -> None:
            tenths = int(10.0 * share)
            if tenths not in reported:
                reported.add(tenths)
                self._send(Warned(f"{what}: {10 * tenths} %", self._job.job))

        return report


def _read_style(path: str) -> np.ndarray:
    return check_style(read_image(Path(path)), f"style picture {path}")


def _region_name(place: int) -> str:
    return f"region {place + 1}"
