"""Movies in and out, through PyAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.container
import cv2
import numpy as np
from av.error import FFmpegError

from video.errors import FileError
from video.images import write_atomically

MOVIE_SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ogv"})


def read_movie(path: Path) -> Iterator[np.ndarray]:
    """The frames of a movie, one after the other: (H, W, 3) float32 in 0..1.

    Raises:
        FileError: missing, no movie, or damaged.
    """
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(_video_stream(container, path)):
                yield frame.to_ndarray(format="rgb24").astype(np.float32) / 255.0
    except (FFmpegError, OSError) as error:
        raise _unreadable(path, error) from None


def movie_length(path: Path) -> int:
    """The number of frames, counted by reading the packets: many containers' headers are wrong about it."""
    try:
        with av.open(str(path)) as container:
            packets = container.demux(_video_stream(container, path))
            count = sum(1 for packet in packets if packet.size)
    except (FFmpegError, OSError) as error:
        raise _unreadable(path, error) from None
    if count == 0:
        raise FileError(path, "is a movie without frames")
    return count


def movie_frame_rate(path: Path) -> float:
    """Frames a second."""
    try:
        with av.open(str(path)) as container:
            rate = _video_stream(container, path).average_rate
    except (FFmpegError, OSError) as error:
        raise _unreadable(path, error) from None
    return float(rate) if rate else 24.0


def write_movie(path: Path, images: Iterable[np.ndarray], frame_rate: float) -> None:
    """Writes pictures (H, W, 3 or 4), float in 0..1, as H.264 in MP4; transparent ones over black.

    H.264 with 4:2:0 colour needs even sides: an odd last row or column is doubled.

    Raises:
        FileError: the file cannot be written.
    """

    def write(temporary: Path) -> None:
        rate = Fraction(frame_rate).limit_denominator(1001)
        with av.open(str(temporary), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=rate, options={"crf": "16", "preset": "medium"})
            stream.pix_fmt = "yuv420p"
            for index, image in enumerate(images):
                pixels = _opaque(image)
                if index == 0:
                    stream.height, stream.width = pixels.shape[:2]
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode())

    try:
        write_atomically(path, write)
    except FFmpegError as error:
        raise FileError(path, f"the movie cannot be written ({error})") from None


def _video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    if not container.streams.video:
        raise FileError(path, "has no pictures in it, only sound or data")
    return container.streams.video[0]


def _unreadable(path: Path, error: Exception) -> FileError:
    if isinstance(error, FileNotFoundError):
        return FileError(path, "does not exist; check the name")
    return FileError(path, "is no movie that can be read, or is damaged")


def _opaque(image: np.ndarray) -> np.ndarray:
    colour = image[..., :3] * image[..., 3:4] if image.shape[2] == 4 else image
    pixels = np.round(np.clip(colour, 0.0, 1.0) * 255.0).astype(np.uint8)
    odd_rows, odd_columns = pixels.shape[0] % 2, pixels.shape[1] % 2
    return cv2.copyMakeBorder(pixels, 0, odd_rows, 0, odd_columns, cv2.BORDER_REPLICATE)
