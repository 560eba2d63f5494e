"""JSON files under whose name something else may lie: on the engine's side and on Blender's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blender_nst import json_files
from video.files import json_values

READERS = {"engine": json_values.read_json, "Blender": json_files.read_json}


@pytest.mark.parametrize("side", READERS)
def test_a_file_is_read(side: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [1, "\u00e9"]}', "utf-8")
    assert READERS[side](path) == {"a": [1, "\u00e9"]}
    (tmp_path / "link.json").symlink_to(path)
    assert READERS[side](tmp_path / "link.json") == {"a": [1, "\u00e9"]}


PLANTS: dict[str, Callable[[Path], Any]] = {
    "pipe": lambda path: os.mkfifo(path, 0o600),
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "folder": lambda path: path.mkdir(),
    "sparse": lambda path: (path.touch(), os.truncate(path, 1 << 40)),
    "broken": lambda path: path.write_text("{"),
}


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("side", READERS)
@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of POSIX")
def test_what_is_no_file_is_refused_at_once(side: str, plant: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    PLANTS[plant](path)
    with pytest.raises(ValueError):  # noqa: PT011 - what is in it is told by the callers
        READERS[side](path)
