"""Finds the render passes of a sequence's frames: one multilayer EXR for each."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from video.errors import FileError, SequenceError
from video.frames.numbered_files import hashes, is_placeholder, listed, matching_files, only_pattern
from video.frames.sequence import SourceFrame
from video.images.exr import display_size


@dataclass(frozen=True)
class PassesSequence:
    """The frames of a sequence, each with the file of its passes."""

    frames: Iterable[SourceFrame]
    files: Mapping[int, Path]

    def __iter__(self) -> Iterator[SourceFrame]:
        for frame in self.frames:
            yield replace(frame, passes=self.files[frame.number])


def open_passes(source: Path, numbers: Collection[int]) -> dict[int, Path]:
    """The multilayer EXR of each frame, from a folder or a pattern as `passes_####.exr`.

    Raises:
        SequenceError: nothing there, or the passes of a frame are missing.
    """
    is_folder = os.path.isdir(source)  # noqa: PTH112
    pattern = only_pattern(source, frozenset({".exr"})) if is_folder else hashes(source)
    files = matching_files(pattern)
    missing = [number for number in numbers if number not in files or is_placeholder(files[number])]
    if missing:
        raise SequenceError(f"the passes {pattern} are missing for {listed(missing)}")
    return {number: files[number] for number in numbers}


def check_passes(files: Mapping[int, Path], size: tuple[int, int]) -> None:
    """Checks the headers of passes; raises FileError for one that is no EXR of this (width, height)."""
    for path in files.values():
        found = display_size(path)
        if found != size:
            raise FileError(
                path,
                f"is {found[0]}×{found[1]} px but the frames are {size[0]}×{size[1]} px; render both at one"
                " size",
            )
