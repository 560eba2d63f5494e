"""Masks from pictures of any kind, frame by frame from files and from movies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from video.errors import FrameError, SequenceError, VideoError
from video.frames.masks import Mask, MaskedSequence, open_mask, read_mask
from video.frames.sequence import SourceFrame
from video.images.exr import write_exr
from video.images.image_files import write_png
from video.movies.movie import write_movie
from video.settings import MovieCodec

SIZE = 24, 16
FRAMES = [SourceFrame(number, np.zeros((16, 24, 3), np.float32)) for number in (2, 4, 5)]


def levels(mask: Mask) -> list[float]:
    """The mask's mean in each of the frames."""
    return [float(frame.masks["a"].mean()) for frame in MaskedSequence(FRAMES, {"a": mask})]


def gray(level: float) -> np.ndarray:
    return np.full((16, 24, 3), level, np.float32)


def test_the_numbers_of_an_exr_are_the_mask(tmp_path: Path) -> None:
    write_exr(tmp_path / "mask.exr", gray(0.25))
    assert read_mask(tmp_path / "mask.exr") == pytest.approx(0.25)
    write_png(tmp_path / "mask.png", gray(0.25), 16)
    assert read_mask(tmp_path / "mask.png") == pytest.approx(0.25, abs=1e-4)


def test_a_mask_for_each_frame(tmp_path: Path) -> None:
    for number in range(1, 6):
        write_exr(tmp_path / f"m_{number:03d}.exr", gray(number / 10))
    mask = open_mask(str(tmp_path / "m_###.exr"), SIZE, [2, 4, 5])
    assert levels(mask) == pytest.approx([0.2, 0.4, 0.5], abs=1e-3)


def test_a_movie_goes_along_with_the_frames(tmp_path: Path) -> None:
    path = tmp_path / "mask.mkv"
    write_movie(path, [gray(number / 10) for number in range(1, 7)], 24.0, MovieCodec.FFV1, 16)
    assert levels(open_mask(str(path), SIZE, [2, 4, 5])) == pytest.approx([0.2, 0.4, 0.5], abs=1e-3)


def test_a_movie_that_does_not_fit_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mask.mkv"
    write_movie(path, [gray(0.5)] * 4, 24.0, MovieCodec.FFV1)
    with pytest.raises(SequenceError, match="has the frames 1-4"):
        open_mask(str(path), SIZE, [2, 4, 5])
    with pytest.raises(SequenceError, match="one size"):
        open_mask(str(path), (24, 18), [2, 4])
    with pytest.raises(SequenceError, match="there is one picture"):
        open_mask(str(path), SIZE, None)
    mask = open_mask(str(path), SIZE, [2, 4])
    path.unlink()
    with pytest.raises(VideoError, match="does not exist"):
        levels(mask)
    write_movie(path, [gray(0.5)] * 2, 24.0, MovieCodec.FFV1)
    with pytest.raises(FrameError, match=r"frame 4: .*mask\.mkv ends before"):
        levels(mask)


def test_every_file_of_a_mask_is_looked_at_before(tmp_path: Path) -> None:
    for number in (1, 2):
        write_png(tmp_path / f"mask_{number:04}.png", gray(0.5))
    write_png(tmp_path / "mask_0003.png", gray(0.5)[:-2])
    with pytest.raises(FrameError, match=r"mask_0003\.png is 24×14 px"):
        open_mask(str(tmp_path / "mask_####.png"), SIZE, [1, 2, 3])
    # Alpha is no matter.
    write_png(tmp_path / "mask_0003.png", np.dstack([gray(0.5), np.ones((16, 24))]))
    assert list(open_mask(str(tmp_path / "mask_####.png"), SIZE, [1, 2, 3]).files) == [1, 2, 3]
