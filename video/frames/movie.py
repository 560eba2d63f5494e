"""Movies in and out, through PyAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import cv2
import numpy as np
from av.error import FFmpegError
from av.video.plane import VideoPlane
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from video.color.ycbcr import ycbcr_planes
from video.errors import FileError
from video.files.atomic import write_atomically
from video.files.decode_limits import MAX_PIXELS
from video.images.image_files import read_picture
from video.images.picture import Picture
from video.settings import MovieCodec

MOVIE_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv", ".wmv", ".flv", ".gif"}
    | {".ts", ".mts", ".m2ts", ".3gp", ".mxf", ".y4m"}
)
DEFAULT_FRAME_RATE = 24.0

# Nothing that leads to other files, or to the network, as playlists do.
_FORMATS = "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo,ogg,asf,flv,mxf,yuv4mpegpipe,gif,apng,wav"
_READING = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
# No random numbers and no versions in the file; keywords of one's own in an MP4 too.
_WRITING = {"fflags": "+bitexact", "movflags": "+use_metadata_tags"}
# Colors of a movie that does not name them, by convention those of its size.
_TALLEST_SD = 576


def read_movie(path: Path) -> Iterator[np.ndarray]:
    """The frames of a movie, one after the other: (H, W, 3) or, with alpha, (H, W, 4) float32 in 0..1.

    More than 8 bits a channel are kept as 16.

    Raises:
        FileError: missing, no movie, or damaged.
    """
    with _opened(path) as container:
        for frame in container.decode(_video_stream(container, path)):
            yield _pixels(frame)


class PictureReader:
    """Reads pictures from files and from movies; a movie stays open for the picture after."""

    def __init__(self) -> None:
        self._movie: Path | None = None
        self._pictures: Iterator[np.ndarray] = iter(())
        self._next = 1

    def read(self, path: Path, movie_frame: int | None = None) -> Picture:
        """A picture as `read_picture` gives it; of a movie the one with this number, counted from 1.

        Raises:
            FileError: missing, damaged, or a movie that has fewer pictures.
        """
        if movie_frame is None:
            return read_picture(path)
        if path != self._movie or movie_frame < self._next:
            self._movie, self._pictures, self._next = path, read_movie(path), 1
        for picture in self._pictures:
            self._next += 1
            if self._next > movie_frame:
                return Picture(picture)
        self._movie = None
        raise FileError(path, f"has no frame {movie_frame}; choose a range that the movie has")


def movie_length(path: Path) -> int:
    """The number of frames, counted by reading the packets: many containers' headers are wrong about it."""
    with _opened(path) as container:
        packets = container.demux(_video_stream(container, path))
        count = sum(1 for packet in packets if packet.size)
    if count == 0:
        raise FileError(path, "is a movie without frames")
    return count


def movie_frame_rate(path: Path) -> float:
    """Frames a second."""
    with _opened(path) as container:
        rate = _video_stream(container, path).average_rate
    return float(rate) if rate else DEFAULT_FRAME_RATE


@dataclass(frozen=True)
class _Encoding:
    """How frames go into a movie; `alpha` and `bits` (of a value) are what of the frames is kept."""

    encoder: str
    pixel_format: str
    alpha: bool
    bits: int
    options: Mapping[str, str]

    @property
    def in_rgb(self) -> bool:
        """Whether the colors are stored as they are."""
        return self.pixel_format.startswith(("gbr", "bgr"))


