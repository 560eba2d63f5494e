"""The contact sheet: columns in order, content over styled, few of however many frames."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from video.errors import FileError
from video.images.image_files import read_image
from video.reports.contact_sheet import ContactSheet

HEIGHT, WIDTH = 30, 40
# Pixels between the cells, and for the captions above them.
GAP, CAPTION = 6, 18


def plain(level: float, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.full((height, width, 3), level, np.float32)


def written(sheet: ContactSheet, folder: Path) -> np.ndarray:
    sheet.write(folder / "sheet.png")
    return read_image(folder / "sheet.png")


def sheet_of(count: int) -> ContactSheet:
    """Frame n of so many has the content n / count and the styled picture 1 - n / count."""
    sheet = ContactSheet()
    for number in range(count):
        sheet.add(number, plain(number / count), plain(1.0 - number / count))
    return sheet


def columns(image: np.ndarray) -> tuple[list[float], list[float]]:
    """The levels at the middle of each content cell, and of each styled cell."""
    middles = range(GAP + WIDTH // 2, image.shape[1], WIDTH + GAP)
    content, styled = CAPTION + GAP + HEIGHT // 2, CAPTION + 2 * GAP + HEIGHT + HEIGHT // 2
    return [float(image[content, x, 0]) for x in middles], [float(image[styled, x, 0]) for x in middles]


@pytest.mark.parametrize(("frames", "shown"), [(1, 1), (2, 2), (5, 5), (6, 6), (7, 6), (23, 6), (300, 6)])
def test_size_is_that_of_up_to_six_columns(tmp_path: Path, frames: int, shown: int) -> None:
    image = written(sheet_of(frames), tmp_path)
    assert image.shape == (CAPTION + 2 * HEIGHT + 3 * GAP, shown * (WIDTH + GAP) + GAP, 3)
    assert len(columns(image)[0]) == shown


def test_content_is_above_styled_in_the_order_of_the_frames(tmp_path: Path) -> None:
    content, styled = columns(written(sheet_of(4), tmp_path))
    assert content == pytest.approx([0.0, 0.25, 0.5, 0.75], abs=0.003)
    assert styled == pytest.approx([1.0, 0.75, 0.5, 0.25], abs=0.003)


@pytest.mark.parametrize("frames", [6, 11, 23])
def test_first_and_last_frame_of_a_short_sequence_are_shown(tmp_path: Path, frames: int) -> None:
    content, _ = columns(written(sheet_of(frames), tmp_path))
    assert content[0] == 0.0
    assert content[-1] == pytest.approx((frames - 1) / frames, abs=0.003)


def test_choice_of_a_long_sequence_is_even(tmp_path: Path) -> None:
    content, _ = columns(written(sheet_of(1000), tmp_path))
    assert content[0] == 0.0
    assert content[-1] > 0.9
    assert np.diff(content) == pytest.approx(np.full(5, content[-1] / 5), abs=0.07)


def test_memory_is_bounded_however_many_frames_come() -> None:
    tracemalloc.start()
    try:
        sheet = sheet_of(1000)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Two cells of 8-bit color for each of at most 24 frames; all thousand would be 7 MB.
    assert held < 1.5 * 24 * 2 * HEIGHT * WIDTH * 3
    del sheet


def test_wide_frames_shrink_to_the_column(tmp_path: Path) -> None:
    sheet = ContactSheet()
    sheet.add(1, plain(0.2, 90, 640), plain(0.8, 90, 640))
    assert written(sheet, tmp_path).shape == (CAPTION + 2 * 45 + 3 * GAP, 320 + 2 * GAP, 3)


def test_transparent_pixels_show_the_paper(tmp_path: Path) -> None:
    clear = np.dstack([plain(0.0), np.zeros((HEIGHT, WIDTH), np.float32)])
    sheet = ContactSheet()
    sheet.add(1, clear, plain(0.0))
    image = written(sheet, tmp_path)
    content, styled = columns(image)
    assert content[0] == image[-1, -1, 0] == pytest.approx(245 / 255)
    assert styled[0] == 0.0


def test_caption_stands_above_each_column(tmp_path: Path) -> None:
    image = written(sheet_of(3), tmp_path)
    for column in range(3):
        left = GAP + column * (WIDTH + GAP)
        assert image[:CAPTION, left : left + WIDTH].min() < 0.6


def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(FileError, match="cannot be written"):
        sheet_of(2).write(tmp_path / "file" / "sheet.png")
