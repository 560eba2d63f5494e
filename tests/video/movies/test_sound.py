"""A movie's sound goes into the styled one, in time; other tracks are named."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.video.made_files.movie_files import SOUND_RATE, MovieFile, heard, scene, tone
from video.movies.movie import movie_length, read_movie, read_movie_frames, write_movie
from video.settings import MovieCodec


def part(source: Path, path: Path, first: int, last: int, codec: MovieCodec = MovieCodec.H264) -> list[str]:
    """Writes frames `first` to `last`, counted from 1, with their times; returns what was noted."""
    frames = list(read_movie_frames(source))[first - 1 : last]
    notes: list[str] = []
    write_movie(
        path,
        [frame.picture() for frame in frames],
        24.0,
        codec,
        shown=[frame.shown for frame in frames],
        notify=notes.append,
    )
    return notes


def assert_sounds_like(path: Path, begin: float, seconds: float, within: float) -> None:
    """The movie sounds like `tone` from `begin` on, each moment at its time to a millisecond."""
    samples, start = heard(path)
    assert start < 0.1
    assert abs(start + len(samples) / SOUND_RATE - seconds) < 0.12
    # What a decoder needs to get going is not compared.
    first = round(0.05 * SOUND_RATE)
    found = samples[first : first + round((seconds - 0.2) * SOUND_RATE)]
    place = round((begin + start) * SOUND_RATE) + first
    truth = tone(10.0)
    errors = [
        np.abs(found - truth[place + lag : place + lag + len(found)]).mean()
        for lag in range(-SOUND_RATE // 800, SOUND_RATE // 800, 2)
    ]
    assert min(errors) < within


@pytest.mark.parametrize("codec", MovieCodec)
@pytest.mark.parametrize(
    ("sound", "suffix"),
    [
        ("aac", "mkv"),
        ("libmp3lame", "mkv"),
        ("flac", "mkv"),
        ("libopus", "mkv"),
        ("aac", "mp4"),
        ("aac", "ts"),
    ],
)
def test_sound_is_heard_when_it_was(tmp_path: Path, codec: MovieCodec, sound: str, suffix: str) -> None:
    source = MovieFile(sound=sound).write(tmp_path / f"source.{suffix}", [scene(n) for n in range(36)])
    path = tmp_path / f"all{codec.suffix}"
    notes = part(source, path, 1, 36, codec)
    assert movie_length(path) == 36
    assert next(read_movie_frames(path)).shown.start == 0
    within = 0.02 if sound == "libmp3lame" else 0.012
    assert_sounds_like(path, 0.0, 1.5, within)
    with av.open(str(source)) as before, av.open(str(path)) as after:
        names = [each.streams.audio[0].codec_context.name for each in (before, after)]
        assert after.streams.audio[0].rate == before.streams.audio[0].rate
    assert (names[0] == names[1]) == (notes == [])
    assert (names[0] == names[1]) == (sound not in {"flac", "libopus"} or codec is not MovieCodec.PRORES)
    trimmed = tmp_path / f"part{codec.suffix}"
    part(source, trimmed, 13, 30, codec)
    assert_sounds_like(trimmed, 0.5, 0.75, within)


@pytest.mark.parametrize("codec", MovieCodec)
def test_sound_that_the_container_cannot_hold_is_encoded_anew_and_said(
    tmp_path: Path, codec: MovieCodec
) -> None:
    source = MovieFile(sound="pcm_u8").write(tmp_path / "source.mkv", [scene(n) for n in range(36)])
    path = tmp_path / f"written{codec.suffix}"
    notes = part(source, path, 1, 36, codec)
    if codec is MovieCodec.FFV1:
        assert notes == []
    else:
        (note,) = notes
        assert "pcm_u8" in note
    assert_sounds_like(path, 0.0, 1.5, 0.02)


def test_the_same_pictures_and_sound_make_the_same_bytes(tmp_path: Path) -> None:
    for sound in ("aac", "pcm_u8"):
        source = MovieFile(sound=sound).write(tmp_path / f"{sound}.mkv", [scene(n) for n in range(12)])
        files = []
        for name in ("one.mp4", "other.mp4"):
            part(source, tmp_path / name, 3, 9)
            files.append((tmp_path / name).read_bytes())
        assert files[0] == files[1]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_cover_is_not_the_movie_and_is_named_as_dropped(tmp_path: Path, suffix: str) -> None:
    frames = [scene(n) for n in range(6)]
    source = MovieFile(sound="aac", cover=True).write(tmp_path / f"covered.{suffix}", frames)
    notes: list[str] = []
    found = [frame.picture() for frame in read_movie_frames(source, notes.append)]
    assert len(found) == 6
    for frame, truth in zip(found, frames, strict=True):
        assert np.abs(frame - truth).max() * 255.0 <= 2.0
    (note,) = notes
    assert "cover" in note


def test_a_proxy_is_not_the_movie_whatever_its_place(tmp_path: Path) -> None:
    source = MovieFile(proxy=True).write(tmp_path / "proxy.mov", [scene(n) for n in range(6)])
    notes: list[str] = []
    assert {frame.picture().shape for frame in read_movie_frames(source, notes.append)} == {(48, 64, 3)}
    (note,) = notes
    assert "video track" in note
    assert len(list(read_movie(source))) == 6
