"""Frames keep their times, and what can be decoded is what counts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.video.made_files.movie_files import LOSSLESS, MovieFile, scene, with_edit_list
from video.errors import FileError, SequenceError
from video.frames.sequence import FrameRange, open_sequence
from video.movies import movie_streams
from video.movies.movie import (
    movie_frame_rate,
    movie_info,
    movie_length,
    read_movie,
    read_movie_frames,
    write_movie,
)
from video.movies.movie_time import time_stamps
from video.settings import MovieCodec

MILLISECONDS = Fraction(1, 1000)


def times(path: Path) -> list[float]:
    """When each frame begins and the last one ends, in seconds from the first."""
    shown = [frame.shown for frame in read_movie_frames(path)]
    return [float(each - shown[0].start) for each in (*(one.start for one in shown), shown[-1].end)]


def assert_is_scene(path: Path, numbers: list[int]) -> None:
    """Each frame is that one of `scene`, to two levels."""
    found = list(read_movie(path))
    assert len(found) == len(numbers)
    for frame, number in zip(found, numbers, strict=True):
        assert np.abs(frame - scene(number)).max() * 255.0 <= 2.0


def copied(path: Path, source: Path, codec: MovieCodec = MovieCodec.H264) -> Path:
    """The movie written anew with its own times."""
    frames = list(read_movie_frames(source))
    write_movie(
        path, [frame.picture() for frame in frames], 24.0, codec, shown=[frame.shown for frame in frames]
    )
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
@pytest.mark.parametrize("codec", MovieCodec)
def test_a_variable_rate_is_read_and_written(tmp_path: Path, suffix: str, codec: MovieCodec) -> None:
    stamps = [0, 40, 80, 600, 640, 1200]
    movie = MovieFile(time_base=MILLISECONDS, times=stamps, rate=1000, options=LOSSLESS | {"bf": "0"})
    path = movie.write(tmp_path / f"vfr.{suffix}", [scene(n) for n in range(6)])
    expected = [stamp / 1000.0 for stamp in stamps]
    assert times(path)[:-1] == pytest.approx(expected, abs=1e-6)
    written = copied(tmp_path / f"written{codec.suffix}", path, codec)
    assert times(written)[:-1] == pytest.approx(expected, abs=0.0006)
    assert times(written)[-1] == pytest.approx(times(path)[-1], abs=0.0011)


def test_the_whole_length_of_a_variable_rate_is_played(tmp_path: Path) -> None:
    # Each frame is shown longer than the one before: a container that counts too little cuts the end off.
    stamps = [20 * n * n for n in range(8)]
    movie = MovieFile(time_base=MILLISECONDS, times=stamps, rate=1000)
    source = movie.write(tmp_path / "source.mkv", [scene(n) for n in range(8)])
    written = copied(tmp_path / "written.mp4", source)
    with av.open(str(written)) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        assert float(stream.duration * stream.time_base) == pytest.approx(times(source)[-1], abs=0.002)


def test_frames_of_a_gif_are_shown_as_long_as_it_says(tmp_path: Path) -> None:
    delays = [40, 100, 250, 60]
    pictures = [Image.fromarray((255.0 * scene(n)).astype(np.uint8)) for n in range(4)]
    path = tmp_path / "delays.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=delays, loop=0)
    expected = np.concatenate([[0.0], np.cumsum(delays) / 1000.0])
    assert times(path) == pytest.approx(expected)
    assert times(copied(tmp_path / "written.mp4", path)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "rate", [Fraction(24), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(25, 2)]
)
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_constant_rate_stays_exact(tmp_path: Path, rate: Fraction, suffix: str) -> None:
    path = MovieFile(rate=rate).write(tmp_path / f"movie.{suffix}", [scene(n) for n in range(9)])
    shown = [frame.shown for frame in read_movie_frames(path)]
    stamps = time_stamps(shown)
    assert (stamps.rate, stamps.tick, stamps.starts) == (rate, 1 / rate, tuple(range(9)))
    assert movie_frame_rate(copied(tmp_path / "written.mp4", path)) == pytest.approx(float(rate), rel=1e-6)


def test_a_part_with_a_step_keeps_its_speed(tmp_path: Path) -> None:
    path = MovieFile().write(tmp_path / "movie.mp4", [scene(n) for n in range(9)])
    shown = [frame.shown for frame in open_sequence(path, FrameRange(3, 9, 2)) if frame.shown is not None]
    stamps = time_stamps(shown)
    assert (stamps.constant, stamps.rate, stamps.starts, stamps.end) == (True, 12, (0, 1, 2, 3), 4)


def test_a_slide_show_keeps_its_times(tmp_path: Path) -> None:
    movie = MovieFile(time_base=Fraction(1), times=[0, 4000, 9000], rate=1)
    path = movie.write(tmp_path / "slides.mkv", [scene(n) for n in range(3)])
    assert times(path)[:3] == [0.0, 4000.0, 9000.0]
    assert times(copied(tmp_path / "written.mp4", path))[:3] == pytest.approx([0.0, 4000.0, 9000.0])


def test_a_last_frame_that_stays_is_no_constant_rate(tmp_path: Path) -> None:
    movie = MovieFile(time_base=MILLISECONDS, times=[0, 40, 80, 120], rate=25)
    path = movie.write(tmp_path / "movie.mkv", [scene(n) for n in range(4)])
    *shown, last = (frame.shown for frame in read_movie_frames(path))
    assert time_stamps([*shown, last]).constant
    stays = time_stamps([*shown, replace(last, end=last.start + 5)])
    assert not stays.constant
    assert stays.duration(3) * stays.tick == 5


def test_an_edit_list_leaves_out_what_it_leaves_out(tmp_path: Path) -> None:
    path = MovieFile(options=LOSSLESS | {"bf": "2"}).write(
        tmp_path / "edit.mp4", [scene(n) for n in range(10)]
    )
    with_edit_list(path, skipped=3, kept=6)
    assert movie_length(path) == 6
    assert_is_scene(path, [3, 4, 5, 6, 7, 8])
    assert times(path)[:2] == pytest.approx([0.0, 1 / 24])
    sequence = open_sequence(path)
    assert sequence.numbers == [1, 2, 3, 4, 5, 6]
    assert [frame.number for frame in sequence] == sequence.numbers
    with pytest.raises(SequenceError, match="has the frames 1-6, not 5-10"):
        open_sequence(path, FrameRange(5, 10))
    with pytest.raises(SequenceError, match="has the frames 1-6, not 7"):
        open_sequence(path, FrameRange(7, 7))


CUT_SHORT = {
    "ts": {},
    "mkv": {},
    "avi": {},
    "mp4": {"movflags": "frag_keyframe+empty_moov"},
    "mov": {"movflags": "faststart"},
}


@pytest.mark.parametrize("suffix", CUT_SHORT)
@pytest.mark.parametrize("share", [0.5, 0.65, 0.8])
def test_a_recording_cut_short_has_the_frames_that_are_there(
    tmp_path: Path, suffix: str, share: float
) -> None:
    movie = MovieFile(options=LOSSLESS | {"g": "6"}, container_options=CUT_SHORT[suffix])
    whole = movie.write(tmp_path / f"whole.{suffix}", [scene(n) for n in range(24)])
    data = whole.read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(data[: int(share * len(data))])
    length = movie_length(path)
    assert 1 <= length < 24
    assert [frame.number for frame in open_sequence(path)] == list(range(1, length + 1))
    # The last of them may be damaged itself.
    for number, frame in enumerate(list(read_movie(path))[:-2]):
        assert np.abs(frame - scene(number)).max() * 255.0 <= 2.0


def test_a_stream_that_begins_between_key_frames_has_what_can_be_decoded(tmp_path: Path) -> None:
    movie = MovieFile(options=LOSSLESS | {"g": "8", "bf": "0", "x264-params": "repeat-headers=1"})
    whole = movie.write(tmp_path / "whole.ts", [scene(n) for n in range(24)])
    packets = whole.read_bytes()
    # A transport stream is made of packets of 188 bytes, and may be entered at any of them.
    path = tmp_path / "entered.ts"
    path.write_bytes(packets[188 * (len(packets) // 188 // 6) :])
    length = movie_length(path)
    assert 8 <= length < 24
    found = list(read_movie(path))
    assert len(found) == length
    # What is decoded is the end of the movie.
    for number, frame in zip(range(24 - length, 24), found, strict=True):
        assert np.abs(frame - scene(number)).max() * 255.0 <= 2.0


def test_damage_in_the_middle_costs_what_it_hits(tmp_path: Path) -> None:
    movie = MovieFile(options=LOSSLESS | {"g": "4", "bf": "0"})
    data = bytearray(movie.write(tmp_path / "whole.ts", [scene(n) for n in range(24)]).read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    (tmp_path / "damaged.ts").write_bytes(data)
    notes: list[str] = []
    frames = list(read_movie_frames(tmp_path / "damaged.ts", notes.append))
    assert 12 <= len(frames) <= 24
    assert movie_info(tmp_path / "damaged.ts").length == len(frames)
    assert np.abs(frames[-1].picture() - scene(23)).max() * 255.0 <= 2.0
    assert np.abs(frames[0].picture() - scene(0)).max() * 255.0 <= 2.0


def test_a_stream_that_grows_beyond_all_measure_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = []
    for name, size in (("small.ts", (32, 32)), ("large.ts", (64, 64))):
        path = MovieFile(options=LOSSLESS | {"bf": "0"}).write(
            tmp_path / name, [scene(n, *size) for n in range(9)]
        )
        parts.append(path.read_bytes())
    (tmp_path / "grows.ts").write_bytes(b"".join(parts))
    assert {frame.shape for frame in read_movie(tmp_path / "grows.ts")} == {(32, 32, 3), (64, 64, 3)}
    monkeypatch.setattr(movie_streams, "MAX_PIXELS", 2000)
    with pytest.raises(FileError, match=r"grows\.ts: has too many pixels"):
        list(read_movie(tmp_path / "grows.ts"))


def test_a_movie_without_a_frame_that_decodes_is_refused(tmp_path: Path) -> None:
    whole = MovieFile().write(tmp_path / "whole.ts", [scene(n) for n in range(3)]).read_bytes()
    (tmp_path / "none.ts").write_bytes(whole[: 188 * 3])
    with pytest.raises(FileError, match=r"none\.ts: is"):
        movie_length(tmp_path / "none.ts")
    with pytest.raises(FileError, match=r"none\.ts: is"):
        open_sequence(tmp_path / "none.ts")
