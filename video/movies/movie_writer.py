"""Writes movies, through PyAV: with a constant rate, or with the times and the sound of another movie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
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

from video.color.video_signal import Matrix
from video.color.ycbcr import ycbcr_planes
from video.errors import FileError
from video.files.atomic import write_atomically
from video.movies.matroska import NoRoomError, set_pixel_aspect
from video.movies.movie_streams import open_movie
from video.movies.movie_time import Shown, TimeStamps, exact_rate, time_stamps
from video.movies.sound import SoundCopy
from video.settings import MovieCodec

# No random numbers and no versions in the file; keywords of one's own in an MP4 too.
_WRITING = {"fflags": "+bitexact", "movflags": "+use_metadata_tags"}


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
    shown: Sequence[Shown] = (),
    pixel_aspect: Fraction = Fraction(1),
    notify: Callable[[str], None] = lambda note: None,
) -> None:
    """Writes pictures (H, W, 3 or 4), float in 0..1, straight alpha; the same pictures make the same file.

    H.264 has no alpha: transparent pictures are put over black. With 4:2:0 color it needs even sides: an odd
    last row or column is doubled.

    Args:
        frame_rate: frames a second; 23.976, 29.97 and 59.94 are taken for the broadcast rates.
        bits: of the pictures; FFV1 keeps 8 or 16 exactly.
        metadata: texts by keyword.
        shown: for each picture when it was shown in the movie that it comes from. It is shown at these times
            instead of at a constant rate, and the movie's sound meanwhile is copied.
        pixel_aspect: width over height of a pixel.
        notify: called with what of the sound is not copied as it is, one line each.

    Raises:
        FileError: the file cannot be written.
    """
    stamps = time_stamps(shown) if shown else None
    rate = exact_rate(frame_rate) if stamps is None else stamps.rate
    # Frames that are shorter than the milliseconds in which an MP4 notes its length count as varying, too.
    varying = (stamps is not None and not stamps.constant) or rate > 1000

    def write(temporary: Path) -> None:
        name = codec.suffix[1:].replace("mkv", "matroska")
        source = open_movie(shown[0].movie) if shown else nullcontext()
        pictures = None
        with source as movie, av.open(str(temporary), "w", format=name, container_options=_WRITING) as out:
            out.metadata.update(metadata or {})
            sound = None
            for image in images:
                if pictures is None:
                    encoding = _encoding(codec, image.shape[2] == 4, bits, varying=varying)
                    pictures = _Pictures(out, encoding, rate, stamps, pixel_aspect)
                    if movie is not None:
                        sound = SoundCopy(movie, out, shown[0].start, shown[-1].end, notify)
                _mux(out, pictures.encode(image), sound)
            if pictures is not None:
                _mux(out, pictures.end(), sound)
            if sound is not None:
                sound.mux_until(None)
        if pictures is not None and pixel_aspect != 1 and name == "matroska":
            try:
                set_pixel_aspect(temporary, pictures.size, pixel_aspect)
            except NoRoomError:
                notify(f"{path.name} does not say that its pixels are {pixel_aspect} as wide as high")

    try:
        write_atomically(path, write)
    except FFmpegError as error:
        raise FileError(path, f"the movie cannot be written ({error})") from None


class _Pictures:
    """The movie's stream of pictures."""

    def __init__(
        self,
        container: av.container.OutputContainer,
        encoding: _Encoding,
        rate: Fraction,
        stamps: TimeStamps | None,
        pixel_aspect: Fraction,
    ) -> None:
        self._encoding = encoding
        self._stamps = stamps
        self._tick = 1 / rate if stamps is None else stamps.tick
        self._count = 0
        self._stream = _add_stream(container, encoding, rate, pixel_aspect)
        self._stream.codec_context.time_base = self._tick

    def encode(self, image: np.ndarray) -> Iterator[av.Packet]:
        """The packets that the next picture completes."""
        frame = _frame(image, self._encoding)
        if not self._stream.height:
            self._stream.height, self._stream.width = frame.height, frame.width
        frame.pts = self._count if self._stamps is None else self._stamps.starts[self._count]
        frame.time_base = self._tick
        self._count += 1
        return self._timed(self._stream.encode(frame))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self._stream.width, self._stream.height

    def end(self) -> Iterator[av.Packet]:
        """The packets that are left."""
        return self._timed(self._stream.encode())

    def _timed(self, packets: Iterable[av.Packet]) -> Iterator[av.Packet]:
        for packet in packets:
            if self._stamps is not None and packet.pts is not None:
                packet.duration = self._stamps.duration(self._stamps.starts.index(packet.pts))
            yield packet


def _mux(
    container: av.container.OutputContainer, packets: Iterable[av.Packet], sound: SoundCopy | None
) -> None:
    for packet in packets:
        if sound is not None and packet.dts is not None:
            sound.mux_until(packet.dts * packet.time_base)
        container.mux(packet)


def _encoding(codec: MovieCodec, alpha: bool, bits: int, *, varying: bool) -> _Encoding:
    if codec is MovieCodec.H264:
        # With macroblock trees the same frames made other movies by what happened to lie in memory before
        # (seen at widths of 48, 98, 160 and 322 px). Without them a movie is about a fifth larger.
        options = {"crf": "16", "preset": "medium", "x264-params": "mbtree=0"}
        if varying:
            # With frames out of order FFmpeg notes a length that ends before the last of them.
            options["bf"] = "0"
        return _Encoding("libx264", "yuv420p", False, 8, options)
    if codec is MovieCodec.PRORES:
        pixels = "yuva444p10le" if alpha else "yuv444p10le"
        return _Encoding("prores_ks", pixels, alpha, 10, {"profile": "4444", "vendor": "apl0"})
    deep = bits > 8
    pixels = {(0, 0): "bgr0", (0, 1): "bgra", (1, 0): "gbrp16le", (1, 1): "gbrap16le"}[deep, alpha]
    return _Encoding("ffv1", pixels, alpha, 16 if deep else 8, {"level": "3", "slicecrc": "1"})


def _add_stream(
    container: av.container.OutputContainer, encoding: _Encoding, rate: Fraction, pixel_aspect: Fraction
) -> av.VideoStream:
    stream = container.add_stream(encoding.encoder, rate=rate)
    if not isinstance(stream, av.VideoStream):
        raise TypeError(f"{encoding.encoder} is no encoder of pictures")
    stream.options = dict(encoding.options)
    stream.width = stream.height = 0
    stream.pix_fmt = encoding.pixel_format
    if pixel_aspect != 1:
        stream.sample_aspect_ratio = stream.codec_context.sample_aspect_ratio = pixel_aspect
    # Named, or players guess by the size.
    context = stream.codec_context
    context.color_primaries = ColorPrimaries.BT709
    if encoding.in_rgb:
        context.colorspace, context.color_range = Matrix.RGB, ColorRange.JPEG
        context.color_trc = ColorTrc.IEC61966_2_1
    else:
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        context.color_trc = ColorTrc.BT709
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
