"""Frames on disk: what comes back is what was put there, to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from video.errors import FileError
from video.images import quantize
from video.sequence import SourceFrame
from video.shelf import Shelf

RNG = np.random.default_rng(0)


def picture(channels: int = 3, bits: int = 8) -> np.ndarray:
    return quantize(RNG.random((20, 30, channels), dtype=np.float32), bits)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_frame_comes_back_as_it_was(tmp_path: Path, channels: int, bits: int) -> None:
    masks = {"sky": picture(1)[..., 0], "mur/ü": picture(1)[..., 0]}
    frame = SourceFrame(7, picture(channels, bits), Path("passes.exr"), masks, picture(1)[..., 0])
    result = picture()
    shelf = Shelf(tmp_path)
    shelf.add(frame, result, begins_shot=True)
    back = shelf.frame(0)
    assert (back.number, back.passes, list(back.masks)) == (7, frame.passes, list(masks))
    np.testing.assert_array_equal(back.image, frame.image)
    np.testing.assert_array_equal(back.masks["mur/ü"], masks["mur/ü"])
    np.testing.assert_array_equal(back.keep, frame.keep)
    np.testing.assert_array_equal(shelf.optimised(0), result)
    assert len(shelf) == 1


def test_results_are_replaced_and_shots_have_a_first_picture(tmp_path: Path) -> None:
    shelf, frames = Shelf(tmp_path), [SourceFrame(number, picture()) for number in range(4)]
    for frame in frames:
        shelf.add(frame, frame.image, begins_shot=frame.number in (0, 2))
    better = picture()
    shelf.replace(3, better)
    np.testing.assert_array_equal(shelf.optimised(3), better)
    np.testing.assert_array_equal(shelf.optimised(2), frames[2].image)
    for index, first in enumerate((0, 0, 2, 2)):
        np.testing.assert_array_equal(shelf.shot_content(index), frames[first].image)


def test_a_lost_file_is_a_clear_error(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.add(SourceFrame(1, picture()), picture(), begins_shot=True)
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(FileError, match="cannot be read"):
        shelf.frame(0)
