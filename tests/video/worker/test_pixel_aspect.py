"""A job's style pictures are brought to the shape of its frames' pixels, which its frames have too."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.video.made_files.movie_files import MovieFile, scene
from video.images.image_files import write_png
from video.movies.movie import PictureReader
from video.protocol.messages import Frame, Stylize
from video.results import RunCallbacks
from video.worker.job import OpenJob
from video.worker.job_frames import source_frame


@pytest.mark.parametrize(("aspect", "size"), [(1.0, (40, 60)), (2.0, (40, 30)), (0.5, (20, 60))])
def test_style_pictures_have_the_frames_pixels(tmp_path: Path, aspect: float, size: tuple[int, int]) -> None:
    write_png(tmp_path / "style.png", np.random.default_rng(1).random((40, 60, 3)))
    settings = {"device": "cpu", "coarsest_size": 32}
    job = Stylize("a", [str(tmp_path / "style.png")], str(tmp_path / "out"), settings, pixel_aspect=aspect)
    driver = OpenJob(job, lambda event: None).driver(RunCallbacks())
    assert [style.image.shape[:2] for style in driver.engine.styles] == [size]


def test_a_frame_says_its_own_shape_before_the_job_does(tmp_path: Path) -> None:
    write_png(tmp_path / "plain.png", scene(1))
    write_png(tmp_path / "wide.png", scene(1), pixel_aspect=Fraction(4, 3))
    movie = MovieFile(aspect=Fraction(64, 45)).write(tmp_path / "movie.mp4", [scene(n) for n in range(2)])
    reader = PictureReader()

    def aspect(path: Path, movie_frame: int | None = None) -> Fraction:
        frame = Frame("a", 1, str(path), movie_frame=movie_frame)
        return source_frame(reader, frame, Fraction(2)).pixel_aspect

    assert aspect(tmp_path / "plain.png") == 2
    assert aspect(tmp_path / "wide.png") == Fraction(4, 3)
    assert aspect(movie, 2) == Fraction(64, 45)
