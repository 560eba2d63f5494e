"""Opens movie files, and tells which of their streams is the movie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.container
from av.error import FFmpegError
from av.stream import Disposition, Stream

from video.errors import FileError
from video.files.decode_limits import MAX_PIXELS
from video.files.free_memory import check_memory, free_memory

MOVIE_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".qt", ".mkv", ".webm", ".avi", ".divx", ".ogv", ".wmv", ".asf", ".flv", ".gif"}
    | {".mpg", ".mpeg", ".m2v", ".vob", ".dvd", ".ts", ".m2t", ".mts", ".m2ts"}
    | {".3gp", ".3g2", ".dv", ".mxf", ".y4m"}
)

# Nothing that leads to other files, or to the network, as playlists do.
_FORMATS = "mov,mp4,matroska,webm,avi,dv,mpeg,mpegts,mpegvideo,ogg,asf,flv,mxf,yuv4mpegpipe,gif,apng,wav"
_READING = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
# While a frame is decoded and becomes a picture, see `tests/video/movies/test_movie_bombs.py`.
_BYTES_PER_PIXEL = 112
_BLOCK = 128
_SMALL = 1 << 20
# Pictures that go with a movie.
_STILLS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image


@contextmanager
def open_movie(path: Path) -> Iterator[av.container.InputContainer]:
    """The file, open for reading; raises FileError where it is missing or no movie."""
    try:
        # With its protocol named, a file's name is never taken for another one.
        container = av.open(f"file:{path}", options=_READING)
    except FileNotFoundError:
        raise FileError(path, "does not exist; check the name") from None
    except (FFmpegError, OSError, ValueError):
        raise FileError(path, _UNREADABLE) from None
    with container:
        yield container


_UNREADABLE = "is no movie that can be read, or is damaged"


def picture_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The stream that is the movie: not its cover, and of several the one with the most pixels.

    Raises:
        FileError: there is none, or it cannot be decoded.
    """
    movies = [each for each in container.streams.video if not each.disposition & _STILLS]
    if not movies:
        raise FileError(path, "has no pictures in it, only sound, a cover or data")
    # None where FFmpeg knows no decoder, as for a name of a codec that damage has made up.
    readable = [each for each in movies if each.codec_context is not None]
    if not readable:
        raise FileError(path, "is in a codec that cannot be read, or is damaged")
    # A proxy is smaller, whatever its place; of streams of one size the one that the file marks.
    stream = max(
        readable,
        key=lambda each: (
            each.width * each.height,
            bool(each.disposition & Disposition.default),
            -each.index,
        ),
    )
    check_pixels(path, stream.width, stream.height)
    return stream


def check_pixels(path: Path, width: int, height: int) -> None:
    """Checks the size of a movie's pictures, which may change in the middle of it.

    Raises:
        FileError: they are too large to be meant.
        MemoryShortageError: there is not enough memory for one.
    """
    if width * height > MAX_PIXELS:
        raise FileError(path, "has too many pixels; the limit is about 89 million")
    check_memory(path, _BYTES_PER_PIXEL * width * height)


def decoded_pixels(width: int, height: int) -> int:
    """The most pixels of a frame that a decoder may take memory for, in a movie whose size was checked."""
    fitting = min(MAX_PIXELS, free_memory() // _BYTES_PER_PIXEL)
    # Decoders count whole blocks of a frame.
    return max(fitting, (width + _BLOCK) * (height + _BLOCK), _SMALL)


def sound_streams(container: av.container.InputContainer) -> list[av.AudioStream]:
    """The movie's sound tracks."""
    return list(container.streams.audio)


def dropped_streams(container: av.container.InputContainer, movie: Stream) -> str:
    """What else the file holds beside the movie and its sound, as `2 subtitle tracks, a cover picture`."""
    kinds = Counter(_kind(each) for each in container.streams if each is not movie and each.type != "audio")
    return ", ".join(
        f"{count} {kind}s" if count > 1 else f"{_article(kind)} {kind}" for kind, count in kinds.items()
    )


def _kind(stream: Stream) -> str:
    if stream.type == "video":
        return "cover picture" if stream.disposition & _STILLS else "further video track"
    return {"subtitle": "subtitle track", "attachment": "attached file"}.get(stream.type, "data track")


def _article(kind: str) -> str:
    return "an" if kind[0] in "aeiou" else "a"
