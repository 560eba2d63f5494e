"""Reads movies, through PyAV: frames in order, each with its time; what can be decoded is what counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import numpy as np
from av.error import FFmpegError

from video.errors import FileError
from video.images.exr import left_out_views
from video.images.headers.pixel_aspect import pixel_aspect
from video.images.image_files import read_picture
from video.images.picture import Picture
from video.movies.movie_decoder import Deinterlacer, movie_decoder
from video.movies.movie_picture import UnknownColorsError, display_matrix, exchanges_sides, movie_picture
from video.movies.movie_streams import (
    MOVIE_SUFFIXES,
    check_pixels,
    dropped_streams,
    open_movie,
    picture_stream,
)
from video.movies.movie_time import MovieClock, Shown, header_rate
from video.movies.movie_writer import write_movie

__all__ = [
    "DEFAULT_FRAME_RATE",
    "MOVIE_SUFFIXES",
    "MovieFrame",
    "MovieInfo",
    "PictureReader",
    "Shown",
    "movie_frame_rate",
    "movie_info",
    "movie_length",
    "read_movie",
    "read_movie_frames",
    "write_movie",
]

DEFAULT_FRAME_RATE = 24.0


@dataclass(frozen=True)
class MovieFrame:
    """One frame of a movie.

    Attributes:
        shown: when.
    """

    shown: Shown
    _stored_aspect: Fraction
    _decoded: av.VideoFrame

    @property
    def pixel_aspect(self) -> Fraction:
        """Width over height of a pixel of its picture."""
        sideways = exchanges_sides(display_matrix(self._decoded))
        return 1 / self._stored_aspect if sideways else self._stored_aspect

    def picture(self) -> np.ndarray:
        """(H, W, 3) or, with alpha, (H, W, 4) float32 in 0..1, sRGB, straight alpha, as `movie_picture`.

        Raises:
            FileError: its colors are coded in a way that cannot be read.
        """
        try:
            return movie_picture(self._decoded)
        except UnknownColorsError as error:
            raise FileError(self.shown.movie, str(error)) from None


@dataclass(frozen=True)
class MovieInfo:
    """What a movie turned out to hold.

    Attributes:
        length: frames that can be decoded.
        size: (width, height) of the first one, upright, in px.
        pixel_aspect: see `MovieFrame`.
        notes: what is not as it seems, or is not taken over; one line each.
    """

    length: int
    size: tuple[int, int]
    pixel_aspect: Fraction
    notes: tuple[str, ...]


def read_movie(path: Path) -> Iterator[np.ndarray]:
    """The pictures of a movie, one after the other, see `MovieFrame.picture`.

    Raises:
        FileError: missing, no movie, damaged so that nothing can be decoded, or in unknown colors.
    """
    return (frame.picture() for frame in read_movie_frames(path))


def read_movie_frames(path: Path, notify: Callable[[str], None] = lambda note: None) -> Iterator[MovieFrame]:
    """The frames of a movie, one after the other.

    A movie that is cut short or damaged in places has the frames that can be decoded.

    Args:
        notify: called with what is not as it seems, one line each, before the frame that follows it.

    Raises:
        FileError: missing, no movie, or damaged so that nothing can be decoded.
    """
    with open_movie(path) as container:
        stream = picture_stream(container, path)
        if dropped := dropped_streams(container, stream):
            notify(f"{path}: not taken over: {dropped}")
        aspect = pixel_aspect(float(stream.sample_aspect_ratio or 1))
        clock = MovieClock(stream, DEFAULT_FRAME_RATE)
        decoded = _decoded(container, stream, lambda: notify(f"{path}: {_DAMAGED}"))
        interlaced = Deinterlacer(stream, lambda: notify(f"{path}: {_INTERLACED}"))
        held: tuple[av.VideoFrame, Fraction] | None = None
        told = False
        for frame in _readable(interlaced.frames(decoded), path):
            start = clock.start(frame)
            if clock.is_lost and not told:
                told = True
                notify(f"{path}: {_LOST}")
            if held is not None:
                yield MovieFrame(Shown(path, held[1], start, clock.rate, clock.tick), aspect, held[0])
            held = frame, start
        if held is None:
            raise FileError(path, _NO_FRAME)
        frame, start = held
        end = start + clock.duration(frame)
        yield MovieFrame(Shown(path, start, end, clock.rate, clock.tick), aspect, frame)


_INTERLACED = "is interlaced; it is deinterlaced, each frame of two fields to one"
_LOST = "has times that cannot be meant, over a day for a frame; such frames are shown as long as usual"
_NO_FRAME = "is a movie of which no frame can be decoded; it is empty or damaged"
_DAMAGED = "is cut short or damaged; what can be decoded is taken"


def movie_info(path: Path, last: int | None = None) -> MovieInfo:
    """Decodes a movie to see what it holds: headers and packets are often wrong about it.

    Args:
        last: stop behind the frame of this number; `length` is then this at most.

    Raises:
        FileError: as `read_movie_frames`.
    """
    notes: list[str] = []
    first = None
    length = 0
    for frame in read_movie_frames(path, notes.append):
        length += 1
        first = first or frame
        if length == last:
            break
    if first is None:
        raise FileError(path, _NO_FRAME)
    height, width = first.picture().shape[:2]
    return MovieInfo(length, (width, height), first.pixel_aspect, tuple(notes))


def movie_length(path: Path) -> int:
    """The number of frames that can be decoded."""
    return movie_info(path).length


def movie_frame_rate(path: Path) -> float:
    """Frames a second, as the file's header says."""
    with open_movie(path) as container:
        return float(header_rate(picture_stream(container, path), DEFAULT_FRAME_RATE))


