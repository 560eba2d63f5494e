"""Outputs of a run: the results of its frames, and the movie and the contact sheet at its end."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from video.driver.finish import FinishedFrame
from video.driver.frame_writer import movie_name
from video.errors import BEGIN_ANEW, FileError
from video.files.output_folder import CONTACT_SHEET, view_file
from video.frames.framing import cropped
from video.frames.sequence import SourceFrame
from video.images.image_files import read_image
from video.movies.movie import DEFAULT_FRAME_RATE, Shown, write_movie
from video.movies.sound import has_sound
from video.reports.contact_sheet import ContactSheet
from video.results import FrameResult, RunCallbacks, SequenceResult
from video.settings import SequenceSettings


class RunOutputs:
    """Collects the frames of one run, reports them, and writes the movie and the contact sheet.

    Args:
        output: the run's folder.
        metadata: of the movie, see `write_movie`.
        suffix: of the view that the frames are of, in the names of movie and contact sheet.
    """

    def __init__(
        self,
        settings: SequenceSettings,
        output: Path,
        callbacks: RunCallbacks,
        metadata: Mapping[str, str],
        *,
        suffix: str = "",
    ) -> None:
        self._settings = settings
        self._suffix = suffix
        self._output = output
        self._callbacks = callbacks
        self._metadata = metadata
        self._results: dict[int, FrameResult] = {}
        self._shown: dict[int, Shown] = {}
        self._pixel_aspect = Fraction(1)
        self._sheet = ContactSheet()

    def note_source(self, frame: SourceFrame) -> None:
        """Notes when a frame is shown and how wide its pixels are, whoever stylizes it."""
        if frame.shown is not None:
            self._shown[frame.number] = frame.shown
        if frame.pixel_aspect != 1:
            self._pixel_aspect = frame.pixel_aspect

    def take_in(self, finished: FinishedFrame, *, notify: bool) -> None:
        """Adds a frame that is on disk.

        Args:
            notify: report it; False if a further pass will replace it.
        """
        self._results[finished.result.number] = finished.result
        if notify:
            self._callbacks.frame_done(finished.result)
            frame, margin = finished.frame, finished.frame.margin
            self._sheet.add(frame.number, cropped(frame.image, margin), cropped(finished.styled, margin))

    def take_in_resumed(self, result: FrameResult, frame: SourceFrame) -> None:
        """Adds and reports a frame of an earlier run; raises FileError if its styled file cannot be read."""
        styled = read_image(result.path)
        if styled.shape[:2] != cropped(frame.image, frame.margin).shape[:2]:
            raise FileError(result.path, f"is of another size than its frame: {BEGIN_ANEW}")
        self._results[result.number] = result
        self._callbacks.frame_done(result)
        self._sheet.add(result.number, cropped(frame.image, frame.margin), styled)

    def end(self, begun: float, *, cancelled: bool) -> SequenceResult:
        """Writes the movie and the contact sheet that the settings ask for, and returns the run's result.

        Args:
            begun: when the run began, by `time.perf_counter`.
            cancelled: then neither is written.

        Raises:
            FileError: a styled file is gone or cannot be read, or one of the two cannot be written.
        """
        results = [self._results[number] for number in sorted(self._results)]
        gone = [result for result in results if not result.path.is_file()]
        if gone and not cancelled:
            raise FileError(
                gone[0].path,
                f"was removed while the run was at work ({len(gone)} of {len(results)} styled frames are"
                " gone); run it again to make them again",
            )
        results = [result for result in results if result not in gone]
        movie = sheet = None
        if results and not cancelled:
            movie = self._write_movie(results) if self._settings.movie else None
            sheet = self._write_sheet() if self._settings.contact_sheet and len(self._sheet) else None
        return SequenceResult(results, time.perf_counter() - begun, cancelled, movie, sheet)

    def _write_movie(self, results: Sequence[FrameResult]) -> Path:
        settings = self._settings
        path = self._output / movie_name(settings.movie_codec, self._suffix)
        shown = self._times(results)
        if settings.frame_rate and shown:
            if has_sound(shown[0].movie):
                self._callbacks.warning(
                    f"{path.name} is written without its sound: it has a frame rate of its own"
                )
            shown = []
        write_movie(
            path,
            (read_image(result.path) for result in results),
            settings.frame_rate or DEFAULT_FRAME_RATE,
            settings.movie_codec,
            settings.output_format.bits,
            metadata=self._metadata,
            shown=shown,
            pixel_aspect=self._pixel_aspect,
            notify=self._callbacks.warning,
        )
        return path

    def _times(self, results: Sequence[FrameResult]) -> list[Shown]:
        """When each frame is shown, if all of them are one movie's."""
        shown = [self._shown[result.number] for result in results if result.number in self._shown]
        one = len(shown) == len(results) and len({each.movie for each in shown}) == 1
        return shown if one else []

    def _write_sheet(self) -> Path:
        path = self._output / view_file(CONTACT_SHEET, self._suffix)
        self._sheet.write(path)
        return path
