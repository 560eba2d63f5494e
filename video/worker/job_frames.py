"""The frames of a job, as its commands name them: of its only view, or of each of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from compositor.image_ops.resize import fit_array
from video.driver.views_driver import ViewFrames
from video.errors import FrameError, VideoError
from video.files.output_folder import view_folder
from video.frames.cryptomatte import MatteSequence
from video.frames.sequence import SourceFrame
from video.images.headers.pixel_aspect import read_pixel_aspect
from video.movies.movie import PictureReader
from video.protocol.messages import Frame
from video.results import RunCallbacks
from video.worker.job import OpenJob


class JobFrames:
    """Reads the frames of a job when the driver asks for them, which it does on another thread.

    Args:
        commands: the job's frames as they come, of all views.
        notify: called with what is to be said of a picture or movie, one line each.
    """

    def __init__(self, opened: OpenJob, commands: Iterable[Frame], notify: Callable[[str], None]) -> None:
        self._opened = opened
        self._commands = iter(commands)
        self._notify = notify
        self._came: dict[str, dict[int, Frame]] = {}

    def frames(self) -> MatteSequence:
        """The frames of a job without views."""
        return MatteSequence(self._read(self._arriving("")), self._opened.regions())

    def views(self, callbacks: RunCallbacks, suffixes: list[str], output: Path) -> list[ViewFrames]:
        """The frames of each view: the first one's as they come, the others' once all have come."""
        regions = self._opened.regions()

        def frames(suffix: str, commands: Iterable[Frame]) -> ViewFrames:
            return ViewFrames(
                suffix,
                MatteSequence(self._read(commands), regions),
                lambda number: self._again(suffix, number),
                self._opened.reporting(callbacks, view_folder(output, suffix), suffix),
            )

        first, *others = suffixes
        return [
            frames(first, self._arriving(first)),
            *(frames(suffix, self._all_of(suffix)) for suffix in others),
        ]

    def _arriving(self, view: str) -> Iterator[Frame]:
        for command in self._commands:
            self._came.setdefault(command.view, {})[command.frame] = command
            if command.view == view:
                yield command

    def _all_of(self, view: str) -> Iterator[Frame]:
        yield from self._came.get(view, {}).values()

    def _again(self, view: str, number: int) -> SourceFrame:
        return next(self._read([self._came[view][number]], again=True))

    def _read(self, commands: Iterable[Frame], *, again: bool = False) -> Iterator[SourceFrame]:
        pictures = PictureReader(self._notify)
        for command in commands:
            reduced = self._opened.longest_side
            passes = None if command.passes is None or reduced else Path(command.passes)
            if passes is not None and not again:
                self._opened.passes[command.view, command.frame] = passes
            try:
                frame = source_frame(pictures, command, self._opened.pixel_aspect)
            except VideoError as error:
                raise FrameError(command.frame, str(error)) from None
            own = command.settings
            yield replace(_reduced(frame, reduced), passes=passes, own_settings=own)


def source_frame(pictures: PictureReader, command: Frame, pixel_aspect: Fraction) -> SourceFrame:
    """The frame that a command names, without its passes.

    Args:
        pixel_aspect: width over height of its pixels, where its file does not say it.
    """
    path = Path(command.content)
    if command.movie_frame is None:
        picture, own = pictures.read(path), read_pixel_aspect(path)
        aspect = pixel_aspect if own == 1 else own
        return SourceFrame(command.frame, picture.image, original=picture.original, pixel_aspect=aspect)
    frame = pictures.read_frame(path, command.movie_frame)
    return SourceFrame(command.frame, frame.picture(), shown=frame.shown, pixel_aspect=frame.pixel_aspect)


def _reduced(frame: SourceFrame, longest_side: int) -> SourceFrame:
    """A frame of at most so many pixels on its longer side, as a display shows it; 0 for any number."""
    height, width = frame.image.shape[:2]
    if not 0 < longest_side < max(height, width):
        return frame
    color, alpha = frame.image[..., :3], frame.image[..., 3:]
    # Premultiplied, so that what is transparent lends no color to what is not.
    small = fit_array(np.concatenate([color * alpha, alpha], axis=2) if alpha.size else color, longest_side)
    if alpha.size:
        color, alpha = small[..., :3], small[..., 3:]
        small = np.concatenate(
            [np.divide(color, alpha, out=np.zeros_like(color), where=alpha > 0.0).clip(0.0, 1.0), alpha], 2
        )
    return replace(frame, image=small, original=None)
