"""The render passes of a sequence's frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.video.made_files.exr_files import write_exr
from video.errors import FileError, SequenceError
from video.frames.passes_sequence import PassesSequence, check_passes, open_passes
from video.frames.sequence import SourceFrame


def test_passes_are_found_for_every_frame(tmp_path: Path) -> None:
    (tmp_path / "passes").mkdir()
    for number in (1, 2, 4):
        (tmp_path / "passes" / f"passes_{number:04}.exr").write_bytes(b"passes")
    (tmp_path / "passes" / "passes_0003.exr").touch()
    found = open_passes(tmp_path / "passes", [1, 4])
    assert [path.name for path in found.values()] == ["passes_0001.exr", "passes_0004.exr"]
    assert open_passes(tmp_path / "passes/passes_####.exr", [1, 4]) == found
    frames = PassesSequence([SourceFrame(4, np.zeros((16, 20, 3), np.float32))], found)
    assert [frame.passes for frame in frames] == [found[4]]
    with pytest.raises(SequenceError, match="missing for frame 3"):
        open_passes(tmp_path / "passes", [1, 3])


def test_passes_of_another_size_are_named(tmp_path: Path) -> None:
    files = {}
    for number, side in ((1, 20), (2, 20), (3, 24)):
        files[number] = tmp_path / f"passes_{number:04}.exr"
        write_exr(files[number], {"ViewLayer.Depth.Z": np.zeros((16, side), np.float32)})
    with pytest.raises(FileError, match=r"passes_0003\.exr: is 24×16 px but the frames are 20×16 px"):
        check_passes(files, (20, 16))
    del files[3]
    check_passes(files, (20, 16))
    files[1].write_bytes(files[1].read_bytes()[:100])
    with pytest.raises(FileError, match=r"passes_0001\.exr"):
        check_passes(files, (20, 16))
