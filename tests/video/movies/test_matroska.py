"""A Matroska file says at what size it is displayed, and is as whole as before."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.video.made_files.movie_files import MovieFile, heard, scene
from video.movies.matroska import NoRoomError, set_pixel_aspect
from video.movies.movie import read_movie, read_movie_frames, write_movie
from video.settings import MovieCodec


@pytest.mark.parametrize("aspect", [Fraction(64, 45), Fraction(2), Fraction(16, 15), Fraction(8, 9)])
@pytest.mark.parametrize("sound", [None, "aac", "flac"])
def test_the_shape_of_pixels_is_said_and_all_else_is_kept(
    tmp_path: Path, aspect: Fraction, sound: str | None
) -> None:
    source = MovieFile(sound=sound).write(tmp_path / "source.mkv", [scene(n) for n in range(12)])
    frames = list(read_movie_frames(source))
    paths = tmp_path / "square.mkv", tmp_path / "wide.mkv"
    for path, each in zip(paths, (Fraction(1), aspect), strict=True):
        write_movie(
            path,
            [frame.picture() for frame in frames],
            24.0,
            MovieCodec.FFV1,
            metadata={"style": "a"},
            shown=[frame.shown for frame in frames],
            pixel_aspect=each,
        )
    square, wide = paths
    assert square.stat().st_size == wide.stat().st_size
    # Every check sum is looked at, and a wrong one is an error.
    with av.open(str(wide), options={"err_detect": "crccheck+explode"}) as container:
        found = container.streams.video[0].sample_aspect_ratio
        assert found is not None
        assert float(found) == pytest.approx(float(aspect), rel=0.02)
        container.seek(300_000)
        assert next(container.decode(video=0)).width == 64
        tags = {name.lower() for name in container.metadata}
        assert "style" in tags
    for one, other in zip(read_movie(square), read_movie(wide), strict=True):
        np.testing.assert_array_equal(one, other)
    if sound is not None:
        np.testing.assert_array_equal(heard(square)[0], heard(wide)[0])


def test_what_is_no_such_file_is_left_alone(tmp_path: Path) -> None:
    whole = MovieFile().write(tmp_path / "movie.mp4", [scene(0)])
    for path in (whole, tmp_path / "empty.mkv"):
        path.touch()
        before = path.read_bytes()
        with pytest.raises(NoRoomError):
            set_pixel_aspect(path, (64, 48), Fraction(2))
        assert path.read_bytes() == before
