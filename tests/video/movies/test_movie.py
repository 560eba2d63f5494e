"""Movies come back with the size, number, rate and look that went in; damage is told."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tests.video.moving_pictures import waves
from video.color.ycbcr import ycbcr_planes
from video.errors import FileError
from video.images.image_files import write_png
from video.movies.movie import PictureReader, movie_frame_rate, movie_length, read_movie, write_movie
from video.settings import MovieCodec


def pan(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    return [waves(height, width, 2.0 * frame) for frame in range(count)]


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "movie ü.mp4"
    write_movie(path, pan(9), 24.0)
    frames = list(read_movie(path))
    assert len(frames) == movie_length(path) == 9
    for frame, original in zip(frames, pan(9), strict=True):
        assert frame.shape == (48, 64, 3)
        assert frame.dtype == np.float32
        # 4:2:0 halves the resolution of the color; of the brightness little is lost.
        assert np.abs(frame.mean(axis=2) - original.mean(axis=2)).mean() < 0.03
    assert [path.name for path in tmp_path.iterdir()] == [path.name]


def test_odd_sides_get_their_last_row_and_column_doubled(tmp_path: Path) -> None:
    # The last row and column are white, so that the doubled ones are seen to be.
    image = np.full((31, 45, 3), 0.2, np.float32)
    image[-1] = image[:, -1] = 1.0
    write_movie(tmp_path / "odd.mp4", [image] * 3, 24.0)
    frames = list(read_movie(tmp_path / "odd.mp4"))
    assert {frame.shape for frame in frames} == {(32, 46, 3)}
    assert frames[0][-1].min() > 0.7
    assert frames[0][:, -1].min() > 0.7
    assert frames[0][:28, :42].max() < 0.4


@pytest.mark.parametrize("rate", [1.0, 12.5, 23.976, 24.0, 29.97, 60.0, 240.0])
def test_frame_rate(tmp_path: Path, rate: float) -> None:
    write_movie(tmp_path / "movie.mp4", pan(4), rate)
    assert movie_frame_rate(tmp_path / "movie.mp4") == pytest.approx(rate, rel=1e-3)
    assert movie_length(tmp_path / "movie.mp4") == 4


def test_transparent_pixels_are_over_black(tmp_path: Path) -> None:
    image = np.ones((32, 32, 4), np.float32)
    image[:, :16, 3] = 0.0
    write_movie(tmp_path / "alpha.mp4", [image] * 2, 24.0)
    frame = next(read_movie(tmp_path / "alpha.mp4"))
    assert frame[:, :12].max() < 0.1
    assert frame[:, 20:].min() > 0.9


@pytest.mark.parametrize("read", [lambda path: list(read_movie(path)), movie_length, movie_frame_rate])
@pytest.mark.parametrize("content", [None, b"", b"no movie at all " * 40])
def test_what_is_no_movie_is_told(
    tmp_path: Path, read: Callable[[Path], object], content: bytes | None
) -> None:
    path = tmp_path / "movie.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match="does not exist" if content is None else "no movie") as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert len(str(error.value).splitlines()) == 1


def test_truncated_movie_is_told(tmp_path: Path) -> None:
    write_movie(tmp_path / "whole.mp4", pan(20), 24.0)
    whole = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match=r"half\.mp4.*damaged"):
        list(read_movie(tmp_path / "half.mp4"))


def test_sound_without_pictures_is_told(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "sound.avi"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16000))
    for read in (movie_length, movie_frame_rate):
        with pytest.raises(FileError, match="no pictures"):
            read(tmp_path / "sound.avi")


def test_a_frame_that_fails_leaves_the_old_movie_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "movie.mp4"
    path.write_bytes(b"old")

    def frames() -> Iterator[np.ndarray]:
        yield waves(48, 64)
        raise FileError(tmp_path / "frame.png", "is gone")

    with pytest.raises(FileError, match=r"frame\.png: is gone"):
        write_movie(path, frames(), 24.0)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(FileError, match="cannot be written") as error:
        write_movie(tmp_path / "file" / "movie.mp4", pan(2), 24.0)
    assert error.value.path == tmp_path / "file" / "movie.mp4"


def test_pictures_of_a_movie_by_their_number_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "movie.mp4"
    write_movie(path, [np.full((32, 48, 3), 0.1 * n, np.float32) for n in range(1, 6)], 24.0)
    reader = PictureReader()
    for number in (1, 2, 4, 4, 3, 5):
        assert reader.read_frame(path, number).picture().mean() == pytest.approx(0.1 * number, abs=0.02)
    with pytest.raises(FileError, match="has no frame 6"):
        reader.read_frame(path, 6)
    assert reader.read_frame(path, 1).picture().mean() == pytest.approx(0.1, abs=0.02)
    write_png(tmp_path / "one.png", np.full((8, 8, 3), 1.0, np.float32))
    assert reader.read(tmp_path / "one.png").image.min() == 1.0


def test_colors_have_the_values_of_bt_709() -> None:
    colors = np.array([(1, 1, 1), (0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], np.float32)
    row = np.repeat(colors[None], 2, axis=0).repeat(2, axis=1)
    values = [(235, 128, 128), (16, 128, 128), (63, 102, 240), (173, 42, 26), (32, 240, 118)]
    for halved in (False, True):
        luma, *differences = ycbcr_planes(row, 8, halved=halved)
        step = 1 if halved else 2
        found = np.stack([luma[0, ::2], *(each[0, ::step] for each in differences)], axis=1)
        np.testing.assert_array_equal(found, values)
    assert [int(plane[0, 0]) for plane in ycbcr_planes(row, 10, halved=False)] == [940, 512, 512]


@pytest.mark.parametrize("codec", MovieCodec)
@pytest.mark.parametrize("alpha", [False, True])
def test_the_same_pictures_make_the_same_bytes(tmp_path: Path, codec: MovieCodec, alpha: bool) -> None:
    # Rows that end within a block of the processor's wide instructions.
    frames = pan(5, 45, 131)
    if alpha:
        frames = [np.concatenate([frame, frame[..., :1]], axis=2) for frame in frames]
    files = []
    for name in ("one", "other"):
        write_movie(tmp_path / name, frames, 24.0, codec, metadata={"style": "a ü"})
        files.append((tmp_path / name).read_bytes())
    assert files[0] == files[1]
    with av.open(str(tmp_path / "one")) as container:
        # Matroska writes keywords in capitals.
        assert {name.lower(): text for name, text in container.metadata.items()}["style"] == "a ü"


def test_a_master_keeps_odd_sides_and_colors(tmp_path: Path) -> None:
    frames = [np.concatenate([frame, frame[..., :1]], axis=2) for frame in pan(3, 31, 45)]
    write_movie(tmp_path / "master.mov", frames, 24.0, MovieCodec.PRORES)
    for frame, original in zip(read_movie(tmp_path / "master.mov"), frames, strict=True):
        assert frame.shape == (31, 45, 4)
        assert np.abs(frame - original).mean() < 0.004


_WRITES_MOVIES = """
import hashlib, sys
from pathlib import Path
import cv2, numpy as np
from video.movies.movie import write_movie
from video.settings import MovieCodec
noise = np.random.default_rng(0).random((12, 24, 36, 3), dtype=np.float32)
for codec in MovieCodec:
    for height, width in ((32, 48), (54, 98), (90, 160)):
        path = Path(sys.argv[1]) / "movie"
        frames = [cv2.resize(0.5 * noise[0] + 0.5 * each, (width, height)) for each in noise]
        write_movie(path, iter(frames), 24.0, codec)
        print(codec.value, height, width, hashlib.sha256(path.read_bytes()).hexdigest())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only the GNU C library can fill fresh memory as told")
def test_what_lay_in_memory_before_makes_no_difference(tmp_path: Path) -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", _WRITES_MOVIES, str(tmp_path)],
            env=os.environ | {"MALLOC_PERTURB_": fill},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for fill in ("1", "85", "170", "254")
    }
    assert len(told) == 1
    assert len(told.pop().splitlines()) == 9
