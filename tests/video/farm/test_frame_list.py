"""Lists of frames as farms write them: each against the numbers that were counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from video.errors import SequenceError
from video.farm.frame_list import listed_frames, parse_frame_list

LISTS = {
    "7": [[7]],
    "7,8": [[7, 8]],
    "1-4": [[1, 2, 3, 4]],
    "-3-1": [[-3, -2, -1, 0, 1]],
    "-3--2": [[-3, -2]],
    "1-7x2": [[1, 3, 5, 7]],
    "1-8x2": [[1, 3, 5, 7]],
    "1-7:3": [[1, 4, 7]],
    "1-3,9": [[1, 2, 3], [9]],
    "10,15": [[10], [15]],
    "4-6, 1-3": [[1, 2, 3, 4, 5, 6]],
    "5,4,3": [[3, 4, 5]],
    "1-4x9": [[1]],
}


@pytest.mark.parametrize("text", LISTS)
def test_a_list_is_these_frames(text: str) -> None:
    assert [list(each.numbers()) for each in parse_frame_list(text)] == LISTS[text]


@pytest.mark.parametrize("text", ["", "a", "1-", "4-1", "1,1", "1-4,3", "1-9x0", "1-5x2,2", "0-999999999"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(SequenceError):
        parse_frame_list(text)


@given(some.sets(some.integers(-200, 200), min_size=1, max_size=40))
def test_frames_that_are_listed_are_read_back(numbers: set[int]) -> None:
    ranges = parse_frame_list(listed_frames(numbers))
    assert [number for each in ranges for number in each.numbers()] == sorted(numbers)
