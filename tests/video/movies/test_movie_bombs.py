"""Movies whose headers, frames or times are absurd: read as they are meant, or refused in one line."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from compositor.errors import MemoryShortageError
from tests.video.made_files.movie_files import MovieFile, scene
from video.errors import FileError
from video.files import free_memory
from video.files.free_memory import free_memory as free_now
from video.movies import movie_streams
from video.movies.movie import MovieFrame, movie_frame_rate, read_movie_frames, write_movie
from video.settings import MovieCodec

HUGE = 60_000
FRAMES = 3


def made(path: Path, codec: str, pixels: str) -> bytearray:
    """A whole movie of 64x48."""
    MovieFile(codec, pixels, options={}).write(path, [scene(number) for number in range(FRAMES)])
    return bytearray(path.read_bytes())


def patched(content: bytearray, mark: bytes, offset: int, values: bytes) -> bytes:
    """The movie with other bytes behind the last place of a mark."""
    place = content.rindex(mark) + offset
    content[place : place + len(values)] = values
    return bytes(content)


def jpeg(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (40, 40, 40)).save(stream, "JPEG")
    return stream.getvalue()


def huge_jpeg() -> bytes:
    """One whose header promises far more pixels than it has."""
    return patched(bytearray(jpeg(64, 48)), b"\xff\xc0", 5, struct.pack(">HH", HUGE, HUGE))


def of_packets(path: Path, packets: Sequence[bytes]) -> Path:
    """A movie of JPEGs, whose header says 64x48."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=24)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number, data in enumerate(packets):
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, 24)
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            container.mux(packet)
    return path


def read(path: Path) -> tuple[list[MovieFrame], list[str]]:
    notes: list[str] = []
    return list(read_movie_frames(path, notes.append)), notes


def avi(path: Path, codec: str, pixels: str) -> bytes:
    content = made(path, codec, pixels)
    patched(content, b"avih", 8 + 32, struct.pack("<II", HUGE, HUGE))
    return patched(content, b"strf", 8 + 4, struct.pack("<II", HUGE, HUGE))


def mp4(path: Path) -> bytes:
    content = made(path, "libx264", "yuv444p")
    return patched(content, b"avc1", 28, struct.pack(">HH", HUGE, HUGE))


def gif(path: Path) -> bytes:
    Image.new("P", (64, 48)).save(path, save_all=True, append_images=[Image.new("P", (64, 48), 5)])
    content = bytearray(path.read_bytes())
    content[6:10] = struct.pack("<HH", 65535, 65535)
    return bytes(content)


def element(name: int, content: bytes) -> bytes:
    """An element of Matroska."""
    return bytes.fromhex(f"{name:x}") + struct.pack(">Q", len(content) | 1 << 56) + content


def matroska(tracks: int, width: int) -> bytes:
    """Tracks of VP9, without any frame."""
    video = element(0xE0, element(0xB0, struct.pack(">I", width)) + element(0xBA, struct.pack(">I", width)))

    def track(number: int) -> bytes:
        numbers = element(0xD7, struct.pack(">I", number)) + element(0x73C5, struct.pack(">I", number))
        return element(0xAE, numbers + element(0x83, b"\x01") + element(0x86, b"V_VP9") + video)

    head = element(0x1A45DFA3, element(0x4282, b"matroska"))
    return head + element(0x18538067, element(0x1654AE6B, b"".join(map(track, range(1, tracks + 1)))))


SIZES: Mapping[str, Callable[[Path], bytes]] = {
    "of the header.mp4": mp4,
    "raw.avi": lambda path: avi(path, "rawvideo", "bgr24"),
    "jpegs.avi": lambda path: avi(path, "mjpeg", "yuvj420p"),
    "mpeg4.avi": lambda path: avi(path, "mpeg4", "yuv420p"),
    "screen.gif": gif,
    "frames.avi": lambda path: of_packets(path, [huge_jpeg()] * 2).read_bytes(),
    "no frames.mkv": lambda path: matroska(1, HUGE),
    "no frames.webm": lambda path: matroska(1, 2**31 - 1),
    "many tracks.mkv": lambda path: matroska(5000, 64),
}


# Those whose frames say what is right.
RIGHT = ("of the header.mp4", "jpegs.avi", "mpeg4.avi")


