"""Movies with a known truth, made with PyAV as cameras, phones and capture cards make them."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import numpy as np
from av.filter import Graph
from av.stream import Disposition
from PIL import Image

LOSSLESS = {"qp": "0"}
SOUND_RATE = 48000


def scene(number: int, height: int = 48, width: int = 64) -> np.ndarray:
    """(H, W, 3) float32 in 0..1, each quarter another color, so that every turn shows; frames differ."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = np.stack([0.25 + 0.5 * x / width, 0.3 + 0.4 * y / height, 0.5 + 0.0 * x], axis=2)
    picture[: height // 4] = (0.9, 0.9, 0.85)
    picture[height // 2 :, : width // 4] = (0.15, 0.6, 0.2)
    picture[height // 2 :, width // 2 :] = (0.7, 0.2, 0.1 + 0.03 * (number % 24))
    return picture


@dataclass(frozen=True)
class MovieFile:
    """How a movie is made; what is None or empty is left as PyAV does it."""

    codec: str = "libx264"
    pixel_format: str = "yuv444p"
    rate: int | Fraction = 24
    options: dict[str, str] = field(default_factory=lambda: dict(LOSSLESS))
    container_options: dict[str, str] = field(default_factory=dict)
    time_base: Fraction | None = None
    times: Sequence[int] = ()
    tags: dict[str, int] = field(default_factory=dict)
    """Of the codec context: `colorspace`, `color_primaries`, `color_trc`, `color_range`."""
    aspect: Fraction | None = None
    setup: Callable[[av.VideoStream], None] = lambda stream: None
    sound: str | None = None
    """Encoder of two channels that `tone` gives."""
    top_field_first: bool | None = None
    """Of interlaced frames."""
    cover: bool = False
    proxy: bool = False
    """A smaller track before the movie's own."""

    def write(self, path: Path, frames: Sequence[np.ndarray | av.VideoFrame]) -> Path:
        """Writes (H, W, 3) float in 0..1, or frames that are made already."""
        made = [self._frame(each) for each in frames]
        if self.top_field_first is not None:
            stored = [frame.reformat(format=self.pixel_format) for frame in made]
            made = _with_field_order(stored, "tff" if self.top_field_first else "bff")
        with av.open(str(path), "w", options=self.container_options) as container:
            proxy = self._proxy(container, made[0]) if self.proxy else None
            stream = self._stream(container, made[0])
            sound: Any = container.add_stream(self.sound, rate=SOUND_RATE) if self.sound else None
            if self.cover:
                _add_cover(container)
            for place, frame in enumerate(made):
                frame.pts = self.times[place] if self.times else None
                if self.time_base is not None:
                    frame.time_base = self.time_base
                container.mux(stream.encode(frame))
                if proxy is not None:
                    container.mux(proxy.encode(frame.reformat(16, 16, "yuv420p")))
            container.mux(stream.encode())
            if proxy is not None:
                container.mux(proxy.encode())
            if sound is not None:
                _encode_tone(container, sound, len(made) / float(self.rate))
        return path

    def _stream(self, container: av.container.OutputContainer, first: av.VideoFrame) -> av.VideoStream:
        stream = container.add_stream(self.codec, rate=self.rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, self.pixel_format
        stream.options = dict(self.options)
        for name, value in self.tags.items():
            setattr(stream.codec_context, name, value)
        if self.time_base is not None:
            stream.codec_context.time_base = self.time_base
        if self.aspect is not None:
            stream.codec_context.sample_aspect_ratio = self.aspect
        self.setup(stream)
        return stream

    def _proxy(self, container: av.container.OutputContainer, first: av.VideoFrame) -> av.VideoStream:
        stream = container.add_stream("libx264", rate=self.rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        return stream

    def _frame(self, picture: np.ndarray | av.VideoFrame) -> av.VideoFrame:
        if isinstance(picture, av.VideoFrame):
            return picture
        if self.pixel_format == "yuv444p":
            return _ycbcr8(picture)
        return av.VideoFrame.from_ndarray(_u8(picture), format="rgb24")


def tone(seconds: float) -> np.ndarray:
    """(samples,) float32: a tone that rises, so that each moment sounds different."""
    time = np.arange(int(SOUND_RATE * seconds)) / SOUND_RATE
    return (0.3 * np.sin(2.0 * np.pi * (200.0 + 150.0 * time) * time)).astype(np.float32)


def heard(path: Path, track: int = 0) -> tuple[np.ndarray, float]:
    """The first channel of a movie's sound, float32, and the time of its first sample in seconds."""
    samples, start = [], None
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=stream.rate)
        for frame in container.decode(stream):
            for each in resampler.resample(frame):
                if start is None:
                    assert each.pts is not None
                    assert each.time_base is not None
                    start = float(each.pts * each.time_base)
                samples.append(each.to_ndarray()[0])
    assert start is not None
    return np.concatenate(samples), start


def with_edit_list(path: Path, skipped: int, kept: int, rate: int = 24) -> None:
    """Makes an MP4 begin so many frames later, as a phone trims without encoding anew."""
    data = bytearray(path.read_bytes())
    place = data.index(b"elst")
    _, media_time = struct.unpack(">Ii", data[place + 12 : place + 20])
    with av.open(str(path)) as container:
        time_base = container.streams.video[0].time_base
    assert time_base is not None
    step = int(Fraction(1, rate) / time_base)
    data[place + 12 : place + 20] = struct.pack(">Ii", 1000 * kept // rate, media_time + skipped * step)
    path.write_bytes(data)


def ycbcr10(planes: Sequence[np.ndarray]) -> av.VideoFrame:
    """A frame in yuv444p10le of the codes of Y′, Cb and Cr, (H, W) each."""
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, "yuv444p10le")
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // 2), "<u2")
        rows[:, :width] = np.round(values)
        plane.update(rows.tobytes())
    return frame


def _ycbcr8(picture: np.ndarray) -> av.VideoFrame:
    """A frame in yuv444p by BT.601, to the nearest level, which FFmpeg's own conversion is not."""
    red, green, blue = (picture[..., place] for place in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    codes = 16 + 219 * luma, 128 + 224 * (blue - luma) / 1.772, 128 + 224 * (red - luma) / 1.402
    frame = av.VideoFrame(picture.shape[1], picture.shape[0], "yuv444p")
    for plane, values in zip(frame.planes, codes, strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : picture.shape[1]] = np.round(values)
        plane.update(rows.tobytes())
    return frame


def _with_field_order(frames: Sequence[av.VideoFrame], order: str) -> list[av.VideoFrame]:
    graph = Graph()
    first = frames[0]
    source = graph.add_buffer(
        width=first.width, height=first.height, format=first.format, time_base=Fraction(1, 24)
    )
    graph.link_nodes(source, graph.add("setfield", order), graph.add("buffersink")).configure()
    made = []
    for frame in frames:
        graph.vpush(frame)
        made.append(graph.vpull())
    return made


def _add_cover(container: av.container.OutputContainer) -> None:
    jpeg = io.BytesIO()
    Image.fromarray(_u8(scene(0, 320, 320))).save(jpeg, "JPEG")
    if container.format.name == "matroska":
        container.add_attachment("cover.jpg", "image/jpeg", jpeg.getvalue())
        return
    stream = container.add_stream("mjpeg", rate=1)
    assert isinstance(stream, av.VideoStream)
    stream.width = stream.height = 320
    stream.pix_fmt = "yuvj420p"
    stream.disposition = Disposition.attached_pic
    container.mux(stream.encode(av.VideoFrame.from_ndarray(_u8(scene(0, 320, 320)), "rgb24")))
    container.mux(stream.encode())


def _u8(picture: np.ndarray) -> np.ndarray:
    return (np.clip(picture, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _encode_tone(container: av.container.OutputContainer, stream: Any, seconds: float) -> None:
    samples = tone(seconds)
    for place in range(0, len(samples), 1024):
        part = samples[place : place + 1024]
        frame = av.AudioFrame.from_ndarray(np.stack([part, part]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, place, Fraction(1, SOUND_RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
