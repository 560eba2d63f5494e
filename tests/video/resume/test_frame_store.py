"""Frames on disk: what comes back is what was put there, to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from video.errors import FileError
from video.frames.sequence import SourceFrame
from video.images.image_files import quantize
from video.resume.frame_store import FrameStore

RNG = np.random.default_rng(0)


def picture(channels: int = 3, bits: int = 8) -> np.ndarray:
    return quantize(RNG.random((20, 30, channels), dtype=np.float32), bits)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_frame_comes_back_as_it_was(tmp_path: Path, channels: int, bits: int) -> None:
    masks = {"sky": picture(1)[..., 0], "mur/ü": picture(1)[..., 0]}
    frame = SourceFrame(7, picture(channels, bits), Path("passes.exr"), masks, picture(1)[..., 0])
    store = FrameStore(tmp_path)
    store.add(frame, begins_shot=True)
    back = store.frame(0)
    assert (back.number, back.passes, list(back.masks)) == (7, frame.passes, list(masks))
    np.testing.assert_array_equal(back.image, frame.image)
    np.testing.assert_array_equal(back.masks["mur/ü"], masks["mur/ü"])
    np.testing.assert_array_equal(back.keep, frame.keep)
    assert len(store) == 1


def test_shots_have_a_first_picture(tmp_path: Path) -> None:
    store, frames = FrameStore(tmp_path), [SourceFrame(number, picture()) for number in range(4)]
    for frame in frames:
        store.add(frame, begins_shot=frame.number in (0, 2))
    for index, first in enumerate((0, 0, 2, 2)):
        np.testing.assert_array_equal(store.shot_content(index), frames[first].image)


def test_what_an_earlier_run_has_kept_is_taken_if_it_is_right_or_made_again(tmp_path: Path) -> None:
    before, now = SourceFrame(1, picture()), SourceFrame(1, picture())
    FrameStore(tmp_path).add(before, begins_shot=True)
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    again = FrameStore(tmp_path)
    again.add(before, begins_shot=True, again=True)
    assert file.stat().st_mtime_ns == written
    again = FrameStore(tmp_path)
    again.add(now, begins_shot=True, again=True)
    np.testing.assert_array_equal(again.frame(0).image, now.image)
    file.write_bytes(b"damaged")
    again = FrameStore(tmp_path)
    again.add(now, begins_shot=True, again=True)
    np.testing.assert_array_equal(again.frame(0).image, now.image)
    anew = FrameStore(tmp_path)
    anew.add(now, begins_shot=True)
    np.testing.assert_array_equal(anew.frame(0).image, now.image)


def test_a_lost_file_is_a_clear_error(tmp_path: Path) -> None:
    store = FrameStore(tmp_path)
    store.add(SourceFrame(1, picture()), begins_shot=True)
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(FileError, match="cannot be read"):
        store.frame(0)