@pytest.mark.parametrize("name", SIZES)
def test_a_size_that_cannot_be_is_refused_or_corrected_by_the_frames(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(SIZES[name](path))
    refused: FileError | None = None
    try:
        assert [frame.picture().shape for frame in read(path)[0]] == [(48, 64, 3)] * FRAMES
    except FileError as error:
        refused = error
    assert (refused is None) == (name in RIGHT)
    assert "\n" not in str(refused)


@pytest.mark.parametrize("name", ["rate_min.avi", "rate_max.avi", "rate_0.avi", "length.mp4", "jump.mkv"])
@pytest.mark.parametrize("codec", MovieCodec)
def test_times_that_cannot_be_meant_are_not_followed(tmp_path: Path, codec: MovieCodec, name: str) -> None:
    path = tmp_path / name
    if name.startswith("rate"):
        scale, rate = {"rate_min": (2**32 - 1, 1), "rate_max": (1, 2**32 - 1), "rate_0": (0, 0)}[path.stem]
        content = made(path, "mjpeg", "yuvj420p")
        path.write_bytes(patched(content, b"strh", 8 + 20, struct.pack("<II", scale, rate)))
    elif name == "length.mp4":
        content = made(path, "libx264", "yuv444p")
        path.write_bytes(patched(content, b"stts", 16, struct.pack(">I", 2**31 - 1)))
    else:
        times = [0, 1000, 2**40]
        movie = MovieFile("ffv1", "yuv420p", options={}, time_base=Fraction(1, 1000), times=times)
        movie.write(path, [scene(number) for number in range(FRAMES)])
    frames, notes = read(path)
    shown = [frame.shown for frame in frames]
    assert 0 < shown[-1].end - shown[0].start < 10
    assert bool(notes) == (name in ("rate_min.avi", "jump.mkv"))
    assert 1e-5 < movie_frame_rate(path) <= 1e6
    styled = tmp_path / f"styled{codec.suffix}"
    write_movie(styled, [frame.picture() for frame in frames], 24.0, codec, shown=shown)
    assert len(read(styled)[0]) == len(frames)
    if name == "jump.mkv":
        assert [each.shown.start - shown[0].start for each in frames] == [0, 1, 2]


def test_a_slide_show_of_hours_keeps_its_times(tmp_path: Path) -> None:
    """More ticks of a microsecond than a frame of an MP4 can have."""
    seconds = [Fraction(0), Fraction(1, 1_000_000), Fraction(3 * 60 * 60)]
    path = tmp_path / "show.mkv"
    movie = MovieFile("ffv1", "yuv420p", options={}, time_base=Fraction(1, 1000), times=[0, 1, 2])
    movie.write(path, [scene(number) for number in range(FRAMES)])
    frames = read(path)[0]
    ends = [*seconds[1:], seconds[-1] + 1]
    shown = [
        type(frame.shown)(path, start, end, Fraction(1000), Fraction(1, 1_000_000))
        for frame, start, end in zip(frames, seconds, ends, strict=True)
    ]
    for codec in MovieCodec:
        styled = tmp_path / f"styled{codec.suffix}"
        write_movie(styled, [frame.picture() for frame in frames], 24.0, codec, shown=shown)
        again = [float(frame.shown.start) for frame in read(styled)[0]]
        assert again[-1] - again[0] == pytest.approx(3 * 60 * 60, abs=0.002)


def test_a_frame_in_the_middle_takes_no_memory_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = of_packets(tmp_path / "a.avi", [jpeg(64, 48), jpeg(1200, 1200), jpeg(64, 48)])
    sizes = [frame.picture().shape for frame in read(path)[0]]
    assert sizes == [(48, 64, 3), (1200, 1200, 3), (48, 64, 3)]
    monkeypatch.setattr(movie_streams, "free_memory", lambda: 100 * 2**20)
    frames, notes = read(path)
    assert [frame.picture().shape for frame in frames] == [(48, 64, 3)] * 2
    assert len(notes) == 1
    assert "damaged" in notes[0]


def test_a_movie_that_does_not_fit_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = of_packets(tmp_path / "a.avi", [jpeg(1200, 1200)] * 2)
    monkeypatch.setattr(free_memory, "free_memory", lambda: 100 * 2**20)
    with pytest.raises(MemoryShortageError, match="GiB are free"):
        read(path)
    assert free_now() > 100 * 2**20


# Prints the largest growth of memory for each pixel of each movie.
_MEASURE = """
import re, sys
from pathlib import Path
from video.movies.movie import read_movie_frames
def peak():
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
for path in map(Path, sys.argv[1:]):
    Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    for frame in read_movie_frames(path):
        height, width, _ = frame.picture().shape
    print((peak() - before) / (height * width))
"""
PQ = {"color_trc": 16, "color_primaries": 9, "colorspace": 9}


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the peak of memory")
def test_a_picture_takes_no_more_memory_than_was_counted(tmp_path: Path) -> None:
    paths = []
    flat = av.VideoFrame.from_ndarray(np.full((1200, 1200, 3), 90, np.uint8), "rgb24")
    for codec, pixels, tags in (
        ("mjpeg", "yuvj420p", {}),
        ("ffv1", "yuva444p16le", {}),
        ("ffv1", "yuv444p16le", PQ),
    ):
        paths.append(tmp_path / f"{len(paths)}.mkv")
        MovieFile(codec, pixels, options={}, tags=tags).write(paths[-1], [flat.reformat(format=pixels)])
    command = [sys.executable, "-c", _MEASURE, *map(str, paths)]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    taken = list(map(float, printed.split()))
    assert len(taken) == len(paths)
    # Nor far less than in the worst case: nothing is refused that would do.
    assert movie_streams._BYTES_PER_PIXEL / 2 < max(taken) < movie_streams._BYTES_PER_PIXEL
