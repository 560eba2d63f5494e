"""Errors are one line, whatever a file is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from compositor.errors import WeightsError
from video.errors import FileError, FrameError, SequenceError


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\x1e", "\x85", "\u2028"])
def test_a_name_with_a_line_separator_makes_no_second_line(separator: str) -> None:
    errors = [
        FileError(Path(f"a{separator}b.png"), "does not exist"),
        FrameError(3, f"a{separator}b.png is no picture"),
        SequenceError(f"a{separator}b holds no frames"),
        WeightsError(f"a{separator}b.pth: no file"),
    ]
    for error in errors:
        assert len(str(error).splitlines()) == 1
        assert "a b" in str(error)
