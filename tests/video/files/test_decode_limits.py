"""What a header promises is measured against the file, before anything is decoded."""

from __future__ import annotations

from pathlib import Path

import pytest

from video.errors import FileError
from video.files.decode_limits import MAX_PIXELS, check_decode_limits


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.png"
    path.write_bytes(bytes(1000))
    return path


def test_small_pictures_are_decoded_whatever_their_file_holds(small: Path) -> None:
    check_decode_limits(small, 8000 * 8000, 2**26)


@pytest.mark.parametrize(
    ("pixels", "decoded", "expansion"),
    [(MAX_PIXELS + 1, 1, 2000), (MAX_PIXELS, 2**26 + 1, 2000), (MAX_PIXELS, 2**26 + 1, 8)],
)
def test_a_promise_that_no_file_of_this_size_keeps_is_refused(
    small: Path, pixels: int, decoded: int, expansion: int
) -> None:
    with pytest.raises(FileError) as caught:
        check_decode_limits(small, pixels, decoded, expansion)
    assert caught.value.path == small