def write_movie(
    path: Path,
    images: Iterable[np.ndarray],
    frame_rate: float,
    codec: MovieCodec = MovieCodec.H264,
    bits: int = 8,
    *,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Writes pictures (H, W, 3 or 4), float in 0..1, straight alpha; the same pictures make the same file.

    H.264 has no alpha: transparent pictures are put over black. With 4:2:0 color it needs even sides: an odd
    last row or column is doubled.

    Args:
        frame_rate: frames a second; 23.976, 29.97 and 59.94 are taken for the broadcast rates.
        bits: of the pictures; FFV1 keeps 8 or 16 exactly.
        metadata: texts by keyword.

    Raises:
        FileError: the file cannot be written.
    """

    def write(temporary: Path) -> None:
        stream, encoding = None, None
        name = codec.suffix[1:].replace("mkv", "matroska")
        with av.open(str(temporary), "w", format=name, container_options=_WRITING) as container:
            container.metadata.update(metadata or {})
            for image in images:
                if stream is None or encoding is None:
                    encoding = _encoding(codec, image.shape[2] == 4, bits)
                    stream = _add_stream(container, encoding, frame_rate)
                frame = _frame(image, encoding)
                if not stream.height:
                    stream.height, stream.width = frame.height, frame.width
                container.mux(stream.encode(frame))
            if stream is not None:
                container.mux(stream.encode())

    try:
        write_atomically(path, write)
    except FFmpegError as error:
        raise FileError(path, f"the movie cannot be written ({error})") from None


def _encoding(codec: MovieCodec, alpha: bool, bits: int) -> _Encoding:
    if codec is MovieCodec.H264:
        # With macroblock trees the same frames made other movies by what happened to lie in memory before
        # (seen at widths of 48, 98, 160 and 322 px). Without them a movie is about a fifth larger.
        options = {"crf": "16", "preset": "medium", "x264-params": "mbtree=0"}
        return _Encoding("libx264", "yuv420p", False, 8, options)
    if codec is MovieCodec.PRORES:
        pixels = "yuva444p10le" if alpha else "yuv444p10le"
        return _Encoding("prores_ks", pixels, alpha, 10, {"profile": "4444", "vendor": "apl0"})
    deep = bits > 8
    pixels = {(0, 0): "bgr0", (0, 1): "bgra", (1, 0): "gbrp16le", (1, 1): "gbrap16le"}[deep, alpha]
    return _Encoding("ffv1", pixels, alpha, 16 if deep else 8, {"level": "3", "slicecrc": "1"})


def _add_stream(
    container: av.container.OutputContainer, encoding: _Encoding, frame_rate: float
) -> av.VideoStream:
    stream = container.add_stream(encoding.encoder, rate=_exact_rate(frame_rate))
    if not isinstance(stream, av.VideoStream):
        raise TypeError(f"{encoding.encoder} is no encoder of pictures")
    stream.options = dict(encoding.options)
    stream.width = stream.height = 0
    stream.pix_fmt = encoding.pixel_format
    if not encoding.in_rgb:
        # Named, or players guess by the size.
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_primaries = ColorPrimaries.BT709
        stream.codec_context.color_trc = ColorTrc.BT709
        stream.codec_context.color_range = ColorRange.MPEG
    return stream


def _frame(image: np.ndarray, encoding: _Encoding) -> av.VideoFrame:
    pixels = image
    if image.shape[2] == 4 and not encoding.alpha:
        pixels = image[..., :3] * image[..., 3:]
    pixels = np.clip(pixels, 0.0, 1.0)
    return _rgb_frame(pixels, encoding) if encoding.in_rgb else _ycbcr_frame(pixels, encoding)


def _rgb_frame(pixels: np.ndarray, encoding: _Encoding) -> av.VideoFrame:
    kind = np.uint16 if encoding.bits == 16 else np.uint8
    levels: Any = np.round(pixels * np.iinfo(kind).max).astype(kind)
    names = {(3, 8): "rgb24", (4, 8): "rgba", (3, 16): "rgb48le", (4, 16): "rgba64le"}
    frame = av.VideoFrame.from_ndarray(
        np.ascontiguousarray(levels), format=names[levels.shape[2], encoding.bits]
    )
    return frame.reformat(format=encoding.pixel_format)


def _ycbcr_frame(pixels: np.ndarray, encoding: _Encoding) -> av.VideoFrame:
    height, width = pixels.shape[:2]
    halved = encoding.pixel_format == "yuv420p"
    if halved:
        pixels = cv2.copyMakeBorder(pixels, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    planes = ycbcr_planes(pixels[..., :3], encoding.bits, halved=halved)
    if encoding.alpha:
        planes.append(np.round(pixels[..., 3] * (2**encoding.bits - 1)).astype(np.uint16))
    frame = av.VideoFrame(pixels.shape[1], pixels.shape[0], encoding.pixel_format)
    for plane, values in zip(frame.planes, planes, strict=True):
        _fill(plane, values.astype("<u2" if encoding.bits > 8 else np.uint8))
    frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
    return frame


def _fill(plane: VideoPlane, values: np.ndarray) -> None:
    """Sets the plane's memory, with zeros beyond the ends of its rows."""
    rows = np.ascontiguousarray(values).view(np.uint8)
    memory = np.zeros((plane.height, plane.line_size), np.uint8)
    memory[:, : rows.shape[1]] = rows
    plane.update(memory.tobytes())


def _pixels(frame: av.VideoFrame) -> np.ndarray:
    components = frame.format.components
    alpha = len(components) in (2, 4) or frame.format.has_palette
    deep = max(component.bits for component in components) > 8
    names = {(0, 0): "rgb24", (1, 0): "rgba", (0, 1): "rgb48le", (1, 1): "rgba64le"}
    source = None
    if not frame.format.is_rgb and frame.colorspace == ColorPrimaries.UNSPECIFIED:
        source = Colorspace.ITU709 if frame.height > _TALLEST_SD else Colorspace.ITU601
    pixels = frame.reformat(format=names[alpha, deep], src_colorspace=source).to_ndarray()
    return pixels.astype(np.float32) / (65535.0 if deep else 255.0)


def _exact_rate(frame_rate: float) -> Fraction:
    broadcast = Fraction(round(frame_rate * 1.001) * 1000, 1001)
    if abs(float(broadcast) - frame_rate) < 0.002 and abs(frame_rate - round(frame_rate)) > 0.002:
        return broadcast
    return Fraction(frame_rate).limit_denominator(1001)


@contextmanager
def _opened(path: Path) -> Iterator[av.container.InputContainer]:
    try:
        # With its protocol named, a file's name is never taken for another one.
        with av.open(f"file:{path}", options=_READING) as container:
            yield container
    except FileNotFoundError:
        raise FileError(path, "does not exist; check the name") from None
    except (FFmpegError, OSError, ValueError):
        raise FileError(path, "is no movie that can be read, or is damaged") from None


def _video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    if not container.streams.video:
        raise FileError(path, "has no pictures in it, only sound or data")
    stream = container.streams.video[0]
    # None where FFmpeg knows no decoder, as for a name of a codec that damage has made up.
    if stream.codec_context is None:
        raise FileError(path, "is in a codec that cannot be read, or is damaged")
    if stream.width * stream.height > MAX_PIXELS:
        raise FileError(path, "has too many pixels; the limit is about 89 million")
    return stream