class PictureReader:
    """Reads pictures from files and from movies; a movie stays open for the picture after.

    Args:
        notify: see `read_movie_frames`; called once for each movie and note, and with what is left out of the
            first file.
    """

    def __init__(self, notify: Callable[[str], None] = lambda note: None) -> None:
        self._notify = notify
        self._noted: set[str] = set()
        self._has_read = False
        self._movie: Path | None = None
        self._frames: Iterator[MovieFrame] = iter(())
        self._next = 1

    def read(self, path: Path) -> Picture:
        """The picture of a file; raises FileError as `read_picture`."""
        picture = read_picture(path)
        if not self._has_read:
            self._has_read = True
            left_out = left_out_views(path)
            if left_out is not None:
                self._note(left_out)
        return picture

    def read_frame(self, path: Path, number: int) -> MovieFrame:
        """The frame of a movie with this number, counted from 1.

        Raises:
            FileError: missing, damaged, or a movie that has fewer frames.
        """
        if path != self._movie or number < self._next:
            self._movie, self._frames, self._next = path, read_movie_frames(path, self._note), 1
        for frame in self._frames:
            self._next += 1
            if self._next > number:
                return frame
        self._movie = None
        raise FileError(path, f"has no frame {number}; choose a range that the movie has")

    def _note(self, note: str) -> None:
        if note not in self._noted:
            self._noted.add(note)
            self._notify(note)


def _readable(frames: Iterator[av.VideoFrame], path: Path) -> Iterator[av.VideoFrame]:
    """The frames; raises FileError where they are too large, or cannot be deinterlaced."""
    checked = None
    try:
        for frame in frames:
            if (frame.width, frame.height) != checked:
                check_pixels(path, *(checked := (frame.width, frame.height)))
            yield frame
    except (FFmpegError, ValueError):
        raise FileError(path, "is damaged: its frames do not go together") from None


def _decoded(
    container: av.container.InputContainer, stream: av.VideoStream, damaged: Callable[[], None]
) -> Iterator[av.VideoFrame]:
    """What the stream's packets decode to; `damaged` is called once, where some of them do not."""
    decode = movie_decoder(stream)
    told = False
    for packet in _packets(container, stream):
        try:
            frames = None if packet is None else decode(packet)
        except FFmpegError:
            frames = None
        if frames is None and not told:
            told = True
            damaged()
        yield from frames or ()


def _packets(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[Any]:
    """The stream's `av.Packet`s, at their end an empty one; None where the file cannot be read on."""
    try:
        yield from container.demux(stream)
    except (FFmpegError, OSError):
        yield None
        end = av.Packet()
        end.stream = stream
        yield end
